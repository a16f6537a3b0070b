package recipe

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/atelier-go/atelier/schedule"
)

// decoder fills structs from a tree by their json tags and collects all that is wrong.
type decoder struct {
	file     string
	dir      string   // that paths are relative to
	data     string   // another one for what is not there
	settings []string // that lines below 0 stand for, as messages call them
	lines    map[string]int
	problems []problem
}

type problem struct {
	line int
	text string
}

func (d *decoder) wrong(line int, format string, args ...any) {
	d.problems = append(d.problems, problem{line, fmt.Sprintf(format, args...)})
}

// err is all problems in the order of their lines, those of settings last.
func (d *decoder) err() error {
	slices.SortStableFunc(d.problems, func(a, b problem) int {
		if a.line < 0 || b.line < 0 {
			return cmp.Compare(b.line, a.line)
		}
		return cmp.Compare(a.line, b.line)
	})
	var errs []error
	for _, p := range d.problems {
		errs = append(errs, errors.New(d.at(p.line)+": "+p.text))
	}
	return errors.Join(errs...)
}

// at names a line: of the file, or of a setting.
func (d *decoder) at(line int) string {
	switch {
	case line < 0:
		return d.settings[-1-line]
	case line == 0:
		return d.file
	default:
		return d.file + ":" + strconv.Itoa(line)
	}
}

// checker is a value that can tell what is wrong with it.
type checker interface{ Check() error }

// unmarshaler is a type with a form of its own.
type unmarshaler interface {
	decode(d *decoder, n *yaml.Node, path string)
}

var textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()

// value fills v. path says where it is, for messages and for lines.
func (d *decoder) value(n *yaml.Node, v reflect.Value, path string) {
	d.lines[path] = n.Line
	before := len(d.problems)
	switch {
	case n.Tag == "!!null":
		d.wrong(n.Line, "%s has no value", path)
	case v.Type() == reflect.TypeFor[schedule.Spec]():
		d.schedule(n, v.Addr().Interface().(*schedule.Spec), path)
	case v.CanAddr() && v.Addr().Type().Implements(reflect.TypeFor[unmarshaler]()):
		v.Addr().Interface().(unmarshaler).decode(d, n, path)
	case v.CanAddr() && v.Addr().Type().Implements(textUnmarshaler):
		d.text(n, v, path)
	default:
		d.kind(n, v, path)
	}
	if c, ok := v.Interface().(checker); ok && len(d.problems) == before && v.Kind() == reflect.Struct {
		d.check(n.Line, c, path)
	}
}

// check reports what a value says is wrong with it.
func (d *decoder) check(line int, c checker, path string) {
	if err := c.Check(); err != nil {
		for text := range strings.Lines(err.Error()) {
			d.wrong(line, "%s: %s", path, strings.TrimSpace(text))
		}
	}
}

func (d *decoder) kind(n *yaml.Node, v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		d.value(n, p.Elem(), path)
		v.Set(p)
	case reflect.Struct:
		d.fields(n, v, path)
	case reflect.Map:
		d.table(n, v, path)
	case reflect.Slice, reflect.Array:
		d.list(n, v, path)
	default:
		d.scalar(n, v, path)
	}
}

// fields fills a struct.
func (d *decoder) fields(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.wrong(n.Line, "%s: want a mapping of %s, got %s", orFile(path), strings.Join(fieldNames(v.Type()), ", "), describe(n))
		return
	}
	fields := fieldsOf(v.Type())
	d.pairs(n, func(key, value *yaml.Node) {
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == key.Value })
		if i < 0 {
			where := ""
			if path != "" {
				where = " in " + path
			}
			d.wrong(key.Line, "unknown field %q%s%s", key.Value, where, suggest(key.Value, fieldNames(v.Type())))
			return
		}
		d.value(value, v.FieldByIndex(fields[i].index), join(path, key.Value))
	})
}

// pairs calls do for each field of a mapping, the first of those with the same name.
func (d *decoder) pairs(n *yaml.Node, do func(key, value *yaml.Node)) {
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			d.wrong(key.Line, "a field's name is %s: want a word", describe(key))
			continue
		}
		if line, there := first[key.Value]; there {
			d.wrong(key.Line, "field %q is there twice, first in line %d", key.Value, line)
			continue
		}
		first[key.Value] = key.Line
		do(key, value)
	}
}

// field is a field that has a name in recipes.
type field struct {
	name  string
	index []int
}

// fieldsOf are a struct's fields with names, those of embedded structs among them.
func fieldsOf(t reflect.Type) []field {
	var all []field
	for f := range t.Fields() {
		switch name := f.Tag.Get("json"); {
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			for _, inner := range fieldsOf(f.Type) {
				all = append(all, field{inner.name, append(append([]int{}, f.Index...), inner.index...)})
			}
		case name != "" && name != "-":
			all = append(all, field{name, f.Index})
		}
	}
	return all
}

