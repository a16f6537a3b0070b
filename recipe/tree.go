package recipe

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxNodes is how large a file may be once its aliases are written out; some files expand without end.
const maxNodes = 100_000

// parse reads a file's only document, with aliases and merge keys written out. An empty file is an empty mapping.
func parse(file string, text []byte) (*yaml.Node, error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	var document, another yaml.Node
	switch err := d.Decode(&document); {
	case errors.Is(err, io.EOF):
		return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: 1}, nil
	case err != nil:
		return nil, syntaxError(file, err)
	}
	if err := d.Decode(&another); err == nil {
		return nil, fmt.Errorf("%s:%d: a second document: want one", file, another.Line)
	} else if !errors.Is(err, io.EOF) {
		return nil, syntaxError(file, err)
	}
	e := expander{file: file}
	root := e.expand(document.Content[0], 0)
	if e.err != nil {
		return nil, e.err
	}
	if root.Tag == "!!null" {
		return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: 1}, nil
	}
	return root, nil
}

var yamlLine = regexp.MustCompile(`^yaml: line (\d+): `)

// syntaxError puts the line where all errors have it.
func syntaxError(file string, err error) error {
	text := err.Error()
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		return fmt.Errorf("%s:%s: %s", file, m[1], strings.TrimPrefix(text, m[0]))
	}
	return fmt.Errorf("%s: %s", file, strings.TrimPrefix(text, "yaml: "))
}

// expander copies a tree without aliases and merge keys.
type expander struct {
	file  string
	nodes int
	err   error
}

func (e *expander) fail(n *yaml.Node, format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf("%s:%d: %s", e.file, n.Line, fmt.Sprintf(format, args...))
	}
}

func (e *expander) expand(n *yaml.Node, depth int) *yaml.Node {
	if e.nodes++; e.nodes > maxNodes || depth > 100 {
		e.fail(n, "the file is too large or nested too deeply, with its aliases written out")
	}
	if e.err != nil {
		return n
	}
	if n.Kind == yaml.AliasNode {
		return e.expand(n.Alias, depth+1)
	}
	c := &yaml.Node{
		Kind: n.Kind, Tag: n.ShortTag(), Value: n.Value, Style: n.Style, Line: n.Line, Column: n.Column,
		HeadComment: n.HeadComment, LineComment: n.LineComment, FootComment: n.FootComment,
	}
	if n.Kind != yaml.MappingNode {
		for _, item := range n.Content {
			c.Content = append(c.Content, e.expand(item, depth+1))
		}
		return c
	}
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], e.expand(n.Content[i+1], depth+1)
		if key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge" {
			merges = append(merges, value)
			continue
		}
		c.Content = append(c.Content, e.expand(key, depth+1), value)
	}
	for _, m := range merges {
		e.merge(c, m)
	}
	return c
}

// merge adds what a mapping lacks from another, or from a list of others.
func (e *expander) merge(into, from *yaml.Node) {
	switch from.Kind {
	case yaml.SequenceNode:
		for _, item := range from.Content {
			e.merge(into, item)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(from.Content); i += 2 {
			if find(into, from.Content[i].Value) < 0 {
				into.Content = append(into.Content, from.Content[i], from.Content[i+1])
			}
		}
	default:
		e.fail(from, "<< wants a mapping, got %s", describe(from))
	}
}

// find is the index of a key's value in a mapping's content, or -1.
func find(mapping *yaml.Node, key string) int {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return i + 1
		}
	}
	return -1
}

// describe says what a node is, for messages.
func describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "nothing"
	case n.Tag == "!!str":
		return strconv.Quote(n.Value)
	default:
		return n.Value
	}
}
