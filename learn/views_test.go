package learn

import (
	"math"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	_ "github.com/atelier-go/atelier/cpu"
)

// The logits of the views are those of a model that is no more than weights for every place, and so are written down by
// hand: a picture of 3 by 4, mirrored, and moved with its border mirrored.
func TestViews(t *testing.T) {
	const h, w = 3, 4
	pixel := func(y, x int) float64 { return float64(y*y*7 + x*x*x + 1) }
	weight := func(y, x int) float64 { return float64(y*w+x+1) / 10 }
	mirror := func(i, n int) int {
		if i < 0 {
			return -i
		}
		if i >= n {
			return 2*(n-1) - i
		}
		return i
	}
	// view is the model's answer to the picture moved by dy and dx, and then mirrored.
	view := func(by int, mirrored bool) (sum float64) {
		for y := range h {
			for x := range w {
				from := x
				if mirrored {
					from = w - 1 - x
				}
				sum += weight(y, x) * pixel(mirror(y+by, h), mirror(from+by, w))
			}
		}
		return sum
	}
	both := func(by int) float64 { return (view(by, false) + view(by, true)) / 2 }
	want := []float64{view(0, false), both(0), both(0)/2 + (both(-1)+both(1))/4}

	pixels, weights := make([]float32, h*w), make([]float32, h*w)
	for i := range pixels {
		pixels[i], weights[i] = float32(pixel(i/w, i%w)), float32(weight(i/w, i%w))
	}
	forward := func(scope *model.Scope, x *graph.Node) *graph.Node {
		k := scope.In("weights").VariableWithValue("k", tensors.FromFlatDataAndDimensions(weights, 1, h, w, 1)).NodeValue(x)
		return graph.Reshape(graph.ReduceSum(graph.Mul(x, k), 1, 2), 1, 1)
	}
	backend := compute.MustNew()
	for level, v := range want {
		exec, err := model.NewExec(backend, model.NewStore(), func(scope *model.Scope, x *graph.Node) *graph.Node {
			return TestTime{Level: level}.around(forward)(scope, x)
		})
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Exec(tensors.FromFlatDataAndDimensions(pixels, 1, h, w, 1))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := scalar(out[0]); err != nil || math.Abs(got-v) > 1e-4*math.Abs(v) {
			t.Errorf("level %d: %v, %v, want %v", level, got, err, v)
		}
	}
}
