package cpu_test

import (
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// FuzzConv convolves with random geometry, in the layouts that networks use and in those of gradients: as GoMLX and
// JAX write them, the gradient for the input is a convolution with the reversed kernel and dilated input, and the one
// for the kernel has batch and channels exchanged and a dilated kernel.
func FuzzConv(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) { compareBackends(t, data, buildConv, sumTolerance) })
}

// geometry is that of a forward convolution.
type geometry struct {
	spatial                    int
	batch, channels, filters   int
	image, kernel              []int
	strides, dilations         []int
	paddings                   [][2]int
	groups                     int
	channelsFirst, activations bool
}

func (c *choices) geometry() (geometry, bool) {
	q := geometry{
		spatial:       c.between(1, 2),
		batch:         c.between(1, 3),
		groups:        []int{1, 1, 1, 1, 2, 3}[c.pick(6)],
		channelsFirst: c.pick(4) == 0,
		activations:   c.pick(3) == 0,
	}
	if c.pick(8) == 0 {
		q.spatial = 3
	}
	q.channels = q.groups * c.between(1, 9)
	q.filters = q.groups * c.between(1, 17)
	if c.pick(5) == 0 { // depthwise
		q.groups = q.channels
		q.filters = q.channels * c.between(1, 2)
	}
	unit := c.pick(3) == 0 // as most are: 3x3, stride 1
	for range q.spatial {
		k, s, d, low, high := 3, 1, 1, 1, 1
		if !unit {
			k, s, d = c.between(1, 5), c.between(1, 3), c.between(1, 2)
			low, high = c.between(-1, 4), c.between(-1, 4)
		}
		size := c.between(1, 14)
		if size+low+high < (k-1)*d+1 {
			return q, false
		}
		q.image, q.kernel = append(q.image, size), append(q.kernel, k)
		q.strides, q.dilations = append(q.strides, s), append(q.dilations, d)
		q.paddings = append(q.paddings, [2]int{low, high})
	}
	return q, true
}

// output is the size of the result on one axis.
func (q geometry) output(axis int) int {
	return (q.image[axis]+q.paddings[axis][0]+q.paddings[axis][1]-(q.kernel[axis]-1)*q.dilations[axis]-1)/q.strides[axis] + 1
}

// layout places batch, channels and spatial axes.
func (q geometry) layout() (batch, channels int, spatial []int) {
	for i := range q.spatial {
		if q.channelsFirst {
			spatial = append(spatial, 2+i)
		} else {
			spatial = append(spatial, 1+i)
		}
	}
	if q.channelsFirst {
		return 0, 1, spatial
	}
	return 0, 1 + q.spatial, spatial
}

// picture is the shape of an activation.
func (q geometry) picture(dtype dtypes.DType, channels int, size func(axis int) int) shapes.Shape {
	b, ch, spatial := q.layout()
	dims := make([]int, q.spatial+2)
	dims[b], dims[ch] = q.batch, channels
	for i, axis := range spatial {
		dims[axis] = size(i)
	}
	return shapes.Make(dtype, dims...)
}

func (q geometry) kernelShape(dtype dtypes.DType) shapes.Shape {
	return shapes.Make(dtype, append(append([]int(nil), q.kernel...), q.channels/q.groups, q.filters)...)
}

func buildConv(g *graph, c *choices) ([]shapes.Shape, compute.Value, bool) {
	q, ok := c.geometry()
	if !ok {
		return nil, nil, false
	}
	dtype := []dtypes.DType{dtypes.Float32, dtypes.Float32, dtypes.Float32, dtypes.Float32, dtypes.Float64}[c.pick(5)]
	x := q.picture(dtype, q.channels, func(axis int) int { return q.image[axis] })
	y := q.picture(dtype, q.filters, q.output)
	form := c.pick(3)
	if q.groups > 1 {
		form = 0
	}
	switch form {
	case 0:
		params := []shapes.Shape{x, q.kernelShape(dtype)}
		return params, q.activate(g, q.forward(g, g.param(x), g.param(params[1]))), true
	case 1:
		params := []shapes.Shape{y, q.kernelShape(dtype)}
		return params, q.activate(g, q.inputGradient(g, g.param(y), g.param(params[1]))), true
	default:
		return []shapes.Shape{x, y}, q.kernelGradient(g, g.param(x), g.param(y)), true
	}
}

func (q geometry) forward(g *graph, x, k compute.Value) compute.Value {
	b, ch, spatial := q.layout()
	axes := compute.ConvolveAxesConfig{InputBatch: b, InputChannels: ch, InputSpatial: spatial,
		KernelSpatial: axesUpTo(q.spatial), KernelInputChannels: q.spatial, KernelOutputChannels: q.spatial + 1,
		OutputBatch: b, OutputChannels: ch, OutputSpatial: spatial}
	return g.must(g.ConvGeneral(x, k, axes, q.strides, q.paddings, nil, q.dilations, q.groups, 1))
}

func (q geometry) inputGradient(g *graph, y, k compute.Value) compute.Value {
	b, ch, spatial := q.layout()
	axes := compute.ConvolveAxesConfig{InputBatch: b, InputChannels: ch, InputSpatial: spatial,
		KernelSpatial: axesUpTo(q.spatial), KernelInputChannels: q.spatial + 1, KernelOutputChannels: q.spatial,
		OutputBatch: b, OutputChannels: ch, OutputSpatial: spatial}
	paddings := make([][2]int, q.spatial)
	for i := range paddings {
		reach := (q.kernel[i] - 1) * q.dilations[i]
		low := reach - q.paddings[i][0]
		paddings[i] = [2]int{low, q.image[i] + reach - ((q.output(i)-1)*q.strides[i] + 1) - low}
	}
	return g.must(g.ConvGeneral(y, g.must(g.Reverse(k, axesUpTo(q.spatial)...)), axes, nil, paddings, q.strides, q.dilations, 1, 1))
}

func (q geometry) kernelGradient(g *graph, x, y compute.Value) compute.Value {
	b, ch, spatial := q.layout()
	axes := compute.ConvolveAxesConfig{InputBatch: ch, InputChannels: b, InputSpatial: spatial,
		KernelSpatial: spatial, KernelInputChannels: b, KernelOutputChannels: ch,
		OutputBatch: q.spatial, OutputChannels: q.spatial + 1, OutputSpatial: axesUpTo(q.spatial)}
	paddings := make([][2]int, q.spatial)
	for i := range paddings {
		used := (q.output(i)-1)*q.strides[i] + (q.kernel[i]-1)*q.dilations[i] + 1
		paddings[i] = [2]int{q.paddings[i][0], used - q.image[i] - q.paddings[i][0]}
	}
	return g.must(g.ConvGeneral(x, y, axes, q.dilations, paddings, nil, q.strides, 1, 1))
}

// activate adds a bias of one half and clips at zero, in some of the graphs.
func (q geometry) activate(g *graph, v compute.Value) compute.Value {
	if !q.activations {
		return v
	}
	s, err := g.Shape(v)
	if err != nil {
		g.t.Fatal(err)
	}
	fill := func(x float32) compute.Value {
		scalar := g.must(g.ConvertDType(g.must(g.Constant([]float32{x})), s.DType))
		return g.must(g.BroadcastInDim(scalar, s, nil))
	}
	return g.must(g.Max(g.must(g.Add(v, fill(0.5))), fill(0)))
}

// axesUpTo is 0 to n-1.
func axesUpTo(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}
