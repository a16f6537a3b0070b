package zoo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ByName makes a model of the names of its parts, joined by "+": STEM+BACKBONE+HEAD. Without a stem the model gets the
// one that the backbone was published with, without a head "average": "resnet18" is the network of torchvision.
//
// Stems are "cifar" and "resnet", backbones "resnet18", "resnet34" and ones described by width and number of blocks of
// their stages, as "resnet-16x1-32x2-64x2"; heads "average", "max" and "concat". Stems have as many channels as the
// backbone would like, or a number of their own: "cifar-32".
func ByName(name string, classes int) (Model, error) {
	m := Model{Classes: classes}
	if classes < 1 {
		return m, fmt.Errorf("zoo: model %q: %d classes, want 1 or more", name, classes)
	}
	words := strings.Split(name, "+")
	if len(words) > 3 {
		return m, fmt.Errorf("zoo: model %q has %d parts, want STEM+BACKBONE+HEAD, or fewer", name, len(words))
	}
	for i, word := range words {
		if err := m.add(word, i == len(words)-1); err != nil {
			return m, fmt.Errorf("zoo: model %q: %w", name, err)
		}
	}
	if m.Backbone == nil {
		return m, fmt.Errorf("zoo: model %q has no backbone; there are %s", name, list(Backbones()))
	}
	if m.Stem == nil {
		m.Stem = ResNetStem{}
	}
	if m.Head == nil {
		m.Head = PoolHead{}
	}
	return m, nil
}

// add puts in the part of that name, in the order stem, backbone, head. last tells that nothing follows.
func (m *Model) add(word string, last bool) error {
	if m.Stem == nil && m.Backbone == nil && !last {
		if s, err := stemByName(word); s != nil || err != nil {
			m.Stem = s
			return err
		}
	}
	if m.Backbone == nil {
		b, err := backboneByName(word)
		switch {
		case b != nil || err != nil:
			m.Backbone = b
			return err
		case m.Stem == nil && !last:
			return unknown("part", word, slices.Concat(Stems(), Backbones()))
		default:
			return unknown("backbone", word, Backbones())
		}
	}
	var h PoolHead
	if h.Pool.UnmarshalText([]byte(word)) != nil {
		return unknown("head", word, Heads())
	}
	if m.Head != nil {
		return fmt.Errorf("%q is a second head", word)
	}
	m.Head = h
	return nil
}

// stemByName is nil if there is no such stem.
func stemByName(word string) (Stem, error) {
	kind, number, own := strings.Cut(word, "-")
	n := 0
	if !slices.Contains(Stems(), kind) || kind == "resnet" && strings.Contains(number, "x") {
		return nil, nil // the second is a backbone
	}
	if own {
		var err error
		if n, err = positive(number); err != nil {
			return nil, fmt.Errorf("stem %q: %w", word, err)
		}
	}
	if kind == "cifar" {
		return CIFARStem{Channels: n}, nil
	}
	return ResNetStem{Channels: n}, nil
}

// backboneByName is nil if there is no such backbone.
func backboneByName(word string) (Backbone, error) {
	for _, r := range resNets {
		if r.name == word {
			return r.ResNet, nil
		}
	}
	kind, stages, ok := strings.Cut(word, "-")
	if !ok || kind != "resnet" {
		return nil, nil
	}
	var r ResNet
	for _, stage := range strings.Split(stages, "-") {
		w, d, ok := strings.Cut(stage, "x")
		width, err := positive(w)
		depth, err2 := positive(d)
		if !ok || err != nil || err2 != nil {
			return nil, fmt.Errorf("backbone %q: stage %q is not WIDTHxDEPTH, as in resnet-16x1-32x2", word, stage)
		}
		r.Widths, r.Depths = append(r.Widths, width), append(r.Depths, depth)
	}
	return r, nil
}

func positive(digits string) (int, error) {
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q is not a number of at least 1", digits)
	}
	return n, nil
}

// Stems are the names of the stems.
func Stems() []string { return []string{"cifar", "resnet"} }

// Backbones are the names of the backbones that have one of their own.
func Backbones() []string {
	var names []string
	for _, r := range resNets {
		names = append(names, r.name)
	}
	return names
}

// Heads are the names of the heads.
func Heads() []string { return slices.Clone(globalPools) }

func list(names []string) string { return strings.Join(names, ", ") }

// unknown is the error of a name that there is not, with the nearest that there is.
func unknown(what, name string, known []string) error {
	best, distance := "", len(name)/2+1
	for _, k := range known {
		if d := edits(name, k); d < distance {
			best, distance = k, d
		}
	}
	hint := ""
	if best != "" {
		hint = fmt.Sprintf("did you mean %q? ", best)
	}
	return fmt.Errorf("unknown %s %q; %sthere are %s", what, name, hint, list(known))
}

// edits is Levenshtein's distance: how many letters to insert, delete or replace to make b of a.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
