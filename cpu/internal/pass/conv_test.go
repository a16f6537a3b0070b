package pass

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/kernel/conv"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
)

// geometry of a forward convolution in tests, along one axis.
type geometry struct{ in, kernel, stride, dilation, before, after int }

func (g geometry) out() int {
	return (g.in+g.before+g.after-(g.kernel-1)*g.dilation-1)/g.stride + 1
}

// testConv is a forward convolution with all its gradients as package autodiff writes them.
type testConv struct {
	n, c, o, groups int
	h, w            geometry
}

var nhwc = compute.ConvolveAxesConfig{InputBatch: 0, InputChannels: 3, InputSpatial: []int{1, 2},
	KernelInputChannels: 2, KernelOutputChannels: 3, KernelSpatial: []int{0, 1},
	OutputBatch: 0, OutputChannels: 3, OutputSpatial: []int{1, 2}}

func (c testConv) x() []int { return []int{c.n, c.h.in, c.w.in, c.c} }
func (c testConv) k() []int { return []int{c.h.kernel, c.w.kernel, c.c / c.groups, c.o} }
func (c testConv) y() []int { return []int{c.n, c.h.out(), c.w.out(), c.o} }

func (c testConv) forward(b *builder, x, k ir.Value) ir.Value {
	return b.do(compute.OpTypeConvGeneral, ir.ConvAttr{Axes: nhwc, Strides: []int{c.h.stride, c.w.stride},
		Paddings: [][2]int{{c.h.before, c.h.after}, {c.w.before, c.w.after}}, InputDilations: []int{1, 1},
		KernelDilations: []int{c.h.dilation, c.w.dilation}, ChannelGroups: c.groups, BatchGroups: 1}, x, k)
}

// inputGradient: the kernel reversed, with inputs and outputs exchanged, over dy spread by the strides.
func (c testConv) inputGradient(b *builder, dy, k ir.Value) ir.Value {
	k = b.reverse(k, 0, 1)
	axes := nhwc
	axes.KernelInputChannels, axes.KernelOutputChannels = 3, 2
	if g := c.groups; g > 1 { // [kh kw c/g o] -> [kh kw c o/g]
		k = b.reshape(k, c.h.kernel, c.w.kernel, c.c/g, g, c.o/g)
		k = b.reshape(b.transpose(k, 0, 1, 3, 2, 4), c.h.kernel, c.w.kernel, c.c, c.o/g)
	}
	pad := func(g geometry) [2]int {
		before := (g.kernel-1)*g.dilation - g.before
		return [2]int{before, g.in + (g.kernel-1)*g.dilation - ((g.out()-1)*g.stride + 1) - before}
	}
	return b.do(compute.OpTypeConvGeneral, ir.ConvAttr{Axes: axes, Strides: []int{1, 1},
		Paddings: [][2]int{pad(c.h), pad(c.w)}, InputDilations: []int{c.h.stride, c.w.stride},
		KernelDilations: []int{c.h.dilation, c.w.dilation}, ChannelGroups: c.groups, BatchGroups: 1}, dy, k)
}

// kernelGradient: x with batch and channels exchanged, convolved with dy as a kernel.
func (c testConv) kernelGradient(b *builder, x, dy ir.Value) ir.Value {
	axes := compute.ConvolveAxesConfig{InputBatch: 3, InputChannels: 0, InputSpatial: []int{1, 2},
		KernelInputChannels: 0, KernelOutputChannels: 3, KernelSpatial: []int{1, 2},
		OutputBatch: 2, OutputChannels: 3, OutputSpatial: []int{0, 1}}
	pad := func(g geometry) [2]int {
		return [2]int{g.before, (g.out()-1)*g.stride + 1 - g.in + (g.kernel-1)*g.dilation - g.before}
	}
	return b.do(compute.OpTypeConvGeneral, ir.ConvAttr{Axes: axes, Strides: []int{c.h.dilation, c.w.dilation},
		Paddings: [][2]int{pad(c.h), pad(c.w)}, InputDilations: []int{1, 1},
		KernelDilations: []int{c.h.stride, c.w.stride}, ChannelGroups: 1, BatchGroups: c.groups}, x, dy)
}

// secondKernelGradient is the gradient of <inputGradient(dy, k), w> with respect to k: dy with batch and channels
// exchanged and spread by the strides, convolved with w as a kernel, and the reversal undone.
func (c testConv) secondKernelGradient(b *builder, dy, w ir.Value) ir.Value {
	axes := compute.ConvolveAxesConfig{InputBatch: 3, InputChannels: 0, InputSpatial: []int{1, 2},
		KernelInputChannels: 0, KernelOutputChannels: 3, KernelSpatial: []int{1, 2},
		OutputBatch: 3, OutputChannels: 2, OutputSpatial: []int{0, 1}}
	pad := func(g geometry) [2]int {
		before := (g.kernel-1)*g.dilation - g.before
		size := (g.out()-1)*g.stride + 1
		return [2]int{before, (g.kernel-1)*g.dilation + g.in - size - before}
	}
	return b.reverse(b.do(compute.OpTypeConvGeneral, ir.ConvAttr{Axes: axes, Strides: []int{c.h.dilation, c.w.dilation},
		Paddings: [][2]int{pad(c.h), pad(c.w)}, InputDilations: []int{c.h.stride, c.w.stride},
		KernelDilations: []int{1, 1}, ChannelGroups: 1, BatchGroups: 1}, dy, w), 0, 1)
}

