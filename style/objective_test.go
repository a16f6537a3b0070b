package style_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	_ "github.com/atelier-go/atelier/cpu"
	"github.com/atelier-go/atelier/nn"
	"github.com/atelier-go/atelier/style"
	"github.com/atelier-go/atelier/weights"
	"github.com/atelier-go/atelier/zoo"
)

var shared = compute.MustNew()

// toy is a small network in the manner of VGG.
type toy struct{}

func (toy) Layers() []style.Layer {
	return []style.Layer{{Name: "relu1_1", Channels: 6, Stride: 1, Receptive: 3}, {Name: "relu1_2", Channels: 6, Stride: 1, Receptive: 5},
		{Name: "relu2_1", Channels: 8, Stride: 2, Receptive: 10}, {Name: "relu3_1", Channels: 10, Stride: 4, Receptive: 20}}
}

func (t toy) Size(layer string, h, w int) (int, int) {
	for _, l := range t.Layers() {
		if l.Name == layer {
			return h / l.Stride, w / l.Stride
		}
	}
	return 0, 0
}

func (toy) Build(scope *model.Scope, x *graph.Node, layers []string) []*graph.Node {
	features := map[string]*graph.Node{}
	x = graph.MulScalar(graph.AddScalar(x, -0.45), 4)
	conv := func(name string, channels int) {
		x = nn.Conv2D{Channels: channels, Padding: nn.Same, Init: nn.InitHeIn}.Layer(scope.At("%s", name), x)
		x = nn.ReLU(x)
		features[name] = x
	}
	conv("relu1_1", 6)
	conv("relu1_2", 6)
	x = nn.Pool{}.Max(x)
	conv("relu2_1", 8)
	x = nn.Pool{}.Mean(x)
	conv("relu3_1", 10)
	var out []*graph.Node
	for _, l := range layers {
		out = append(out, features[l])
	}
	return out
}

func toyNetwork(t *testing.T) *style.Network {
	t.Helper()
	return toyNetworkOn(t, shared)
}

func toyNetworkOn(t *testing.T, backend compute.Backend) *style.Network {
	t.Helper()
	store := model.NewStore()
	if err := store.SetRNGStateFromSeed(5); err != nil {
		t.Fatal(err)
	}
	exec := model.MustNewExec(backend, store, func(scope *model.Scope, x *graph.Node) *graph.Node {
		return graph.ReduceAllSum(toy{}.Build(scope, x, []string{"relu3_1"})[0])
	})
	exec.MustCall1(make4(1, 16, 16, 3))
	exec.Finalize()
	return &style.Network{Features: toy{}, Name: "toy", Store: store, Backend: backend}
}

func make4(a, b, c, d int) [][][][]float32 {
	out := make([][][][]float32, a)
	for i := range out {
		out[i] = make([][][]float32, b)
		for j := range out[i] {
			out[i][j] = make([][]float32, c)
			for k := range out[i][j] {
				out[i][j][k] = make([]float32, d)
			}
		}
	}
	return out
}

// noise is a smooth random picture.
func noise(h, w int, seed uint64) style.Picture {
	r := rand.New(rand.NewPCG(seed, 1))
	p := style.Picture{H: h, W: w, Pixels: make([]float32, h*w*3)}
	a, b := r.Float64(), r.Float64()
	for y := range h {
		for x := range w {
			for c := range 3 {
				v := 0.5 + 0.3*math.Sin(a*float64(x)+float64(c))*math.Cos(b*float64(y)) + 0.2*(r.Float64()-0.5)
				p.Pixels[(y*w+x)*3+c] = float32(v)
			}
		}
	}
	return p
}

func layers(names ...string) (all []style.LayerWeight) {
	for i, n := range names {
		all = append(all, style.LayerWeight{Layer: n, Weight: 1 / float64(i+1)})
	}
	return all
}

func spec(losses ...style.Loss) style.Spec {
	s := style.Spec{
		ContentLayers: layers("relu2_1", "relu1_2"), StyleLayers: layers("relu1_1", "relu2_1", "relu3_1"),
		Content: 0.7, Style: 1.3, TV: 0.2,
	}
	for i, l := range losses {
		s.Losses = append(s.Losses, style.LossWeight{Loss: l, Weight: 1 + float64(i)})
	}
	return s
}

func objective(t *testing.T, n *style.Network, s style.Spec, h, w int, masks []style.Mask, tile style.Tile) *style.Objective {
	t.Helper()
	ctx := context.Background()
	sources := []style.StyleSource{{Picture: noise(37, 50, 2)}, {Picture: noise(40, 31, 3), Weight: 2}}
	if masks != nil {
		sources[1].Region = 1
	}
	targets, err := style.NewTargets(ctx, n, s, sources, style.Tile{})
	if err != nil {
		t.Fatal(err)
	}
	targets.Content = noise(h, w, 4)
	o, err := style.NewObjective(ctx, n, s, targets, masks, h, w, tile)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}

// halves are masks of a left and a right part, with a soft edge.
func halves(h, w int) []style.Mask {
	left, right := style.Mask{H: h, W: w, Values: make([]float32, h*w)}, style.Mask{H: h, W: w, Values: make([]float32, h*w)}
	for i := range left.Values {
		v := float32(min(1, max(0, 0.5+float64(i%w-w/2)/6)))
		left.Values[i], right.Values[i] = 1-v, v
	}
	return []style.Mask{left, right}
}

var everyLoss = [][]style.Loss{{style.Gram}, {style.Covariance}, {style.MeanVar}, {style.Wasserstein}, {style.Histogram},
	{style.Gram, style.MeanVar, style.Histogram, style.Wasserstein}}

