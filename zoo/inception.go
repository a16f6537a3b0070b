package zoo

import (
	"fmt"
	"math"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
)

// InceptionResNet is the part behind the stem of Inception-ResNet-v2 (Szegedy et al., 2017) as TensorFlow-Slim and timm
// ship it, which is not quite the paper's. The zero value is theirs, which wants pictures of 299 pixels.
type InceptionResNet struct {
	Percent int `json:"percent"` // of the published channels; zero means 100
	// Blocks of the three kinds, the last of all, which has no relu, included; zeros mean 10, 20, 10.
	A int `json:"a"`
	B int `json:"b"`
	C int `json:"c"`
	// Small is for small pictures: windows that halve the size are padded, and a 1x1 convolution stands for the first
	// block "mixed_5b".
	Small bool `json:"small"`
}

var _ Backbone = InceptionResNet{}

// inceptionLite has a sixteenth of the multiplications in each of few blocks.
var inceptionLite = InceptionResNet{Percent: 25, A: 2, B: 3, C: 1, Small: true}

// numbers are the fields with the usual values for zeros.
func (r InceptionResNet) numbers() InceptionResNet {
	for _, f := range []struct {
		field *int
		usual int
	}{{&r.Percent, 100}, {&r.A, 10}, {&r.B, 20}, {&r.C, 10}} {
		if *f.field == 0 {
			*f.field = f.usual
		}
	}
	return r
}

// Name is "inception-resnet-v2", "inception-resnet-lite", or for others percent and blocks:
// "inception-resnet-50-5x10x5", with "-valid" behind if it is not for small pictures.
func (r InceptionResNet) Name() string {
	switch n := r.numbers(); n {
	case InceptionResNet{}.numbers():
		return "inception-resnet-v2"
	case inceptionLite:
		return "inception-resnet-lite"
	default:
		name := fmt.Sprintf("inception-resnet-%d-%s", n.Percent, times([]int{n.A, n.B, n.C}))
		if !n.Small {
			name += "-valid"
		}
		return name
	}
}

// Width is the 192 channels of its stem.
func (InceptionResNet) Width() int { return 192 }

// Usual are its stem and the average.
func (r InceptionResNet) Usual() (Stem, Head) { return InceptionStem{Small: r.Small}, PoolHead{} }

// tensorName is timm's.
func (InceptionResNet) tensorName(name string) string {
	if rest, ok := strings.CutPrefix(name, "fc."); ok {
		return "classif." + rest
	}
	return name
}

// Out is one shape for each kind of block, the last behind the 1x1 convolution "conv2d_7b".
func (r InceptionResNet) Out(in Shape) ([]Shape, error) {
	r = r.numbers()
	if min(r.Percent, r.A, r.B, r.C) < 1 {
		return nil, fmt.Errorf("it has %d percent of the channels and %d, %d and %d blocks, want 1 or more", r.Percent, r.A, r.B, r.C)
	}
	a := in.with(r.scaled(320))
	if !r.Small {
		a.C = 2*r.scaled(96) + 2*r.scaled(64)
	}
	b := r.smaller(a).with(a.C + 2*r.scaled(384))
	return []Shape{a, b, r.smaller(b).with(r.scaled(1536))}, nil
}

// smaller is the shape behind a 3x3 window that moves by 2.
func (r InceptionResNet) smaller(in Shape) Shape { return in.slid(reducing(r.Small)) }

// reducing is a 3x3 window that moves by 2, padded or not.
func reducing(padded bool) window {
	if padded {
		return window{kernel: 3, stride: 2, padding: 1}
	}
	return window{kernel: 3, stride: 2}
}

func (r InceptionResNet) scaled(channels int) int {
	return max(1, int(math.Round(float64(channels*r.numbers().Percent)/100)))
}

