package zoo

import (
	"github.com/gomlx/gomlx/core/graph"
)

// Input is how a network wants to see pictures: (x - Mean)/Std, for x in 0 to 1 and each of red, green and blue. Weights
// for blue, green and red, as Caffe's, are turned around when they are read. The zero value changes nothing.
type Input struct{ Mean, Std [3]float64 }

// TorchvisionInput is that of the networks trained by torchvision.
var TorchvisionInput = Input{Mean: [3]float64{0.485, 0.456, 0.406}, Std: [3]float64{0.229, 0.224, 0.225}}

// CaffeInput is that of the original VGG networks (Simonyan and Zisserman, 2015): 0 to 255 less the mean colour.
var CaffeInput = Input{
	Mean: [3]float64{123.68 / 255, 116.779 / 255, 103.939 / 255},
	Std:  [3]float64{1. / 255, 1. / 255, 1. / 255},
}

// apply is what the first layer sees of x [N H W 3].
func (in Input) apply(x *graph.Node) *graph.Node {
	if in == (Input{}) {
		return x
	}
	var scale, shift [3]float64
	for c := range 3 {
		scale[c] = 1 / in.Std[c]
		shift[c] = -in.Mean[c] / in.Std[c]
	}
	vector := func(v [3]float64) *graph.Node {
		return graph.ConstAsDType(x.Graph(), x.DType(), [][][][]float64{{{v[:]}}})
	}
	return graph.Add(graph.Mul(x, vector(scale)), vector(shift))
}