// secondInputGradient is the gradient of <kernelGradient(x, dy), w> with respect to x: w, spread by the dilations,
// convolved with dy reversed as a kernel.
func (c testConv) secondInputGradient(b *builder, dy, w ir.Value) ir.Value {
	axes := compute.ConvolveAxesConfig{InputBatch: 2, InputChannels: 3, InputSpatial: []int{0, 1},
		KernelInputChannels: 3, KernelOutputChannels: 0, KernelSpatial: []int{1, 2},
		OutputBatch: 3, OutputChannels: 0, OutputSpatial: []int{1, 2}}
	pad := func(g geometry) [2]int {
		size := (g.out()-1)*g.stride + 1
		before := size - 1 - g.before
		return [2]int{before, g.in + size - 1 - ((g.kernel-1)*g.dilation + 1) - before}
	}
	return b.do(compute.OpTypeConvGeneral, ir.ConvAttr{Axes: axes, Strides: []int{1, 1},
		Paddings: [][2]int{pad(c.h), pad(c.w)}, InputDilations: []int{c.h.dilation, c.w.dilation},
		KernelDilations: []int{c.h.stride, c.w.stride}, ChannelGroups: 1, BatchGroups: 1}, w, b.reverse(dy, 1, 2))
}

// onlyConvolution fails unless g is nothing but a convolution of the given form on its parameters.
func onlyConvolution(t *testing.T, g *ir.Func, form conv.Form) {
	t.Helper()
	last := g.Outputs[0].Node
	a, ok := last.Attr.(ir.ConvolutionAttr)
	if !ok || a.Spec.Form != form || len(g.Nodes) != len(g.Params)+1 {
		t.Errorf("want a single convolution, %v\n%v", form, g)
	}
}

var testConvs = []testConv{
	{2, 3, 4, 1, geometry{7, 3, 1, 1, 1, 1}, geometry{6, 3, 1, 1, 1, 1}},
	{2, 3, 4, 1, geometry{8, 3, 2, 1, 1, 1}, geometry{7, 3, 2, 1, 1, 1}},
	{2, 3, 4, 1, geometry{8, 4, 2, 1, 1, 1}, geometry{9, 2, 2, 1, 0, 0}},
	{2, 3, 5, 1, geometry{8, 1, 1, 1, 0, 0}, geometry{8, 1, 1, 1, 0, 0}},
	{2, 3, 5, 1, geometry{8, 1, 2, 1, 0, 0}, geometry{7, 1, 2, 1, 0, 0}},
	{1, 4, 6, 2, geometry{8, 3, 2, 1, 0, 1}, geometry{8, 3, 1, 2, 2, 2}},
	{3, 4, 8, 4, geometry{5, 3, 1, 1, 1, 1}, geometry{6, 2, 3, 1, 4, 0}},
	{2, 3, 4, 1, geometry{9, 3, 3, 2, 3, 2}, geometry{5, 5, 1, 1, 2, -1}},
}

func TestConvolutionForms(t *testing.T) {
	for i, c := range testConvs {
		for _, form := range []struct {
			name  string
			first []int
			other []int
			build func(b *builder, v, w ir.Value) ir.Value
			want  conv.Form
			alone bool // without groups only
		}{
			{"forward", c.x(), c.k(), c.forward, conv.Forward, false},
			{"input gradient", c.y(), c.k(), c.inputGradient, conv.InputGradient, false},
			{"kernel gradient", c.x(), c.y(), c.kernelGradient, conv.KernelGradient, false},
			{"second kernel gradient", c.y(), c.x(), c.secondKernelGradient, conv.KernelGradient, true},
			{"second input gradient", c.y(), c.k(), c.secondInputGradient, conv.InputGradient, true},
		} {
			if form.alone && c.groups > 1 {
				continue
			}
			t.Run(fmt.Sprintf("%d/%s", i, form.name), func(t *testing.T) {
				b := newBuilder(t)
				f := b.returns(form.build(b, b.f32(form.first...), b.f32(form.other...)))
				g := optimise(t, f)
				checkSame(t, f, g, 1e-5)
				onlyConvolution(t, g, form.want)
			})
		}
	}
}

// The gradients are those of the forward convolution, so the Specs of all forms agree in everything but the form.
func TestConvolutionSpecsAgree(t *testing.T) {
	for _, c := range testConvs {
		b := newBuilder(t)
		x, k, dy := b.f32(c.x()...), b.f32(c.k()...), b.f32(c.y()...)
		g := optimise(t, b.returns(c.forward(b, x, k), c.inputGradient(b, dy, k), c.kernelGradient(b, x, dy)))
		var specs []conv.Spec
		for _, v := range g.Outputs {
			spec := v.Node.Attr.(ir.ConvolutionAttr).Spec
			spec.Form = conv.Forward
			specs = append(specs, spec)
		}
		if specs[0] != specs[1] || specs[0] != specs[2] {
			t.Errorf("%+v: %v\n%v\n%v", c, specs[0], specs[1], specs[2])
		}
	}
}

