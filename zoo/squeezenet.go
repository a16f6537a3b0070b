package zoo

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
)

// squeezeNet is a network of fire modules (Iandola et al., 2016): small, and with a deep view at a low price. Its layers
// are "relu1", and "fire2" to "fire9" as the paper counts them.
type squeezeNet struct {
	name          string
	width, kernel int // of the first convolution
	pooled        [2]int
}

// Version 1.0 is the paper's; 1.1 pools earlier, for 2.4 times less work.
var squeezeNets = []squeezeNet{
	{"squeezenet1_0", 96, 7, [2]int{4, 8}},
	{"squeezenet1_1", 64, 3, [2]int{3, 5}},
}

func (s squeezeNet) modules() []module {
	pooling := module{operation: pool{kernel: 3, ceil: true}}
	all := []module{
		{operation: convolution{in: 3, out: s.width, kernel: s.kernel, stride: 2, init: nn.InitHeUniform}},
		{operation: relu{}, layer: "relu1"},
		pooling,
	}
	in := s.width
	for i := 2; i <= 9; i++ {
		squeeze := 16 * (i / 2)
		all = append(all, module{operation: fire{in: in, squeeze: squeeze, expand: 4 * squeeze}, layer: fmt.Sprintf("fire%d", i)})
		in = 8 * squeeze
		if i == s.pooled[0] || i == s.pooled[1] {
			all = append(all, pooling)
		}
	}
	return all
}

// fire is a 1x1 convolution to few channels, and from these a 1x1 and a 3x3 convolution side by side, each with expand
// channels.
type fire struct{ in, squeeze, expand int }

// parts are the convolutions by name.
func (f fire) parts() (squeeze, one, three convolution) {
	squeeze = convolution{in: f.in, out: f.squeeze, kernel: 1, stride: 1, init: nn.InitHeUniform}
	one = convolution{in: f.squeeze, out: f.expand, kernel: 1, stride: 1, init: nn.InitHeUniform}
	three = convolution{in: f.squeeze, out: f.expand, kernel: 3, stride: 1, padding: 1, init: nn.InitHeUniform}
	return squeeze, one, three
}

func (f fire) build(scope *model.Scope, x *graph.Node, pooling FeaturePooling) *graph.Node {
	squeeze, one, three := f.parts()
	x = nn.ReLU(squeeze.build(scope.At("squeeze"), x, pooling))
	return graph.Concatenate([]*graph.Node{
		nn.ReLU(one.build(scope.At("expand1x1"), x, pooling)),
		nn.ReLU(three.build(scope.At("expand3x3"), x, pooling)),
	}, -1)
}

func (f fire) channels(int) int { return 2 * f.expand }
func (fire) window() window     { return window{kernel: 3, stride: 1, padding: 1} }

func (f fire) weights() []Weight {
	var all []Weight
	squeeze, one, three := f.parts()
	for _, part := range []struct {
		name string
		convolution
	}{{"squeeze", squeeze}, {"expand1x1", one}, {"expand3x3", three}} {
		for _, w := range part.weights() {
			all = append(all, Weight{part.name + "." + w.Name, w.Shape})
		}
	}
	return all
}
