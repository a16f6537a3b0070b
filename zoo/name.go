package zoo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/atelier-go/atelier/nearest"
)

// ByName makes a model of the names of its parts, joined by "+": STEM+BACKBONE+HEAD. Without a stem or a head the model
// gets those that the backbone was published with: "resnet18" is the network of torchvision. With the head "none" it has
// none, and is good for features.
//
// [Stems], [Backbones] and [Heads] are the names. Stems have as many channels as the backbone would like, or a number of
// their own: "cifar-32". Backbones can be described by their numbers too: "resnet-16x1-32x2-64x2" is the width and the
// blocks of each stage, "bottleneck-", "preact-" and "preact-bottleneck-" the same of other blocks, "wrn-28-10" layers and
// factor, "densenet-12-6x6x6" growth and the layers of each block, "vgg19-3" the first blocks of a network. Heads with dropout
// take its rate in percent: "fastai-256-d20" has 256 features and drops out a fifth, "conv-d0" nothing.
func ByName(name string, classes int) (Model, error) {
	m := Model{Classes: classes}
	if classes < 1 {
		return m, fmt.Errorf("zoo: model %q: %d classes, want 1 or more", name, classes)
	}
	words := strings.Split(name, "+")
	if len(words) > 3 {
		return m, fmt.Errorf("zoo: model %q has %d parts, want STEM+BACKBONE+HEAD, or fewer", name, len(words))
	}
	if n := tooLarge(name); n != "" {
		return m, fmt.Errorf("zoo: model %q: %s is too large: numbers in names go up to %d", name, n, largest)
	}
	for i, word := range words {
		if err := m.add(word, i == len(words)-1); err != nil {
			return m, fmt.Errorf("zoo: model %q: %w", name, err)
		}
	}
	if m.Backbone == nil {
		return m, fmt.Errorf("zoo: model %q has no backbone; there are %s", name, list(Backbones()))
	}
	stem, head := m.Backbone.Usual()
	if m.Stem == nil {
		m.Stem = stem
	}
	if m.Head == nil && words[len(words)-1] != noHead {
		m.Head = head
	}
	return m, nil
}

// largest is what a number in a name can be, so that a mistyped depth does not make a graph that fills the memory.
const largest = 9999

// tooLarge is the first number in a name that is, or "".
func tooLarge(name string) string {
	for _, digits := range strings.FieldsFunc(name, func(r rune) bool { return (r < '0' || r > '9') && r != '.' }) {
		whole, _, _ := strings.Cut(digits, ".")
		if n, err := strconv.Atoi(whole); whole != "" && (err != nil || n > largest) {
			return whole
		}
	}
	return ""
}

// noHead is the name of a head that is left out.
const noHead = "none"

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
		case b == nil && isPublished(joined(word)):
			return unknown("backbone", word, []string{joined(word)})
		case b != nil || err != nil:
			m.Backbone = b
			return err
		case m.Stem == nil && !last:
			return unknown("part", word, slices.Concat(Stems(), Backbones()))
		default:
			h, err := headByName(word)
			if h == nil || err != nil {
				return unknown("backbone", word, Backbones())
			}
			if m.Stem != nil && isPublished(joined(m.Stem.Name())) {
				return fmt.Errorf("%q is a stem, and there is no backbone behind it; did you mean %q?", m.Stem.Name(), joined(m.Stem.Name()))
			}
			return fmt.Errorf("there is no backbone before the head %q; there are %s", word, list(Backbones()))
		}
	}
	if word == noHead && m.Head == nil && last {
		return nil
	}
	h, err := headByName(word)
	if err != nil {
		return err
	}
	if h == nil {
		return unknown("head", word, append(Heads(), noHead))
	}
	if m.Head != nil {
		return fmt.Errorf("%q is a second head", word)
	}
	m.Head = h
	return nil
}

// Stems are the names of the stems.
func Stems() []string {
	var names []string
	for _, s := range stems {
		names = append(names, s.name)
	}
	return names
}

// Backbones are the names of the backbones that have one of their own.
func Backbones() []string {
	var names []string
	for _, b := range published() {
		names = append(names, b.Name())
	}
	return names
}

// Heads are the names of the heads.
func Heads() []string {
	var names []string
	for _, h := range heads {
		names = append(names, h.name)
	}
	return names
}

// isPublished tells whether a backbone has the name.
func isPublished(name string) bool { return slices.Contains(Backbones(), name) }

// joined is a word without its hyphens: networks of papers are often written with them, "ResNet-50".
func joined(word string) string { return strings.ReplaceAll(strings.ToLower(word), "-", "") }

func list(names []string) string { return strings.Join(names, ", ") }

// unknown is the error of a name that there is not, with the nearest that there is, or all of them.
func unknown(what, name string, known []string) error {
	best, distance := "", len(name)/2+1
	for _, k := range known {
		if d := nearest.Distance(strings.ToLower(name), k); d < distance {
			best, distance = k, d
		}
	}
	if best != "" {
		return fmt.Errorf("unknown %s %q; did you mean %q?", what, name, best)
	}
	return fmt.Errorf("unknown %s %q; there are %s", what, name, list(known))
}
