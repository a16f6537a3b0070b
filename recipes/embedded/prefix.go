package main

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/atelier-go/atelier/nn"
)

// layer is a convolution of VGG-19: 3×3, stride 1, a border of one zero, then ReLU.
type layer struct {
	name    string // "conv1_1"
	tensor  string // torchvision's name of it, "features.0"
	in, out int    // channels
	halve   bool   // a 2×2 max pooling comes before it
	stride  int    // pixels of the picture between neighbouring positions
}

// layers are the convolutions of VGG-19 (Simonyan and Zisserman, 2015, column E) up to conv3_4.
var layers = []layer{
	{"conv1_1", "features.0", 3, 64, false, 1},
	{"conv1_2", "features.2", 64, 64, false, 1},
	{"conv2_1", "features.5", 64, 128, true, 2},
	{"conv2_2", "features.7", 128, 128, false, 2},
	{"conv3_1", "features.10", 128, 256, true, 4},
	{"conv3_2", "features.12", 256, 256, false, 4},
	{"conv3_3", "features.14", 256, 256, false, 4},
	{"conv3_4", "features.16", 256, 256, false, 4},
}

// taps are the layers, by number, whose features style is measured at.
var taps = []int{0, 2, 4, 7}

// patch is how many numbers an output of the layer is computed from.
func (l layer) patch() int { return 9 * l.in }

// relu is the name of the layer's features.
func (l layer) relu() string { return "relu" + l.name[len("conv"):] }

// convolve is the layer's convolution of x [N H W in].
func convolve(x, kernel, bias *Node) *Node {
	return nn.Conv2D{Padding: nn.Border(1)}.Apply(x, kernel, bias)
}

// enter is what comes between the features before the layer and its convolution.
func (l layer) enter(x *Node) *Node {
	if l.halve {
		return nn.Pool{}.Max(x)
	}
	return x
}
