package zoo_test

import (
	"math"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/atelier-go/atelier/nn"
	"github.com/atelier-go/atelier/zoo"
)

// applied is what a block makes of x, and its store.
func applied(t *testing.T, side, channels int, block func(scope *model.Scope, x *graph.Node) *graph.Node) (x, y []float32, store *model.Store) {
	t.Helper()
	store = model.NewStore()
	exec, err := model.NewExec(testBackend(t), store, block)
	if err != nil {
		t.Fatal(err)
	}
	in := pictures(1, side, channels)
	out, err := exec.Exec(in)
	if err != nil {
		t.Fatal(err)
	}
	return flat(t, in), flat(t, out[0]), store
}

func parametersOf(store *model.Store) int {
	n := 0
	for v := range store.IterVariables() {
		if v.Trainable && v.DType().IsFloat() {
			n += v.Shape().Size()
		}
	}
	return n
}

// Every channel is multiplied by one number between 0 and 1.
func TestSqueezeExcite(t *testing.T) {
	const c = 8
	x, y, store := applied(t, 5, c, zoo.SqueezeExcite{Reduction: 4}.Layer)
	for i := range x {
		first := y[i%c] / x[i%c]
		if !(first > 0 && first < 1) || math.Abs(float64(y[i]-first*x[i])) > 1e-5 {
			t.Fatalf("element %d: %v of %v, channel %d begins with the factor %v", i, y[i], x[i], i%c, first)
		}
	}
	if n := parametersOf(store); n != 8*2+2+2*8+8 {
		t.Errorf("%d parameters", n)
	}
}

// A factored convolution has 14 of 49 weights, and moves both ways.
func TestFactored(t *testing.T) {
	_, y, store := applied(t, 9, 3, zoo.Factored{Channels: 3, Stride: 2}.Layer)
	if n := parametersOf(store); n != 14*3*3+4*3 || len(y) != 5*5*3 {
		t.Errorf("%d parameters, %d numbers", n, len(y))
	}
}

// Blocks refuse what they cannot centre or divide by.
func TestBlocksRefuse(t *testing.T) {
	for want, block := range map[string]func(*model.Scope, *graph.Node) *graph.Node{
		"kernel 4x4, want odd numbers":               zoo.ConvNorm{Channels: 3, Kernel: nn.Side(4)}.Layer,
		"kernel 3x2, want odd numbers":               zoo.ConvNorm{Channels: 3, Kernel: nn.Size{H: 3, W: 2}}.Layer,
		"kernel -1x1, want positive":                 zoo.ConvNorm{Channels: 3, Kernel: nn.Size{H: -1}, Valid: true}.Layer,
		"Kernel is 4, want 0 (7) or an odd":          zoo.Factored{Channels: 3, Kernel: 4}.Layer,
		"Kernel is -3, want 0 (7) or an odd":         zoo.Factored{Channels: 3, Kernel: -3}.Layer,
		"Reduction is -1, want 0 (16) or more":       zoo.SqueezeExcite{Reduction: -1}.Layer,
		"of (Float32)[1, 9, 9, 3] in /block: kernel": zoo.ConvNorm{Channels: 3, Kernel: nn.Side(2)}.Layer,
	} {
		g := graph.NewGraph(testBackend(t), "refused")
		err := exceptions.TryCatch[error](func() {
			block(model.NewStore().RootScope().In("block"), graph.Zeros(g, shapes.Make(dtypes.Float32, 1, 9, 9, 3)))
		})
		g.Finalize()
		wantError(t, err, want)
		if !strings.HasPrefix(err.Error(), "zoo: ") {
			t.Errorf("%q does not begin with the package", err)
		}
	}
	if _, y, _ := applied(t, 9, 3, zoo.ConvNorm{Channels: 3, Kernel: nn.Side(4), Valid: true}.Layer); len(y) != 6*6*3 {
		t.Errorf("without padding there are %d numbers", len(y))
	}
}

// A residual scale of nothing leaves the input, whatever the branches are.
func TestInceptionBlocksScale(t *testing.T) {
	for name, block := range map[string]func(scale float64) func(*model.Scope, *graph.Node) *graph.Node{
		"A": func(s float64) func(*model.Scope, *graph.Node) *graph.Node { return zoo.InceptionA{Scale: s}.Layer },
		"B": func(s float64) func(*model.Scope, *graph.Node) *graph.Node { return zoo.InceptionB{Scale: s}.Layer },
		"C": func(s float64) func(*model.Scope, *graph.Node) *graph.Node {
			return zoo.InceptionC{Scale: s, NoReLU: true}.Layer
		},
	} {
		for scale, moves := range map[float64]bool{1e-30: false, 1: true} {
			x, y, _ := applied(t, 4, 3, block(scale))
			farthest := 0.0
			for i := range x {
				want := x[i]
				if name != "C" {
					want = max(want, 0)
				}
				farthest = math.Max(farthest, math.Abs(float64(y[i]-want)))
			}
			if (farthest > 1e-3) != moves || !moves && farthest != 0 {
				t.Errorf("block %s with scale %v: moves by %v", name, scale, farthest)
			}
		}
	}
}
