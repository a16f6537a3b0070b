package main

import (
	"fmt"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/atelier-go/atelier/nn"
	"github.com/atelier-go/atelier/safetensors"
)

// means are of the original VGG's inputs, which are BGR in 0 to 255.
var means = []float32{103.939, 116.779, 123.68}

// teacher is the original VGG-19 up to conv3_4. Its features at each layer are divided by scale, so that their mean
// square over photos is 1 and layers can be compared; until it is measured scale is 1.
type teacher struct {
	kernels, biases []*tensors.Tensor // [3 3 in out], [out]
	scale           []float64
}

// readTeacher reads the weights from a file with torchvision's names.
func readTeacher(path string) (*teacher, error) {
	f, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t := &teacher{}
	for _, l := range layers {
		kernel, err := read(f, l.tensor+".weight", []int{l.out, l.in, 3, 3})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		bias, err := read(f, l.tensor+".bias", []int{l.out})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		t.kernels = append(t.kernels, tensors.FromFlatDataAndDimensions(fromTorch(kernel, l), 3, 3, l.in, l.out))
		t.biases = append(t.biases, tensors.FromFlatDataAndDimensions(bias, l.out))
		t.scale = append(t.scale, 1)
	}
	return t, nil
}

func read(f *safetensors.File, name string, shape []int) ([]float32, error) {
	t, err := f.Tensor(name)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(t.Shape, shape) {
		return nil, fmt.Errorf("%s is %v, want %v", name, t.Shape, shape)
	}
	return t.Float32()
}

// fromTorch makes a kernel [3 3 in out] of PyTorch's [out in 3 3].
func fromTorch(w []float32, l layer) []float32 {
	kernel := make([]float32, len(w))
	for o := range l.out {
		for i := range l.in {
			for k := range 9 {
				kernel[(k*l.in+i)*l.out+o] = w[(o*l.in+i)*9+k]
			}
		}
	}
	return kernel
}

// toTorch makes PyTorch's [out in 3 3] of a kernel [3 3 in out].
func toTorch(kernel []float32, l layer) []float32 {
	w := make([]float32, len(kernel))
	for o := range l.out {
		for i := range l.in {
			for k := range 9 {
				w[(o*l.in+i)*9+k] = kernel[(k*l.in+i)*l.out+o]
			}
		}
	}
	return w
}

// build computes, for pictures x [N H W 3], sRGB in 0 to 1, what each layer is before its ReLU, divided by its scale.
func (t *teacher) build(x *Node) (before []*Node) {
	g := x.Graph()
	x = Sub(MulScalar(Reverse(x, -1), 255), Reshape(Const(g, means), 1, 1, 1, 3))
	for i, l := range layers {
		y := convolve(l.enter(x), ConstTensor(g, t.kernels[i]), ConstTensor(g, t.biases[i]))
		before = append(before, MulScalar(y, 1/t.scale[i]))
		x = nn.ReLU(y)
	}
	return before
}

// relus are the features of layers from what they are before.
func relus(before []*Node) []*Node {
	var after []*Node
	for _, b := range before {
		after = append(after, nn.ReLU(b))
	}
	return after
}
