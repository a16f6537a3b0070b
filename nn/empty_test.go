package nn_test

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/atelier-go/atelier/autodiff/gradtest"
	"github.com/atelier-go/atelier/nn"
)

// A batch of no pictures goes through every layer of pictures, forward and back.
func TestEmptyBatch(t *testing.T) {
	kernel := func(x *Node) *Node { return Ones(x.Graph(), gradtest.Normal(1, 3, 3, 2, 2).Shape()) }
	for name, f := range map[string]func(x *Node) *Node{
		"Conv2D":           func(x *Node) *Node { return nn.Conv2D{Padding: nn.Same}.Apply(x, kernel(x), nil) },
		"ConvTranspose2D":  func(x *Node) *Node { return nn.ConvTranspose2D{Stride: nn.Side(2)}.Apply(x, kernel(x), nil) },
		"Pool Max":         nn.Pool{}.Max,
		"Pool Mean":        nn.Pool{Kernel: nn.Side(3), Stride: nn.Side(1)}.Mean,
		"Pool L2":          nn.Pool{}.L2,
		"AdaptivePool":     nn.AdaptivePool{Output: nn.Side(3)}.Concat,
		"UpsampleNearest":  func(x *Node) *Node { return nn.UpsampleNearest(x, nn.Side(2)) },
		"Bilinear":         nn.Bilinear{Output: nn.Side(8)}.Apply,
		"Bilinear, by 4/5": nn.Bilinear{Output: nn.Side(37)}.Apply,
		"Pad2D":            func(x *Node) *Node { return nn.Pad2D(x, nn.Border(2), nn.PadReflect) },
		"InstanceNorm":     nn.InstanceNorm{}.Apply,
		"PixelNorm":        nn.PixelNorm{}.Apply,
		"ReLU":             nn.ReLU,
		"Gram":             func(x *Node) *Node { return nn.Gram(x, nn.GramMean) },
	} {
		t.Run(name, func(t *testing.T) {
			out := call(t, func(in []*Node) []*Node {
				y := f(in[0])
				return []*Node{y, Gradient(ReduceAllSum(y), in[0])[0]}
			}, gradtest.Normal(1, 0, 4, 4, 2))
			if y := out[0].Shape(); y.Dimensions[0] != 0 || y.Rank() < 3 {
				t.Errorf("output %s", y)
			}
			if dx := out[1].Shape().Dimensions; dx[0] != 0 || dx[1] != 4 || dx[3] != 2 {
				t.Errorf("gradient %v", dx)
			}
		})
	}
}
