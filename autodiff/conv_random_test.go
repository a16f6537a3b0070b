package autodiff_test

import (
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
)

// Convolutions drawn at random, beyond the combinations that the table thought of. A failing one names itself.
func TestRandomConvolutionGradients(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 5))
	for tested := 0; tested < 60; {
		c := randomConv(rng)
		if !c.hasOutput() {
			continue
		}
		tested++
		t.Run(c.String(), func(t *testing.T) {
			x, k := c.inputs()
			check(t, func(in []*Node) *Node { return c.apply(in[0], in[1], nhwc) }, x, k)
		})
	}
}

func randomConv(rng *rand.Rand) convCase {
	upTo := func(n int) int { return 1 + rng.IntN(n) }
	c := convCase{
		n: upTo(2), h: upTo(7), w: upTo(7), in: upTo(3), out: upTo(3), kh: upTo(4), kw: upTo(4),
		strides: []int{upTo(3), upTo(3)}, inDil: []int{1, 1}, kDil: []int{1, 1},
		pads: []int{rng.IntN(7) - 2, rng.IntN(7) - 2, rng.IntN(7) - 2, rng.IntN(7) - 2},
	}
	if rng.IntN(2) == 0 {
		c.kDil = []int{upTo(3), upTo(3)}
	}
	if rng.IntN(3) == 0 {
		c.inDil = []int{upTo(3), upTo(3)}
	}
	switch groups := 2 + rng.IntN(2); rng.IntN(3) {
	case 0:
		c.channelGroups, c.in, c.out = groups, c.in*groups, c.out*groups
	case 1:
		c.batchGroups, c.n, c.out = groups, c.n*groups, c.out*groups
	}
	return c
}

// hasOutput reports whether the kernel fits into the padded input, of which something is left.
func (c convCase) hasOutput() bool {
	fits := func(size, inDil, k, kDil, lo, hi int) bool {
		in := (size-1)*inDil + 1
		return in+min(lo, 0)+min(hi, 0) > 0 && in+lo+hi >= (k-1)*kDil+1
	}
	return fits(c.h, c.inDil[0], c.kh, c.kDil[0], c.pads[0], c.pads[1]) &&
		fits(c.w, c.inDil[1], c.kw, c.kDil[1], c.pads[2], c.pads[3])
}
