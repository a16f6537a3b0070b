package ref

import (
	"fmt"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// chooseConv covers ConvGeneral of any rank: strides, paddings of either sign, dilations of input and kernel, channel
// or batch groups. Sums are kept as in chooseDot.
//
//	out[n, g·OC+o, p] = Σ_w Σ_c in[n (+ g·N), c (+ g·C), p·stride + w·kernelDilation - padding] · kernel[c, g·OC+o, w]
//
// where the input has inputDilation-1 zeros between its elements and zeros beyond its ends, and g·C applies with
// channel groups and g·N, N being the output's batch, with batch groups.
func chooseConv(n *ir.Node) evalFunc {
	in := n.Inputs[0].Shape().DType
	acc, ok := newAccumulation(in, in, n.Shapes[0].DType)
	if !ok || n.Inputs[1].Shape().DType != in {
		return nil
	}
	switch acc.class {
	case classFloat:
		return convolve(floatView, acc.floats)
	case classInt:
		return convolve(intView, acc.ints)
	case classUint:
		return convolve(uintView, acc.uints)
	case classComplex:
		return convolve(complexView, complexSink)
	}
	return nil
}

// convPlan is a convolution in terms of strides in elements.
type convPlan struct {
	groups                        int
	batch, outChannels, channels  int // outChannels and channels of one group
	inBatch, inChannel            int // strides
	inBatchGroup, inChannelGroup  int // offset in the input of the next group
	kerIn, kerOut                 int
	outBatch, outChannel          int
	inDims, kerDims, outDims      []int // spatial
	inSpatial, kerSpatial, outSpa []int // strides
	attr                          ir.ConvAttr
}

func planConv(a ir.ConvAttr, in, ker, out []int) (*convPlan, error) {
	x := a.Axes
	spatial := len(x.InputSpatial)
	inDims, e1 := pick(in, append([]int{x.InputBatch, x.InputChannels}, x.InputSpatial...))
	kerDims, e2 := pick(ker, append([]int{x.KernelInputChannels, x.KernelOutputChannels}, x.KernelSpatial...))
	outDims, e3 := pick(out, append([]int{x.OutputBatch, x.OutputChannels}, x.OutputSpatial...))
	if e1 != nil || e2 != nil || e3 != nil || len(in) != spatial+2 || len(inDims) != len(in) ||
		len(ker) != len(in) || len(kerDims) != len(in) || len(out) != len(in) || len(outDims) != len(in) {
		return nil, fmt.Errorf("axes %+v", x)
	}
	for _, list := range [][]int{a.Strides, a.InputDilations, a.KernelDilations} {
		if len(list) != 0 && len(list) != spatial {
			return nil, fmt.Errorf("%d values for %d spatial axes", len(list), spatial)
		}
		for _, v := range list {
			if v < 1 {
				return nil, fmt.Errorf("strides %v, dilations %v and %v must be positive", a.Strides, a.InputDilations, a.KernelDilations)
			}
		}
	}
	if len(a.Paddings) != 0 && len(a.Paddings) != spatial {
		return nil, fmt.Errorf("%d paddings for %d spatial axes", len(a.Paddings), spatial)
	}
	ofIn, _ := pick(stridesOf(in), append([]int{x.InputBatch, x.InputChannels}, x.InputSpatial...))
	ofKer, _ := pick(stridesOf(ker), append([]int{x.KernelInputChannels, x.KernelOutputChannels}, x.KernelSpatial...))
	ofOut, _ := pick(stridesOf(out), append([]int{x.OutputBatch, x.OutputChannels}, x.OutputSpatial...))
	p := &convPlan{
		groups: max(1, a.ChannelGroups, a.BatchGroups), batch: outDims[0], channels: kerDims[0],
		inBatch: ofIn[0], inChannel: ofIn[1], kerIn: ofKer[0], kerOut: ofKer[1], outBatch: ofOut[0], outChannel: ofOut[1],
		inDims: inDims[2:], kerDims: kerDims[2:], outDims: outDims[2:],
		inSpatial: ofIn[2:], kerSpatial: ofKer[2:], outSpa: ofOut[2:], attr: a,
	}
	p.outChannels = kerDims[1] / p.groups
	channelGroups, batchGroups := max(1, a.ChannelGroups), max(1, a.BatchGroups)
	if a.ChannelGroups > 1 {
		p.inChannelGroup = p.channels * p.inChannel
	} else {
		p.inBatchGroup = p.batch * p.inBatch
	}
	if kerDims[1] != outDims[1] || p.outChannels*p.groups != kerDims[1] || channelGroups > 1 && batchGroups > 1 ||
		inDims[1] != p.channels*channelGroups || inDims[0] != p.batch*batchGroups {
		return nil, fmt.Errorf("channels do not match in %d channel groups and %d batch groups", channelGroups, batchGroups)
	}
	return p, nil
}

func at(list []int, axis, missing int) int {
	if len(list) == 0 {
		return missing
	}
	return list[axis]
}

// taps calls tap with the offsets in input and kernel of every kernel position that meets an element of the input.
func (p *convPlan) taps(axis, in, ker int, index []int, tap func(in, ker int)) {
	if axis == len(p.inDims) {
		tap(in, ker)
		return
	}
	dilation := at(p.attr.InputDilations, axis, 1)
	position := index[axis] * at(p.attr.Strides, axis, 1)
	if len(p.attr.Paddings) != 0 {
		position -= p.attr.Paddings[axis][0]
	}
	for w := range p.kerDims[axis] {
		if position >= 0 && position%dilation == 0 && position/dilation < p.inDims[axis] {
			p.taps(axis+1, in+position/dilation*p.inSpatial[axis], ker+w*p.kerSpatial[axis], index, tap)
		}
		position += at(p.attr.KernelDilations, axis, 1)
	}
}

func convolve[A numeric](from func(tensor.Tensor) view[A], to func(tensor.Tensor) sink[A]) evalFunc {
	return func(n *ir.Node, in, out []tensor.Tensor) error {
		p, err := planConv(n.Attr.(ir.ConvAttr), in[0].Shape.Dimensions, in[1].Shape.Dimensions, out[0].Shape.Dimensions)
		if err != nil {
			return err
		}
		l := &convLoop[A]{p: p, in: from(in[0]), ker: matrix[A]{view: from(in[1])}, out: to(out[0])}
		index := make([]int, len(p.outDims))
		for b := range p.batch {
			for range product(p.outDims) {
				for g := range p.groups {
					l.pixel(b, g, index)
				}
				next(index, p.outDims)
			}
		}
		return nil
	}
}

type convLoop[A numeric] struct {
	p         *convPlan
	in        view[A]
	ker       matrix[A]
	out       sink[A]
	buf, sums [blockLen]A
}

// pixel computes the output channels of group g at one place.
func (l *convLoop[A]) pixel(b, g int, index []int) {
	p := l.p
	inOff := b*p.inBatch + g*(p.inBatchGroup+p.inChannelGroup)
	outOff := b*p.outBatch + dot(index, p.outSpa) + g*p.outChannels*p.outChannel
	for done := 0; done < p.outChannels; done += blockLen {
		sums := l.sums[:min(blockLen, p.outChannels-done)]
		clear(sums)
		kerOff := (g*p.outChannels + done) * p.kerOut
		p.taps(0, inOff, kerOff, index, func(in, ker int) { l.tap(sums, in, ker) })
		l.out.store(sums, outOff+done*p.outChannel, p.outChannel)
	}
}

// tap adds the products of one kernel position, along the longer of the two channel axes.
func (l *convLoop[A]) tap(sums []A, in, ker int) {
	p := l.p
	for done := 0; done < p.channels; done += blockLen {
		n := min(blockLen, p.channels-done)
		x := l.in.row(l.buf[:], in+done*p.inChannel, p.inChannel, n)
		if len(sums) < n && len(sums) < 16 {
			l.ker.addInner(sums, x, ker+done*p.kerIn, p.kerOut, p.kerIn)
		} else {
			l.ker.addRows(sums, x, ker+done*p.kerIn, p.kerIn, p.kerOut)
		}
	}
}
