package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/atelier-go/atelier/audit"
	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/learn"
)

// The columns of an evaluation's rows beside those of groups.
const (
	trueColumn      = "class"
	predictedColumn = "predicted class"
)

// pictureGroups are the groups of pictures, from a CSV file.
type pictureGroups struct {
	file    string
	columns []string
	rows    map[string][]string // by the picture's name, or an end of it
}

// readPictureGroups reads a CSV file with a header, whose first column names pictures and whose others are groups.
func readPictureGroups(file string) (*pictureGroups, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s is empty", file)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(header) < 2 {
		return nil, fmt.Errorf("%s has one column, want the pictures' names and columns of groups", file)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	g := &pictureGroups{file: file, columns: header[1:], rows: map[string][]string{}}
	for i, name := range g.columns {
		if name == trueColumn || name == predictedColumn || slices.Contains(g.columns[:i], name) {
			return nil, fmt.Errorf("%s: column %d is called %q, which is taken", file, i+2, name)
		}
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return g, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if _, twice := g.rows[row[0]]; twice {
			line, _ := r.FieldPos(0)
			return nil, fmt.Errorf("%s: line %d: %s is there twice", file, line, row[0])
		}
		g.rows[row[0]] = row[1:]
	}
}

// of finds the groups of each picture. A row may name a picture by the end of its path, or a drawn one by its number; that
// of no picture, or of several, is an error, while pictures without a row are of unknown groups.
func (g *pictureGroups) of(d data.Dataset) ([][]string, error) {
	groups, used := make([][]string, d.Len()), map[string]string{}
	for i := range groups {
		groups[i] = make([]string, len(g.columns))
		name := d.Name(i)
		for _, key := range nameEnds(name) {
			row, ok := g.rows[key]
			if !ok {
				continue
			}
			if other, taken := used[key]; taken {
				return nil, fmt.Errorf("%s: %s may be %s or %s: name more of the path", g.file, key, other, name)
			}
			used[key], groups[i] = name, row
			break
		}
	}
	for key := range g.rows {
		if _, ok := used[key]; !ok {
			return nil, fmt.Errorf("%s: %d of %d rows are of no picture, such as %s; pictures are called as %s is", g.file,
				len(g.rows)-len(used), len(g.rows), g.example(used), d.Name(0))
		}
	}
	return groups, nil
}

// example is the first of the rows that were not used.
func (g *pictureGroups) example(used map[string]string) string {
	var left []string
	for key := range g.rows {
		if _, ok := used[key]; !ok {
			left = append(left, key)
		}
	}
	return slices.Min(left)
}

// nameEnds are a picture's name and the ends by which it may be called, the longest first.
func nameEnds(name string) []string {
	ends := []string{name}
	for rest := name; ; {
		_, after, ok := strings.Cut(rest, "/")
		if !ok {
			break
		}
		ends, rest = append(ends, after), after
	}
	if i := strings.LastIndex(name, "picture "); i >= 0 {
		ends = append(ends, name[i+len("picture "):])
	}
	return ends
}

// predictions is a metric that keeps the most likely class of each picture, in their order.
type predictions struct{}

func (predictions) Name() string             { return "predictions" }
func (predictions) Start() learn.Accumulator { return &predicted{} }

// predicted are labels and predictions; a prediction is -1 where a logit is not a number.
type predicted struct {
	Labels, Classes []int32
}

func (p *predicted) Add(logits []float32, classes int, labels []int32) {
	for i, label := range labels {
		p.Labels, p.Classes = append(p.Labels, label), append(p.Classes, mostLikely(logits[i*classes:(i+1)*classes]))
	}
}

// Value is how many pictures were seen.
func (p *predicted) Value() float64 { return float64(len(p.Labels)) }

func mostLikely(logits []float32) int32 {
	best := int32(0)
	for i, v := range logits {
		if v != v {
			return -1
		}
		if v > logits[best] {
			best = int32(i)
		}
	}
	return best
}

// audit audits what was predicted by groups of pictures.
func (g *pictureGroups) audit(d data.Dataset, p *predicted, name, positive string) (*audit.Audit, error) {
	groups, err := g.of(d)
	if err != nil {
		return nil, err
	}
	if len(p.Labels) != len(groups) {
		return nil, fmt.Errorf("%d of %d pictures were evaluated: --groups wants all of them", len(p.Labels), len(groups))
	}
	classes := d.Classes()
	for i, label := range p.Labels {
		if int(label) != d.Label(i) {
			return nil, fmt.Errorf("%s was not evaluated in its place: --groups wants the order of the dataset", d.Name(i))
		}
	}
	o := audit.Options{
		Header: append([]string{trueColumn, predictedColumn}, g.columns...), Rows: evaluated(classes, groups, p), Name: name,
		Label: trueColumn, Prediction: predictedColumn, Groups: g.columns, Seed: 1,
	}
	if positive == "" && len(classes) == 2 {
		positive = classes[1]
	}
	if positive != "" {
		if !slices.Contains(classes, positive) {
			return nil, usagef("eval: --positive %s: the classes are %s", positive, strings.Join(classes, ", "))
		}
		o.Positive = []string{positive}
	}
	return audit.Run(o)
}

// evaluated yields a row for each picture.
func evaluated(classes []string, groups [][]string, p *predicted) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		row := []string{}
		for i, label := range p.Labels {
			said := ""
			if p.Classes[i] >= 0 {
				said = classes[p.Classes[i]]
			}
			row = append(append(row[:0], classes[label], said), groups[i]...)
			if !yield(row) {
				return
			}
		}
	}
}
