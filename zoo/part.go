package zoo

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Shape is what a part takes or hands over: pictures of H by W places with C channels. Stride is how many pixels of the
// network's input, in each direction, there are for a place.
type Shape struct {
	H      int `json:"h"`
	W      int `json:"w"`
	C      int `json:"c"`
	Stride int `json:"stride"`
}

func (s Shape) String() string {
	return fmt.Sprintf("%dx%d with %d channels at stride %d", s.H, s.W, s.C, s.Stride)
}

// halved is the shape after a window of odd size k moved by 2, padded by (k-1)/2.
func (s Shape) halved() Shape {
	s.H, s.W, s.Stride = (s.H+1)/2, (s.W+1)/2, s.Stride*2
	return s
}

// slid is the shape after a window has been moved over it. It has no places where the window does not fit.
func (s Shape) slid(w window) Shape {
	s.H, s.W, s.Stride = w.size(s.H), w.size(s.W), s.Stride*max(1, w.stride)
	return s
}

// with is the shape with other channels.
func (s Shape) with(channels int) Shape {
	s.C = channels
	return s
}

// Feature is one output of a network on its way.
type Feature struct {
	Name string // "stem", then the backbone's stages, "layer1" and so on
	X    *graph.Node
}

// Stem is the part that sees the pictures.
type Stem interface {
	// Name is the part's name as ByName reads it.
	Name() string
	// Out is what the stem hands over, or why it cannot take in. width is the number of channels that the backbone would
	// like to get; a stem with a number of its own ignores it.
	Out(in Shape, width int) (Shape, error)
	// Build builds the graph of what Out has promised, from pictures x [N H W C].
	Build(scope *model.Scope, x *graph.Node, width int) *graph.Node
	// Paths are prefixes of the paths of the stem's variables.
	Paths() []string
}

// Backbone is the part with most of the layers.
type Backbone interface {
	Name() string
	// Width is the number of channels that the backbone would like to get from a stem. It takes any other too.
	Width() int
	// Out is what each stage hands over, the last to the head, or why the backbone cannot take in.
	Out(in Shape) ([]Shape, error)
	// Build builds the stages, each on the one before.
	Build(scope *model.Scope, x *graph.Node) []Feature
	// Usual are the stem and the head that the backbone was published with.
	Usual() (Stem, Head)
	// Groups are the layer groups, the input's first, each a list of prefixes of variables' paths. The stem belongs to the
	// first.
	Groups() [][]string
}

// Head is the part that makes logits of a backbone's last features.
type Head interface {
	Name() string
	// Check says why the head cannot take in, or nil.
	Check(in Shape) error
	// Build makes logits [N classes] of features x [N H W C].
	Build(scope *model.Scope, x *graph.Node, classes int) *graph.Node
	// Paths are prefixes of the paths of the head's variables.
	Paths() []string
}
