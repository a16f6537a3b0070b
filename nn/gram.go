package nn

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"
)

// GramScale is what a Gram matrix is divided by.
type GramScale int

const (
	// GramSum does not divide: FᵀF (Gatys et al., 2016, whose loss divides later).
	GramSum GramScale = iota
	// GramMean divides by the number of pixels H·W: the mean over pixels, which does not depend on the picture's size.
	GramMean
	// GramElements divides by H·W·C (Johnson et al., 2016).
	GramElements
)

func (s GramScale) String() string {
	switch s {
	case GramSum:
		return "sum"
	case GramMean:
		return "mean"
	case GramElements:
		return "elements"
	default:
		return fmt.Sprintf("GramScale(%d)", int(s))
	}
}

// Gram returns, for each picture of x [N H W C], the products of its channels summed over its pixels, FᵀF with F
// [H·W C]: [N C C], symmetric.
func Gram(x *Node, scale GramScale) *Node {
	wantPicture("Gram matrix", x)
	size, channels := sizeOf(x), channelsOf(x)
	pixels := size.H * size.W
	if pixels == 0 || channels == 0 {
		exceptions.Panicf("nn: Gram matrix of %s: there are no pixels", x.Shape())
	}
	f := Reshape(x, x.Shape().Dimensions[batchAxis], pixels, channels)
	gram := DotGeneral(f, []int{1}, []int{0}, f, []int{1}, []int{0})
	switch scale {
	case GramSum:
		return gram
	case GramMean:
		return MulScalar(gram, 1/float64(pixels))
	case GramElements:
		return MulScalar(gram, 1/float64(pixels*channels))
	default:
		exceptions.Panicf("nn: Gram matrix of %s: unknown scale %s", x.Shape(), scale)
		return nil
	}
}
