package recipe

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/schedule"
)

// schedule reads one schedule.
func (d *decoder) schedule(n *yaml.Node, s *schedule.Spec, path string) {
	if n.Kind == yaml.ScalarNode {
		var c schedule.Constant
		d.scalar(n, reflect.ValueOf(&c.Value).Elem(), path)
		s.Schedule = c
		d.check(n.Line, c, path)
		return
	}
	d.kinded(n, path, "a number or a schedule", schedule.Kinds(), func(kind string) any {
		v, _ := schedule.New(kind)
		return v
	}, func(v any) { *s = schedule.Of(v.(schedule.Schedule)) })
}

// Values is a hyper-parameter: one schedule for all layer groups, or a list of one for each.
type Values []schedule.Schedule

func (v *Values) decode(d *decoder, n *yaml.Node, path string) {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
		if len(items) == 0 {
			d.wrong(n.Line, "%s: the list is empty: want a schedule for each layer group", path)
		}
	}
	for i, item := range items {
		var s schedule.Spec
		at := path
		if n.Kind == yaml.SequenceNode {
			at = fmt.Sprintf("%s.%d", path, i)
		}
		d.schedule(item, &s, at)
		*v = append(*v, s.Schedule)
	}
}

// Optimizer is an optimizer by its name, with settings or without.
type Optimizer struct{ optim.Optimizer }

func (o *Optimizer) decode(d *decoder, n *yaml.Node, path string) {
	d.kinded(n, path, "an optimizer", optim.Kinds(), func(kind string) any {
		v, _ := optim.Named(kind)
		return v
	}, func(v any) { o.Optimizer = reflect.ValueOf(v).Elem().Interface().(optim.Optimizer) })
}

// Transform is a transform of pictures by its name, with settings or without.
type Transform struct{ data.Transform }

func (t *Transform) decode(d *decoder, n *yaml.Node, path string) {
	d.kinded(n, path, "a transform", data.Kinds(), func(kind string) any {
		v, _ := data.New(kind)
		return v
	}, func(v any) { t.Transform = reflect.ValueOf(v).Elem().Interface().(data.Transform) })
}

// kinded reads "kind" or "{kind: settings}": make is a pointer to the zero struct of a kind, done gets it filled.
func (d *decoder) kinded(n *yaml.Node, path, want string, kinds []string, make func(string) any, done func(any)) {
	key, settings := n, (*yaml.Node)(nil)
	switch {
	case n.Kind == yaml.MappingNode && len(n.Content) == 2:
		key, settings = n.Content[0], n.Content[1]
	case n.Kind != yaml.ScalarNode || n.Tag != "!!str":
		d.wrong(n.Line, "%s: want %s (%s), with its settings as in {kind: {...}}, got %s", path, want, strings.Join(kinds, ", "), describeSize(n))
		return
	}
	if !slices.Contains(kinds, key.Value) {
		d.wrong(key.Line, "%s: there is no %q%s", path, key.Value, suggest(key.Value, kinds))
		return
	}
	v := make(key.Value)
	before := len(d.problems)
	if settings != nil {
		d.fill(settings, reflect.ValueOf(v).Elem(), join(path, key.Value))
	}
	if len(d.problems) == before {
		d.check(n.Line, v.(checker), path)
		done(v)
	}
}

// fill reads the settings of a kind: by name, as a list in their order, or the first alone.
func (d *decoder) fill(n *yaml.Node, v reflect.Value, path string) {
	fields, names := fieldsOf(v.Type()), fieldNames(v.Type())
	isList := len(fields) == 1 && v.FieldByIndex(fields[0].index).Kind() == reflect.Slice
	switch {
	case n.Kind == yaml.MappingNode:
		d.fields(n, v, path)
	case n.Tag == "!!null":
		d.wrong(n.Line, "%s has no settings: want a mapping, or the name alone", path)
	case len(names) == 0:
		d.wrong(n.Line, "%s has no settings, got %s", path, describe(n))
	case n.Kind == yaml.SequenceNode && !isList:
		if len(n.Content) > len(names) {
			d.wrong(n.Line, "%s: a list of %d settings, there are %d: %s", path, len(n.Content), len(names), strings.Join(names, ", "))
			return
		}
		for i, item := range n.Content {
			d.value(item, v.FieldByIndex(fields[i].index), join(path, names[i]))
		}
	default:
		d.value(n, v.FieldByIndex(fields[0].index), join(path, names[0]))
	}
}

func describeSize(n *yaml.Node) string {
	if n.Kind == yaml.MappingNode {
		return fmt.Sprintf("a mapping of %d fields", len(n.Content)/2)
	}
	return describe(n)
}

// values is what learn wants.
func (v Values) values() learn.Values { return learn.Values(v) }

// Metric is a metric by its name: accuracy, top5 and the like, or worst_class, which also prints the confusion table.
type Metric string

func (m *Metric) decode(d *decoder, n *yaml.Node, path string) {
	d.scalar(n, reflect.ValueOf((*string)(m)).Elem(), path)
	if _, ok := m.metric(nil); !ok && *m != "" {
		d.wrong(n.Line, "%s: there is no %q%s", path, *m, suggest(string(*m), []string{"accuracy", "top5", "worst_class"}))
	}
}

func (m Metric) metric(classes []string) (learn.Metric, bool) {
	switch m {
	case "accuracy":
		return learn.Accuracy{}, true
	case "worst_class":
		return learn.Confusion{Classes: classes}, true
	}
	digits, ok := strings.CutPrefix(string(m), "top")
	k, err := strconv.Atoi(digits)
	return learn.TopK{K: k}, ok && err == nil && k > 0
}