// The gradient along a random direction is the difference of losses. (Float32 and relu's corners set the tolerance.)
func TestGradient(t *testing.T) {
	n := toyNetwork(t)
	for _, losses := range everyLoss {
		for _, masked := range []bool{false, true} {
			t.Run(fmt.Sprint(losses, masked), func(t *testing.T) {
				const h, w = 33, 42
				var masks []style.Mask
				if masked {
					masks = halves(h, w)
				}
				o := objective(t, n, spec(losses...), h, w, masks, style.Tile{})
				x, g := noise(h, w, 9).Pixels, make([]float32, h*w*3)
				if _, err := o.Evaluate(context.Background(), x, g); err != nil {
					t.Fatal(err)
				}
				// Along the gradient itself the difference is largest against rounding.
				norm := 0.0
				for _, v := range g {
					norm += float64(v) * float64(v)
				}
				norm = math.Sqrt(norm)
				at := func(step float64) float64 {
					moved, scratch := make([]float32, len(x)), make([]float32, len(x))
					for i := range x {
						moved[i] = x[i] + float32(step*float64(g[i])/norm)
					}
					l, err := o.Evaluate(context.Background(), moved, scratch)
					if err != nil {
						t.Fatal(err)
					}
					return l.Total
				}
				const step = 0.02
				got := (at(step) - at(-step)) / (2 * step)
				tolerance := 0.03
				if slices.Contains(losses, style.Histogram) {
					// What features are moved to counts as constant, which is right for infinitely many positions and bins.
					tolerance = 0.2
				}
				if math.Abs(got-norm) > tolerance*norm {
					t.Errorf("the loss changes by %v along the gradient, whose norm is %v", got, norm)
				}
			})
		}
	}
}

// Tiles change nothing but rounding, whatever the losses, masks and sizes.
func TestTilesAreExact(t *testing.T) {
	n := toyNetwork(t)
	for _, losses := range everyLoss {
		for _, masked := range []bool{false, true} {
			for _, size := range [][2]int{{96, 80}, {101, 135}} {
				t.Run(fmt.Sprint(losses, masked, size), func(t *testing.T) {
					var masks []style.Mask
					if masked {
						masks = halves(size[0], size[1])
					}
					wantSameInTiles(t, n, spec(losses...), size[0], size[1], masks, 0)
				})
			}
		}
	}
}

// Nor do they with a published network, whatever it sees around pictures.
func TestTilesOfPublishedNetworksAreExact(t *testing.T) {
	net, err := zoo.FeaturesByName("vgg19")
	if err != nil {
		t.Fatal(err)
	}
	if net, err = net.Until("relu2_2"); err != nil {
		t.Fatal(err)
	}
	store := model.NewStore()
	random := rand.New(rand.NewPCG(3, 4))
	for _, w := range net.Weights() {
		scope, name := model.SplitPath(w.Path())
		shape, deviation := w.Shape, 0.1
		if len(shape) == 4 {
			shape, deviation = []int{shape[2], shape[3], shape[1], shape[0]}, math.Sqrt(2/float64(9*shape[1]))
		}
		values := tensors.FromShape(shapes.Make(dtypes.Float32, shape...))
		tensors.MustMutableFlatData(values, func(flat []float32) {
			for i := range flat {
				flat[i] = float32(random.NormFloat64() * deviation)
			}
		})
		if _, err := store.Scope(scope).CreateVariable(name, values); err != nil {
			t.Fatal(err)
		}
	}
	for _, edge := range []nn.PadMode{nn.PadZeros, nn.PadReplicate} {
		t.Run(edge.String(), func(t *testing.T) {
			net.Edge = edge
			s := style.Spec{StyleLayers: layers("relu1_1", "relu2_1"), ContentLayers: layers("relu2_2"), Style: 1, Content: 1,
				Losses: []style.LossWeight{{Loss: style.Gram, Weight: 1}}}
			wantSameInTiles(t, style.NewNetwork(shared, &weights.Features{FeatureNet: net, Store: store}), s, 75, 90, nil, 0.02)
		})
	}
}

// wantSameInTiles compares loss and gradient of a picture at once and in tiles. Where features are equal but for rounding,
// relus and maxima choose one way or the other: of so large a part of the gradient it is only wanted that it is near.
func wantSameInTiles(t *testing.T, n *style.Network, s style.Spec, h, w int, masks []style.Mask, ties float64) {
	t.Helper()
	whole := objective(t, n, s, h, w, masks, style.Tile{})
	tiled := objective(t, n, s, h, w, masks, style.Tile{Side: 24, Keep: len(masks) > 0})
	if tiled.Tiles() < 8 {
		t.Fatalf("%d tiles", tiled.Tiles())
	}
	x := noise(h, w, 9).Pixels
	want, got := make([]float32, len(x)), make([]float32, len(x))
	wl, err := whole.Evaluate(t.Context(), x, want)
	if err != nil {
		t.Fatal(err)
	}
	gl, err := tiled.Evaluate(t.Context(), x, got)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(gl.Total-wl.Total) > 1e-4*math.Abs(wl.Total) {
		t.Errorf("loss %+v, want %+v", gl, wl)
	}
	diffs, diff, size := make([]float64, len(want)), 0.0, 0.0
	for i := range want {
		d := float64(got[i] - want[i])
		diffs[i] = d * d
		size += float64(want[i]) * float64(want[i])
	}
	slices.Sort(diffs)
	for i, d := range diffs {
		diff += d
		share := float64(i+1) / float64(len(diffs))
		if share <= 1-ties && !(math.Sqrt(diff/size) < 1e-4) || !(math.Sqrt(diff/size) < 1e-2) {
			t.Fatalf("the gradient differs by %v of its norm in %v of the pixels", math.Sqrt(diff/size), share)
		}
	}
}
