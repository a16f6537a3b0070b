package zoo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/atelier-go/atelier/nn"
)

// Layer is a place in a network at which features can be taken.
type Layer struct {
	Name     string // "relu3_1"
	Channels int
	Stride   int // pixels between neighbouring positions, in each direction
	// Receptive is how many pixels across, an odd number, a position sees around the pixel at its number times Stride. Where
	// what it sees lies to one side, as behind windows of even size, this is the smallest centred field with all of it.
	Receptive int
}

// FeatureNet is a published network of which features are taken, not classes: a chain of modules, open at its layers.
// [FeaturesByName] makes one. It is a value: fields may be set in a copy.
type FeatureNet struct {
	Pooling FeaturePooling
	// Input is what the weights want to see. The zero value is the pictures as they are.
	Input Input
	// Edge is what the first convolution sees around pictures, where it is padded. The published networks see zeros there,
	// which are the mean colour after Input; pictures that are optimized have a rim from that, but not with
	// nn.PadReplicate (as style-transfer-pytorch; Crowson, 2021).
	Edge nn.PadMode

	name    string
	modules []module
}

// module is an element of torchvision's Sequential "features".
type module struct {
	operation
	layer string // the name of the features after it, empty if they have none
}

// operation is what a module does.
type operation interface {
	build(scope *model.Scope, x *graph.Node, pooling FeaturePooling) *graph.Node
	// channels is the number of channels after it, for in before.
	channels(in int) int
	window() window
	// weights are the names, relative to the module, and the shapes of what it reads.
	weights() []Weight
}

// Weight is a tensor of a published network: the name and shape that torchvision gives it. Kernels are [out in KH KW].
type Weight struct {
	Name  string // "features.0.weight"
	Shape []int
}

// Path is where a store has the variable: "/features/0/weight". Kernels are [KH KW in out] there.
func (w Weight) Path() string { return "/" + strings.ReplaceAll(w.Name, ".", "/") }

// FeaturesByName is the network with one of the names of [FeatureNames], for pictures as torchvision's weights want them.
func FeaturesByName(name string) (FeatureNet, error) {
	n := FeatureNet{name: name, Input: TorchvisionInput}
	for _, v := range vggs {
		if v.name == name {
			n.modules = v.modules()
			return n, nil
		}
	}
	for _, s := range squeezeNets {
		if s.name == name {
			n.modules = s.modules()
			return n, nil
		}
	}
	return n, fmt.Errorf("zoo: there is no feature network %q; there are %s", name, strings.Join(FeatureNames(), ", "))
}

// FeatureNames are the names of the feature networks, which are torchvision's.
func FeatureNames() []string {
	var names []string
	for _, v := range vggs {
		names = append(names, v.name)
	}
	for _, s := range squeezeNets {
		names = append(names, s.name)
	}
	return names
}

// Name is the network's name.
func (n FeatureNet) Name() string { return n.name }

// Layers are the places at which features can be taken, the nearest to the input first.
func (n FeatureNet) Layers() []Layer {
	var layers []Layer
	f, channels := field{stride: 1}, 3
	for _, m := range n.modules {
		f, channels = f.behind(m.window()), m.channels(channels)
		if m.layer != "" {
			layers = append(layers, Layer{Name: m.layer, Channels: channels, Stride: f.stride, Receptive: f.across()})
		}
	}
	return layers
}

// Size is how many positions, down and across, a layer has for pictures of h by w pixels: 0 and 0 if these are too small.
// Position i sees pixels around i·Stride, whatever the pictures' size. It panics if there is no such layer.
func (n FeatureNet) Size(layer string, h, w int) (int, int) {
	for _, m := range n.modules[:n.end(layer)] {
		h, w = m.window().size(h), m.window().size(w)
		if h < 1 || w < 1 {
			return 0, 0
		}
	}
	return h, w
}

// Build builds the features [N h w channels] of pictures x [N H W 3], RGB in 0 to 1, at each of some layers, and no more of
// the network than these need. The weights are variables of scope with the paths of [FeatureNet.Weights]; several
// Builds in one scope share them. It panics if there is no such layer or if pictures are too small for one.
func (n FeatureNet) Build(scope *model.Scope, x *graph.Node, layers []string) []*graph.Node {
	if x.Rank() != 4 || x.Shape().Dim(-1) != 3 || !x.DType().IsFloat() {
		exceptions.Panicf("zoo: %s of %s: want pictures [N H W 3] of floating-point numbers", n.name, x.Shape())
	}
	end := 0
	h, w := x.Shape().Dim(1), x.Shape().Dim(2)
	for _, l := range layers {
		if lh, _ := n.Size(l, h, w); lh < 1 {
			exceptions.Panicf("zoo: %s of %s: the pictures are too small for layer %s", n.name, x.Shape(), l)
		}
		end = max(end, n.end(l))
	}
	features := make([]*graph.Node, len(layers))
	x = n.Input.apply(x)
	for i, m := range n.modules[:end] {
		if c, ok := m.operation.(convolution); ok && i == 0 {
			c.mode = n.Edge
			m.operation = c
		}
		x = m.build(scope.At("features").At("%d", i), x, n.Pooling)
		for k, l := range layers {
			if m.layer == l {
				features[k] = x
			}
		}
	}
	return features
}

// Weights are the tensors that the network reads, the input's first.
func (n FeatureNet) Weights() []Weight {
	var all []Weight
	for i, m := range n.modules {
		for _, w := range m.weights() {
			all = append(all, Weight{Name: fmt.Sprintf("features.%d.%s", i, w.Name), Shape: w.Shape})
		}
	}
	return all
}

// Until is the network up to a layer.
func (n FeatureNet) Until(layer string) (FeatureNet, error) {
	end, err := n.find(layer)
	if err != nil {
		return n, err
	}
	n.modules = n.modules[:end]
	return n, nil
}

// With is the network up to the last layer for which there are all weights, in a file that has only a part of them. It is
// without layers if there are not even those of the first.
func (n FeatureNet) With(has func(w Weight) bool) FeatureNet {
	end := 0
	for i, m := range n.modules {
		for _, w := range m.weights() {
			if !has(Weight{Name: fmt.Sprintf("features.%d.%s", i, w.Name), Shape: w.Shape}) {
				n.modules = n.modules[:end]
				return n
			}
		}
		if m.layer != "" {
			end = i + 1
		}
	}
	n.modules = n.modules[:end]
	return n
}

// find is the number of modules up to and with a layer.
func (n FeatureNet) find(layer string) (int, error) {
	i := slices.IndexFunc(n.modules, func(m module) bool { return m.layer == layer })
	if i >= 0 && layer != "" {
		return i + 1, nil
	}
	var names []string
	for _, l := range n.Layers() {
		names = append(names, l.Name)
	}
	return 0, fmt.Errorf("zoo: %s has no layer %q; it has %s", n.name, layer, strings.Join(names, ", "))
}

// end is find for functions that build graphs.
func (n FeatureNet) end(layer string) int {
	i, err := n.find(layer)
	if err != nil {
		panic(err)
	}
	return i
}
