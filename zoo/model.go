package zoo

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Model is a network that tells pictures of Classes classes apart. It is a value: parts may be replaced in a copy.
type Model struct {
	Stem     Stem
	Backbone Backbone
	Head     Head // nil where only features are wanted
	Classes  int  // 1 or more; of no account without a head
}

// Name is the names of the parts, which ByName reads: "cifar+resnet18+average".
func (m Model) Name() string {
	name := func(part interface{ Name() string }, missing bool) string {
		if missing {
			return "none"
		}
		return part.Name()
	}
	return fmt.Sprintf("%s+%s+%s", name(m.Stem, m.Stem == nil), name(m.Backbone, m.Backbone == nil), name(m.Head, m.Head == nil))
}

// Check says why the model cannot take pictures of h by w pixels with c channels, naming the part that does not fit; nil
// if it can.
func (m Model) Check(h, w, c int) error {
	if m.Head == nil {
		return fmt.Errorf("zoo: %s: a model needs a head to tell classes apart; there are %s", m.Name(), list(Heads()))
	}
	if m.Classes < 1 {
		return fmt.Errorf("zoo: %s: Classes is %d, want 1 or more", m.Name(), m.Classes)
	}
	stages, err := m.Shapes(h, w, c)
	if err != nil {
		return err
	}
	if err := m.Head.Check(stages[len(stages)-1]); err != nil {
		return fmt.Errorf("zoo: %s: head %s: pictures of %dx%dx%d: %w", m.Name(), m.Head.Name(), h, w, c, err)
	}
	return nil
}

// Shapes are what the stem and each of the backbone's stages hand over, for pictures of h by w pixels with c channels; or why
// they cannot take these. It does not look at the head.
func (m Model) Shapes(h, w, c int) ([]Shape, error) {
	in := Shape{H: h, W: w, C: c, Stride: 1}
	fail := func(part string, err error) error {
		return fmt.Errorf("zoo: %s: %s: pictures of %dx%dx%d: %w", m.Name(), part, in.H, in.W, in.C, err)
	}
	if m.Stem == nil || m.Backbone == nil {
		return nil, fmt.Errorf("zoo: %s: a model needs a stem and a backbone", m.Name())
	}
	if in.H < 1 || in.W < 1 || in.C < 1 {
		return nil, fail("input", errors.New("want at least one pixel and one channel"))
	}
	stem, err := m.Stem.Out(in, m.Backbone.Width())
	if err != nil {
		return nil, fail("stem "+m.Stem.Name(), err)
	}
	stages, err := m.Backbone.Out(stem)
	if err != nil {
		return nil, fail("backbone "+m.Backbone.Name(), err)
	}
	if len(stages) > 30 { // the stride is a power of 2
		return nil, fail("backbone "+m.Backbone.Name(), fmt.Errorf("it has %d stages, want 30 or fewer", len(stages)))
	}
	for i, s := range append([]Shape{stem}, stages...) {
		if s.H < 1 || s.W < 1 {
			return nil, fail(m.partOf(i), errors.New("they are too small: a window does not fit into what is left of them"))
		}
	}
	last := stages[len(stages)-1]
	if min(in.H, in.W) < last.Stride {
		return nil, fail("backbone "+m.Backbone.Name(), fmt.Errorf("they are smaller than the network's stride of %d pixels; "+
			"take a stem that halves less often, or fewer stages", last.Stride))
	}
	return append([]Shape{stem}, stages...), nil
}

// partOf is the part that hands over shape i of Shapes.
func (m Model) partOf(i int) string {
	if i == 0 {
		return "stem " + m.Stem.Name()
	}
	return "backbone " + m.Backbone.Name()
}

// stem is the stem as it is built, which a backbone may want otherwise than it is by itself.
func (m Model) stem() Stem {
	if b, ok := m.Backbone.(interface{ adapt(stem Stem) Stem }); ok {
		return b.adapt(m.Stem)
	}
	return m.Stem
}

// Forward builds logits [N Classes] of pictures x [N H W C] with variables of scope, the root of a store. It panics with
// what Check says.
func (m Model) Forward(scope *model.Scope, x *graph.Node) *graph.Node {
	if x.Rank() == 4 { // or else Features says so
		d := x.Shape().Dimensions
		if err := m.Check(d[1], d[2], d[3]); err != nil {
			panic(err)
		}
	}
	features := m.Features(scope, x)
	return m.Head.Build(scope, features[len(features)-1].X, m.Classes)
}

// Features builds what the stem and the backbone's stages hand over, in this order, and no head. It panics with what Shapes
// says.
func (m Model) Features(scope *model.Scope, x *graph.Node) []Feature {
	if x.Rank() != 4 {
		exceptions.Panicf("zoo: %s of %s: rank %d, want 4 [N H W C]", m.Name(), x.Shape(), x.Rank())
	}
	d := x.Shape().Dimensions
	if _, err := m.Shapes(d[1], d[2], d[3]); err != nil {
		panic(err)
	}
	x = m.stem().Build(scope, x, m.Backbone.Width())
	return append([]Feature{{"stem", x}}, m.Backbone.Build(scope, x)...)
}

// Taps builds the features of some of those names that Features gives, in the order of the names. What is behind the last of
// them is not computed, though its variables are made. It panics if there is no feature of a name.
func (m Model) Taps(scope *model.Scope, x *graph.Node, names []string) []*graph.Node {
	features := m.Features(scope, x)
	taps := make([]*graph.Node, len(names))
	for i, name := range names {
		k := slices.IndexFunc(features, func(f Feature) bool { return f.Name == name })
		if k < 0 {
			var known []string
			for _, f := range features {
				known = append(known, f.Name)
			}
			exceptions.Panicf("zoo: %s: %v", m.Name(), unknown("feature", name, known))
		}
		taps[i] = features[k].X
	}
	return taps
}

// whitener is a stem with weights that are made of pictures, as [WhitenStem].
type whitener interface {
	Whiten(store *model.Store, pictures *tensors.Tensor) error
}

// Prepare is what makes weights of a model of pictures [N H W C], as they come after normalisation, before training: the
// stem's method Whiten, nil if it has none. It wants the store to have the model's variables.
func (m Model) Prepare() func(store *model.Store, pictures *tensors.Tensor) error {
	if s, ok := m.Stem.(whitener); ok {
		return s.Whiten
	}
	return nil
}

// Groups are the layer groups for learning rates that differ by depth, the input's first: the backbone's, the stem being
// part of the first, and then the head, if there is one. Each is a list of prefixes of variables' paths. Of a model that
// Check refuses they are those of the parts that there are.
func (m Model) Groups() [][]string {
	var groups [][]string
	if m.Backbone != nil {
		groups = slices.Clone(m.Backbone.Groups())
	}
	if m.Stem != nil {
		paths := m.stem().Paths()
		if len(groups) == 0 && len(paths) > 0 {
			groups = [][]string{nil}
		}
		if len(groups) > 0 {
			groups[0] = slices.Concat(paths, groups[0])
		}
	}
	if m.Head == nil {
		return groups
	}
	return append(groups, m.Head.Paths())
}
