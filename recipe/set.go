package recipe

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// set changes a tree as a setting says: "phases.0.lr=0.01", a path of fields and numbers of list entries, from 0, and a
// value in YAML. Fields that are not there are made, for the decoder to judge; null takes a field away. Nodes of setting i,
// from 0, are in line -1-i.
func set(root *yaml.Node, setting string, i int) error {
	path, text, found := strings.Cut(setting, "=")
	if !found || path == "" {
		return fmt.Errorf("--set %s: want a path and a value, as in phases.0.lr=0.01", setting)
	}
	value, err := parse("--set "+path, []byte(text))
	if err != nil {
		return err
	}
	if strings.TrimSpace(text) == "" {
		return fmt.Errorf("--set %s: there is no value", setting)
	}
	renumber(value, -1-i)
	at := root
	steps := strings.Split(path, ".")
	if steps[0] == "phase" {
		steps[0] = "phases"
	}
	if word := strings.TrimSpace(text); word == "null" || word == "~" {
		return remove(root, path, steps)
	}
	for k, step := range steps {
		last := k == len(steps)-1
		child, err := entry(at, step, -1-i)
		if err != nil {
			return fmt.Errorf("--set %s: %s%w", path, named(steps[:k]), err)
		}
		switch {
		case last:
			*child = *value
		case child.Kind == yaml.ScalarNode || child.Kind == 0:
			// A short form gives way to the long one: "optimizer: sgd" to "optimizer: {sgd: ...}".
			*child = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: -1 - i}
		}
		at = child
	}
	return nil
}

// remove takes a field away, which has to be there.
func remove(root *yaml.Node, path string, steps []string) error {
	at := root
	for k, step := range steps {
		i := -1
		if at.Kind == yaml.MappingNode {
			i = find(at, step)
		} else if n, err := strconv.Atoi(step); at.Kind == yaml.SequenceNode && err == nil && n >= 0 && n < len(at.Content) && k < len(steps)-1 {
			i = n
		}
		switch {
		case i < 0:
			return fmt.Errorf("--set %s=null: there is no field %s to take away", path, strings.Join(steps[:k+1], "."))
		case k == len(steps)-1:
			at.Content = append(at.Content[:i-1], at.Content[i+1:]...)
		default:
			at = at.Content[i]
		}
	}
	return nil
}

func named(steps []string) string {
	if len(steps) == 0 {
		return ""
	}
	return strings.Join(steps, ".") + " "
}

// entry is what a step of a path leads to; a field that a mapping does not have is made.
func entry(n *yaml.Node, step string, line int) (*yaml.Node, error) {
	if n.Kind == yaml.SequenceNode {
		i, err := strconv.Atoi(step)
		if err != nil {
			return nil, fmt.Errorf("is a list: want the number of an entry, got %q", step)
		}
		if i < 0 || i >= len(n.Content) {
			return nil, fmt.Errorf("has %d entries: there is no %d, they count from 0", len(n.Content), i)
		}
		return n.Content[i], nil
	}
	if i := find(n, step); i >= 0 {
		return n.Content[i], nil
	}
	key, value := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: step, Line: line}, &yaml.Node{Line: line}
	n.Content = append(n.Content, key, value)
	return value, nil
}

func renumber(n *yaml.Node, line int) {
	n.Line = line
	for _, c := range n.Content {
		renumber(c, line)
	}
}