// randomConv is any convolution that ConvGeneral allows: axes in any order, dilations, groups of either kind.
func randomConv(b *builder, r *rand.Rand) ir.Value {
	rank := 2 + 1 + r.IntN(2)
	axes := func() []int { return r.Perm(rank) }
	in, ker, out := axes(), axes(), axes()
	a := ir.ConvAttr{ChannelGroups: 1, BatchGroups: 1, Axes: compute.ConvolveAxesConfig{
		InputBatch: in[0], InputChannels: in[1], InputSpatial: in[2:],
		KernelInputChannels: ker[0], KernelOutputChannels: ker[1], KernelSpatial: ker[2:],
		OutputBatch: out[0], OutputChannels: out[1], OutputSpatial: out[2:]}}
	groups := 1 + r.IntN(3)
	x, k := make([]int, rank), make([]int, rank)
	x[in[0]], x[in[1]], k[ker[0]], k[ker[1]] = 1+r.IntN(3), 1+r.IntN(3), 0, groups*(1+r.IntN(2))
	k[ker[0]] = x[in[1]]
	switch r.IntN(3) {
	case 0:
		a.ChannelGroups = groups
		x[in[1]] *= groups
	case 1:
		a.BatchGroups = groups
		x[in[0]] *= groups
	}
	for i := range rank - 2 {
		a.Strides = append(a.Strides, 1+r.IntN(2))
		a.InputDilations = append(a.InputDilations, 1+r.IntN(2)*r.IntN(2))
		a.KernelDilations = append(a.KernelDilations, 1+r.IntN(2))
		a.Paddings = append(a.Paddings, [2]int{r.IntN(5) - 1, r.IntN(5) - 1})
		x[in[2+i]], k[ker[2+i]] = 1+r.IntN(6), 1+r.IntN(4)
	}
	xv, kv := b.f32(x...), b.f32(k...)
	if _, err := ir.Infer(op(compute.OpTypeConvGeneral), a, []shapes.Shape{xv.Shape(), kv.Shape()}); err != nil {
		return b.add(xv, b.num(0)) // the kernel is larger than the padded image
	}
	if r.IntN(2) == 0 {
		kv = b.reverse(kv, slices.Sorted(slices.Values(a.Axes.KernelSpatial))...)
	}
	y := b.do(compute.OpTypeConvGeneral, a, xv, kv)
	if r.IntN(3) == 0 {
		y = b.reverse(y, slices.Sorted(slices.Values(a.Axes.OutputSpatial))...)
	}
	return y
}

func TestRandomConvolutions(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	recognised := 0
	for range 1500 {
		b := newBuilder(t)
		f := b.returns(randomConv(b, r))
		g := optimise(t, f)
		checkSame(t, f, g, 1e-5)
		recognised += count(g, ir.OpConv)
	}
	if recognised < 700 {
		t.Errorf("%d of 1500 recognised", recognised)
	}
}

func TestConvolutionEpilogue(t *testing.T) {
	c := testConvs[0]
	for _, keep := range []bool{false, true} {
		b := newBuilder(t)
		y := c.forward(b, b.f32(c.x()...), b.f32(c.k()...))
		bias := b.spread(b.f32(c.o), y.Shape().Dimensions, 3)
		skip := b.f32(y.Shape().Dimensions...)
		out := []ir.Value{b.relu(b.add(b.add(y, bias), skip))}
		if keep {
			out = append(out, b.reverse(y, 0))
		}
		f := b.returns(out...)
		g := optimise(t, f)
		checkSame(t, f, g, 1e-5)
		if n := count(g, ir.OpFused); n != 0 {
			t.Errorf("keep %v: %d programs left outside the convolution\n%v", keep, n, g)
		}
		if g := optimise(t, f, "epilogue"); count(g, ir.OpFused) != 1 {
			t.Errorf("keep %v: epilogue although it is off\n%v", keep, g)
		}
	}
}

// A program that also needs something computed from the convolution, or that reduces, cannot be its epilogue.
func TestNoEpilogue(t *testing.T) {
	c := testConvs[0]
	b := newBuilder(t)
	y := c.forward(b, b.f32(c.x()...), b.f32(c.k()...))
	dims := y.Shape().Dimensions
	f := b.returns(b.sub(y, b.spread(b.sum(y, 0, 1, 2), dims, 3)), b.mul(y, b.reverse(y, 1)))
	g := optimise(t, f)
	checkSame(t, f, g, 1e-5)
	for _, n := range g.Nodes {
		if a, ok := n.Attr.(ir.ConvolutionAttr); ok && a.Epilogue != nil {
			t.Errorf("%v", g)
		}
	}
}