// Build makes what timm calls "mixed_5b", "repeat", "mixed_6a", "repeat_1", "mixed_7a", "repeat_2", "block8" and
// "conv2d_7b".
func (r InceptionResNet) Build(scope *model.Scope, x *graph.Node) []Feature {
	r = r.numbers()
	if r.Small {
		x = r.square(320, 1).Layer(scope.In("mixed_5b"), x)
	} else {
		x = r.mixed5b(scope.In("mixed_5b"), x)
	}
	for i := range r.A {
		x = InceptionA{Scale: 0.17, scaled: r.scaled}.Layer(scope.At("repeat").In("%d", i), x)
	}
	features := []Feature{{"block35", x}}
	x = r.mixed6a(scope.In("mixed_6a"), x)
	for i := range r.B {
		x = InceptionB{Scale: 0.1, scaled: r.scaled}.Layer(scope.At("repeat_1").In("%d", i), x)
	}
	features = append(features, Feature{"block17", x})
	x = r.mixed7a(scope.In("mixed_7a"), x)
	for i := range r.C - 1 {
		x = InceptionC{Scale: 0.2, scaled: r.scaled}.Layer(scope.At("repeat_2").In("%d", i), x)
	}
	x = InceptionC{Scale: 1, NoReLU: true, scaled: r.scaled}.Layer(scope.In("block8"), x)
	x = inceptionConv(r.scaled(1536), 1, 1).Layer(scope.In("conv2d_7b"), x)
	return append(features, Feature{"block8", x})
}

// inceptionConv is a convolution of h by w, padded to keep the size.
func inceptionConv(channels, h, w int) ConvNorm {
	return ConvNorm{Channels: channels, Kernel: nn.Size{H: h, W: w}, Eps: 1e-3}
}

// halving is a 3x3 convolution that moves by 2.
func (r InceptionResNet) halving(channels int) ConvNorm {
	return ConvNorm{Channels: r.scaled(channels), Kernel: nn.Side(3), Stride: nn.Side(2), Valid: !r.Small, Eps: 1e-3}
}

// square is a k by k convolution of so many of the published channels.
func (r InceptionResNet) square(channels, k int) ConvNorm {
	return inceptionConv(r.scaled(channels), k, k)
}

// pooled is the 3x3 maximum that moves by 2, beside convolutions that do.
func (r InceptionResNet) pooled(x *graph.Node) *graph.Node { return reducingPool(r.Small).Max(x) }

func reducingPool(padded bool) nn.Pool {
	return nn.Pool{Kernel: nn.Side(3), Stride: nn.Side(2), Padding: nn.Border(reducing(padded).padding)}
}

func (r InceptionResNet) mixed5b(scope *model.Scope, x *graph.Node) *graph.Node {
	mean := nn.Pool{Kernel: nn.Side(3), Stride: nn.Side(1), Padding: nn.Border(1), ExcludePadding: true}.Mean(x)
	return graph.Concatenate([]*graph.Node{
		branch(scope.In("branch0"), x, r.square(96, 1)),
		branch(scope.In("branch1"), x, r.square(48, 1), r.square(64, 5)),
		branch(scope.In("branch2"), x, r.square(64, 1), r.square(96, 3), r.square(96, 3)),
		r.square(64, 1).Layer(scope.In("branch3").In("1"), mean),
	}, -1)
}

func (r InceptionResNet) mixed6a(scope *model.Scope, x *graph.Node) *graph.Node {
	return graph.Concatenate([]*graph.Node{
		branch(scope.In("branch0"), x, r.halving(384)),
		branch(scope.In("branch1"), x, r.square(256, 1), r.square(256, 3), r.halving(384)),
		r.pooled(x),
	}, -1)
}

func (r InceptionResNet) mixed7a(scope *model.Scope, x *graph.Node) *graph.Node {
	return graph.Concatenate([]*graph.Node{
		branch(scope.In("branch0"), x, r.square(256, 1), r.halving(384)),
		branch(scope.In("branch1"), x, r.square(256, 1), r.halving(288)),
		branch(scope.In("branch2"), x, r.square(256, 1), r.square(288, 3), r.halving(320)),
		r.pooled(x),
	}, -1)
}

// branch is convolutions one behind the other, one alone without a number.
func branch(scope *model.Scope, x *graph.Node, convolutions ...ConvNorm) *graph.Node {
	if len(convolutions) == 1 {
		return convolutions[0].Layer(scope, x)
	}
	for i, c := range convolutions {
		x = c.Layer(scope.In("%d", i), x)
	}
	return x
}

// Groups is up to the blocks of the first kind, and the rest.
func (InceptionResNet) Groups() [][]string {
	return [][]string{{"/mixed_5b", "/repeat"}, {"/mixed_6a", "/repeat_1", "/mixed_7a", "/repeat_2", "/block8", "/conv2d_7b"}}
}
