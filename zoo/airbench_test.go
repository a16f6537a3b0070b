package zoo_test

import (
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Before any training convolutions hand on their first channels and norms change nothing, so that the first three channels
// behind a stage follow from the picture by the activations alone: g(g(x)) of airbench95, where x is the maximum, and
// g(g(g(x)) + g(x)) of airbench96, whose residual connection is round the last two convolutions.
func TestAirbenchStages(t *testing.T) {
	g := func(x float64) float64 { return x * (1 + math.Erf(x/math.Sqrt2)) / 2 }
	for name, want := range map[string]func(x float64) float64{
		"none+airbench95-8+average": func(x float64) float64 { return g(g(x)) },
		"none+airbench96-8+average": func(x float64) float64 { return g(g(g(x)) + g(x)) },
	} {
		m, store := byName(t, name, 2), model.NewStore()
		exec, err := model.NewExec(testBackend(t), store, func(scope *model.Scope, x *graph.Node) *graph.Node {
			return m.Taps(scope, x, []string{"layer1"})[0]
		})
		if err != nil {
			t.Fatal(err)
		}
		x := pictures(1, 8, 3)
		out, err := exec.Exec(x)
		if err != nil {
			t.Fatal(err)
		}
		var in []float32
		if err := tensors.ConstFlatData(x, func(flat []float32) { in = append(in, flat...) }); err != nil {
			t.Fatal(err)
		}
		err = tensors.ConstFlatData(out[0], func(flat []float32) {
			for i, v := range flat {
				row, column, c := i/8/4, i/8%4, i%8
				if c >= 3 {
					continue
				}
				most := math.Inf(-1)
				for k := range 4 {
					most = max(most, float64(in[((2*row+k/2)*8+2*column+k%2)*3+c]))
				}
				if w := want(most); math.Abs(float64(v)-w) > 1e-5 {
					t.Fatalf("%s: (%d,%d) of channel %d is %v, want %v", name, row, column, c, v, w)
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		exec.Finalize()
		store.Finalize()
	}
}
