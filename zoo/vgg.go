package zoo

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
)

// vgg is a network of 3x3 convolutions in five blocks with pooling after each (Simonyan and Zisserman, 2015). Its layers
// are "relu1_1" and so on: block, then convolution.
type vgg struct {
	name   string
	blocks [5]int // convolutions of each
	norm   bool   // batch norms behind the convolutions
}

var vggs = []vgg{
	{"vgg16", [5]int{2, 2, 3, 3, 3}, false},
	{"vgg19", [5]int{2, 2, 4, 4, 4}, false},
	{"vgg16_bn", [5]int{2, 2, 3, 3, 3}, true},
	{"vgg19_bn", [5]int{2, 2, 4, 4, 4}, true},
}

func (v vgg) modules() []module {
	var all []module
	in := 3
	for b, convolutions := range v.blocks {
		out := min(64<<b, 512)
		for i := range convolutions {
			c := convolution{in: in, out: out, kernel: 3, stride: 1, padding: 1, init: nn.InitHeOut}
			all = append(all, module{operation: c})
			if v.norm {
				all = append(all, module{operation: norm(out)})
			}
			all = append(all, module{operation: relu{}, layer: fmt.Sprintf("relu%d_%d", b+1, i+1)})
			in = out
		}
		all = append(all, module{operation: pool{kernel: 2}})
	}
	return all
}

// convolution is one with bias.
type convolution struct {
	in, out, kernel, stride, padding int
	init                             nn.Init
	mode                             nn.PadMode
}

func (c convolution) build(scope *model.Scope, x *graph.Node, _ FeaturePooling) *graph.Node {
	return nn.Conv2D{
		Channels: c.out, Kernel: nn.Side(c.kernel), Stride: nn.Side(c.stride), Padding: nn.Border(c.padding),
		Mode: c.mode, Init: c.init,
	}.Layer(scope, x)
}

func (c convolution) channels(int) int { return c.out }
func (c convolution) window() window {
	return window{kernel: c.kernel, stride: c.stride, padding: c.padding}
}

func (c convolution) weights() []Weight {
	return []Weight{{"weight", []int{c.out, c.in, c.kernel, c.kernel}}, {"bias", []int{c.out}}}
}

// norm is a batch norm of so many channels.
type norm int

func (norm) build(scope *model.Scope, x *graph.Node, _ FeaturePooling) *graph.Node {
	return nn.BatchNorm{}.Layer(scope, x)
}

func (norm) channels(in int) int { return in }
func (norm) window() window      { return window{} }

func (n norm) weights() []Weight {
	shape := []int{int(n)}
	return []Weight{{"weight", shape}, {"bias", shape}, {"running_mean", shape}, {"running_var", shape}}
}

// relu is max(x, 0).
type relu struct{}

func (relu) build(_ *model.Scope, x *graph.Node, _ FeaturePooling) *graph.Node { return nn.ReLU(x) }
func (relu) channels(in int) int                                               { return in }
func (relu) window() window                                                    { return window{} }
func (relu) weights() []Weight                                                 { return nil }
