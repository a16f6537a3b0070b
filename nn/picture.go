package nn

import (
	"cmp"
	"fmt"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/atelier-go/atelier/autodiff"
)

func init() { autodiff.Install() }

// Axes of a picture [N H W C].
const (
	batchAxis = iota
	heightAxis
	widthAxis
	channelAxis
)

// Size is a height and a width, in pixels.
type Size struct{ H, W int }

// Side is n by n.
func Side(n int) Size { return Size{n, n} }

func (s Size) String() string { return fmt.Sprintf("%dx%d", s.H, s.W) }

// or replaces sizes that are zero.
func (s Size) or(def Size) Size { return Size{cmp.Or(s.H, def.H), cmp.Or(s.W, def.W)} }

// atLeast reports whether both sides are at least n.
func (s Size) atLeast(n int) bool { return s.H >= n && s.W >= n }

func (s Size) both() []int { return []int{s.H, s.W} }

// sizeOf is the height and width of x.
func sizeOf(x *Node) Size {
	d := x.Shape().Dimensions
	return Size{d[heightAxis], d[widthAxis]}
}

func channelsOf(x *Node) int { return x.Shape().Dimensions[channelAxis] }

// wantPicture panics unless x is [N H W C] of floating-point numbers.
func wantPicture(layer string, x *Node) {
	if x.Rank() != 4 {
		exceptions.Panicf("nn: %s of %s: rank %d, want 4 [N H W C]", layer, x.Shape(), x.Rank())
	}
	wantFloat(layer, x)
}

func wantFloat(layer string, x *Node) {
	if !x.DType().IsFloat() {
		exceptions.Panicf("nn: %s of %s: want floating-point numbers", layer, x.Shape())
	}
}

// emptyLike is what becomes of x, which has no pictures or no channels, when its pictures get another size.
func emptyLike(x *Node, size Size) *Node {
	return Zeros(x.Graph(), shapes.Make(x.DType(), x.Shape().Dimensions[batchAxis], size.H, size.W, channelsOf(x)))
}
