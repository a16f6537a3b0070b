package cpu_test

import (
	"testing"

	"github.com/gomlx/compute"
)

// TestProductOfConstants checks that a product has the same bits whether or not its operands are constants.
func TestProductOfConstants(t *testing.T) {
	b := newBackend(t, "")
	x, k := []float32{10, 11, 12, 13, 14, 20, 21, 22, 23, 24}, []float32{100, 10, 1, 0.1, 0.01}
	g := newGraph(t, b)
	params := g.must(g.DotGeneral(g.param(f32(2, 5)), []int{1}, nil, g.param(f32(5)), []int{0}, nil, compute.DotGeneralConfig{}))
	constants := g.must(g.DotGeneral(g.must(g.Constant(x, 2, 5)), []int{1}, nil, g.must(g.Constant(k, 5)), []int{0}, nil, compute.DotGeneralConfig{}))
	out := execute(t, g.compile(params, constants), nil, buffer(t, b, x, 2, 5), buffer(t, b, k, 5))
	got, want := elements[float32](t, out[1]), elements[float32](t, out[0])
	if got[0] != want[0] || got[1] != want[1] {
		t.Errorf("the product of constants is %v, of parameters %v", got, want)
	}
	// Sums of float32 in order, as GoMLX's own tests expect of so short ones; the sum of the exact terms is 1123.44.
	if want[0] != 1123.4401 {
		t.Errorf("the product is %v, want 1123.4401", want[0])
	}
}