func fieldNames(t reflect.Type) []string {
	var names []string
	for _, f := range fieldsOf(t) {
		names = append(names, f.name)
	}
	return names
}

func (d *decoder) table(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.wrong(n.Line, "%s: want a mapping of names, got %s", path, describe(n))
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	d.pairs(n, func(key, value *yaml.Node) {
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(value, item, join(path, key.Value))
		v.SetMapIndex(reflect.ValueOf(key.Value), item)
	})
}

// list fills a slice, for which one value may stand for a list of one, or an array.
func (d *decoder) list(n *yaml.Node, v reflect.Value, path string) {
	items := n.Content
	if n.Kind != yaml.SequenceNode {
		if e := v.Type().Elem().Kind(); v.Kind() == reflect.Array || n.Kind != yaml.ScalarNode || e == reflect.Struct {
			d.wrong(n.Line, "%s: want a list, got %s", path, describe(n))
			return
		}
		items = []*yaml.Node{n}
	}
	if v.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
	} else if len(items) != v.Len() {
		d.wrong(n.Line, "%s: want a list of %d, got %d", path, v.Len(), len(items))
		return
	}
	for i, item := range items {
		d.value(item, v.Index(i), join(path, strconv.Itoa(i)))
	}
}

// text fills a type that reads itself from text.
func (d *decoder) text(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.ScalarNode {
		d.wrong(n.Line, "%s: want a word, got %s", path, describe(n))
		return
	}
	if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(n.Value)); err != nil {
		d.wrong(n.Line, "%s: %v", path, err)
	}
}

// scalar fills numbers, words and truth values.
func (d *decoder) scalar(n *yaml.Node, v reflect.Value, path string) {
	want, ok := "", n.Kind == yaml.ScalarNode
	switch v.Kind() {
	case reflect.Bool:
		want, ok = "true or false", ok && n.Tag == "!!bool"
	case reflect.String:
		want, ok = "a word", ok && n.Tag == "!!str"
	case reflect.Float64:
		want, ok = "a number", ok && (n.Tag == "!!float" || n.Tag == "!!int")
	case reflect.Int, reflect.Uint64:
		want, ok = "a whole number", ok && (n.Tag == "!!int" || isWhole(n))
		if v.Kind() == reflect.Uint64 {
			want += " that is not negative"
		}
	default:
		panic(fmt.Sprintf("recipe: %s is of type %v, which has no form", path, v.Type()))
	}
	if ok {
		ok = n.Decode(v.Addr().Interface()) == nil
	}
	if !ok {
		d.wrong(n.Line, "%s: want %s, got %s", path, want, describe(n))
	}
}

// isWhole tells whether a number such as 5e4 is whole.
func isWhole(n *yaml.Node) bool {
	f, err := strconv.ParseFloat(n.Value, 64)
	return n.Tag == "!!float" && err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53
}

func join(path, step string) string {
	if path == "" {
		return step
	}
	return path + "." + step
}

func orFile(path string) string {
	if path == "" {
		return "the recipe"
	}
	return path
}

// Path is the path of a file or folder, relative to the recipe's folder, or to Options.Data where only that has it.
type Path string

// find is a relative path from where it is meant.
func (d *decoder) find(path string) string {
	here := filepath.Join(d.dir, path)
	if d.data == "" {
		return here
	}
	if _, err := os.Stat(here); err == nil {
		return here
	}
	there, err := filepath.Abs(filepath.Join(d.data, path))
	if err != nil {
		return here
	}
	if _, err := os.Stat(there); err != nil {
		return here
	}
	return there
}

// LabelFile is the path of a label file: beside the recipe, or else inside of the folder or archive that it is of.
type LabelFile string

func (l *LabelFile) decode(d *decoder, n *yaml.Node, path string) {
	d.scalar(n, reflect.ValueOf((*string)(l)).Elem(), path)
	if s := string(*l); s != "" && !filepath.IsAbs(s) {
		if beside := d.find(s); isFile(beside) {
			*l = LabelFile(beside)
			n.Value = beside // as of Path
		}
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func (p *Path) decode(d *decoder, n *yaml.Node, path string) {
	d.scalar(n, reflect.ValueOf((*string)(p)).Elem(), path)
	if s := string(*p); s != "" && !filepath.IsAbs(s) {
		*p = Path(d.find(s))
	}
	if *p != "" {
		n.Value = string(*p) // what is written beside results has to hold from anywhere
	}
}
