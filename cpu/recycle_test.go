package cpu_test

import (
	"slices"
	"testing"
)

// Results of a size that is worth keeping, finalized while something may still read them: what was handed out must
// not change, and what is computed into used memory must be right.
func TestFinalizedMemoryIsUsedAgainSafely(t *testing.T) {
	const n = 1 << 19
	b := newBackend(t, "threads=2")
	g := newGraph(t, b)
	x := g.param(f32(n))
	e := g.compile(g.must(g.Add(x, x)))
	var held []float32 // of a result that was looked at
	for round := range 20 {
		flat := make([]float32, n)
		for i := range flat {
			flat[i] = float32(round + i%7)
		}
		in := buffer(t, b, flat, n)
		out := execute(t, e, nil, in)[0]
		copied := make([]float32, n)
		if err := out.ToFlatData(copied); err != nil {
			t.Fatal(err)
		}
		for i, v := range copied {
			if want := 2 * flat[i]; v != want {
				t.Fatalf("round %d: result[%d] = %v, want %v", round, i, v, want)
			}
		}
		if round == 3 {
			data, err := out.Data()
			if err != nil {
				t.Fatal(err)
			}
			held = data.([]float32)
			defer func(want []float32) {
				if !slices.Equal(held, want) {
					t.Error("a slice that Data gave has changed after the buffer was finalized")
				}
			}(slices.Clone(held))
		}
		if err := out.Finalize(); err != nil {
			t.Fatal(err)
		}
		if err := in.Finalize(); err != nil {
			t.Fatal(err)
		}
	}
}
