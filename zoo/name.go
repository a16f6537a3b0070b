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
// their own: "cifar-32". Backbones can be described by their numbers too:
//
//	resnet-16x1-32x2-64x2           width and blocks of each stage; bottleneck-, preact-, preact-bottleneck- likewise
//	resnet50-zero                   blocks that begin as the identity, ResNet.ZeroLast; also resnet-16x1-zero, bottleneck-16x1-zero
//	wrn-28-10                       layers and factor
//	densenet-12-6x6x6               growth and the layers of each block
//	vgg19-3, vgg16_bn-2             the first blocks of a network
//	darknet-16-1x2x4                channels of the stem and blocks of each stage; with -halve every stage halves the size
//	inception-resnet-50-5x10x5      percent of the channels and blocks of each kind; with -valid as published, for large pictures
//	resnet9-32, airbench94-32       channels of the stem, of the first stage; airbench95-, airbench96- likewise
//	shallow-16-32                   width of each stage
//
// Heads have a number too: "fastai-256" of features, "linear-3" of windows each way, "scaled-9" to divide by. Those with
// dropout take its rate in percent: "fastai-256-d20" drops out a fifth, "conv-d0" nothing.
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
		return m.addBackbone(word, last)
	}
	return m.addHead(word, last)
}

func (m *Model) addBackbone(word string, last bool) error {
	b, err := backboneByName(word)
	switch {
	case b == nil && isPublished(joined(word)):
		return unknown("backbone", word, []string{joined(word)})
	case b != nil || err != nil:
		m.Backbone = b
		return err
	}
	if h, _ := headByName(word); last && (h != nil || word == noHead) {
		if m.Stem != nil && isPublished(joined(m.Stem.Name())) {
			return fmt.Errorf("%q is a stem, and there is no backbone behind it; did you mean %q?", m.Stem.Name(), joined(m.Stem.Name()))
		}
		return fmt.Errorf("there is no backbone before the head %q; there are %s", word, list(Backbones()))
	}
	if err := m.misplaced(word); err != nil {
		return err
	}
	if m.Stem == nil && !last {
		return unknown("part", word, slices.Concat(Stems(), Backbones()))
	}
	return unknown("backbone", word, Backbones())
}

func (m *Model) addHead(word string, last bool) error {
	if word == noHead {
		if m.Head != nil || !last {
			return fmt.Errorf("%q is no head, and there is another: it stands alone behind the backbone, as in resnet18+%s", word, word)
		}
		return nil
	}
	h, err := headByName(word)
	switch {
	case err != nil:
		return err
	case h != nil && m.Head != nil:
		return fmt.Errorf("%q is a second head", word)
	case h != nil:
		m.Head = h
		return nil
	}
	if err := m.misplaced(word); err != nil {
		return err
	}
	return unknown("head", word, append(Heads(), noHead))
}

// misplaced says what a part is whose name stands where a part of another kind is wanted, nil if there is no such part.
func (m *Model) misplaced(word string) error {
	if s, _ := stemByName(word); s != nil {
		if m.Stem != nil && m.Backbone == nil {
			return fmt.Errorf("%q is a second stem", word)
		}
		return fmt.Errorf("%q is a stem: stems come first, as in %s+resnet18", word, word)
	}
	if b, _ := backboneByName(word); b != nil {
		return fmt.Errorf("%q is a second backbone", word)
	}
	if h, _ := headByName(word); h != nil {
		return fmt.Errorf("%q is a head: heads come last, as in resnet18+%s", word, word)
	}
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
