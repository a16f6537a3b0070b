package ref

import (
	"fmt"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
)

// windowPlan places windows over an operand. Along axis a, tap w of window o reads position
// o·stride + w·windowDilation - paddingLow of the operand with inputDilation-1 holes between its elements; padding
// and holes do not take part. Trailing axes with windows of one element, as the channels of images, form a run.
type windowPlan struct {
	dims, out []int // of the operand and of the windows, without the run
	strides   []int // of the operand, in elements
	attr      ir.WindowAttr
	run       int
}

func planWindows(attr ir.WindowAttr, dims, out []int) (*windowPlan, error) {
	rank := len(dims)
	if len(out) != rank || len(attr.Window) != rank || len(attr.Strides) != rank || len(attr.Paddings) != rank ||
		len(attr.InputDilations) != 0 && len(attr.InputDilations) != rank ||
		len(attr.WindowDilations) != 0 && len(attr.WindowDilations) != rank {
		return nil, fmt.Errorf("window %v, strides %v, dilations %v and %v, paddings %v for rank %d",
			attr.Window, attr.Strides, attr.InputDilations, attr.WindowDilations, attr.Paddings, rank)
	}
	p := &windowPlan{dims: dims, out: out, strides: stridesOf(dims), attr: attr, run: 1}
	for axis := range rank {
		if attr.Window[axis] < 1 || attr.Strides[axis] < 1 || p.inputDilation(axis) < 1 || p.windowDilation(axis) < 1 {
			return nil, fmt.Errorf("window %v, strides %v and dilations %v and %v must be positive",
				attr.Window, attr.Strides, attr.InputDilations, attr.WindowDilations)
		}
	}
	for axis := rank - 1; axis >= 0 && p.trivial(axis); axis-- {
		p.run *= dims[axis]
		p.dims, p.out = dims[:axis], out[:axis]
	}
	return p, nil
}

func (p *windowPlan) trivial(axis int) bool {
	return p.attr.Window[axis] == 1 && p.attr.Strides[axis] == 1 && p.inputDilation(axis) == 1 &&
		p.attr.Paddings[axis] == [2]int{} && p.dims[axis] == p.out[axis]
}

func (p *windowPlan) inputDilation(axis int) int {
	if len(p.attr.InputDilations) == 0 {
		return 1
	}
	return p.attr.InputDilations[axis]
}

func (p *windowPlan) windowDilation(axis int) int {
	if len(p.attr.WindowDilations) == 0 {
		return 1
	}
	return p.attr.WindowDilations[axis]
}

// each calls tap, in row-major order, with the offset of every run that the window at index covers.
func (p *windowPlan) each(index []int, tap func(off int)) { p.along(0, 0, index, tap) }

func (p *windowPlan) along(axis, off int, index []int, tap func(off int)) {
	if axis == len(p.dims) {
		tap(off)
		return
	}
	dilation := p.inputDilation(axis)
	position := index[axis]*p.attr.Strides[axis] - p.attr.Paddings[axis][0]
	for range p.attr.Window[axis] {
		if position >= 0 && position%dilation == 0 && position/dilation < p.dims[axis] {
			p.along(axis+1, off+position/dilation*p.strides[axis], index, tap)
		}
		position += p.windowDilation(axis)
	}
}

// chooseReduceWindow covers ReduceWindow. A window that covers no element gives what chooseReduce gives for none.
func chooseReduceWindow(n *ir.Node) evalFunc {
	op, dt := n.Attr.(ir.WindowAttr).Reduction, n.Shapes[0].DType
	if !likeOutput(n) {
		return nil
	}
	switch classOf(dt) {
	case classFloat:
		return reduceWindow(floatReducer(op), floatView, floatSink)
	case classInt:
		return reduceWindow(intReducer(op, dt), intView, intSink)
	case classUint:
		return reduceWindow(uintReducer(op, dt), uintView, uintSink)
	case classComplex:
		return reduceWindow(complexReducer(op), complexView, complexSink)
	}
	return nil
}

func reduceWindow[A any](r *reducer[A], from func(tensor.Tensor) view[A], to func(tensor.Tensor) sink[A]) evalFunc {
	if r == nil {
		return nil
	}
	return func(n *ir.Node, in, out []tensor.Tensor) error {
		p, err := planWindows(n.Attr.(ir.WindowAttr), in[0].Shape.Dimensions, out[0].Shape.Dimensions)
		if err != nil {
			return err
		}
		x, dst := from(in[0]), to(out[0])
		var buf, bufAcc [blockLen]A
		index := make([]int, len(p.out))
		for i := range product(p.out) {
			for done := 0; done < p.run; done += blockLen {
				n := min(blockLen, p.run-done)
				acc := dst.row(bufAcc[:], i*p.run+done, n)
				fill(acc, r.init)
				p.each(index, func(off int) { r.merge(acc, x.row(buf[:], off+done, 1, n)) })
				dst.put(acc, i*p.run+done)
			}
			next(index, p.out)
		}
		return nil
	}
}

// chooseSelectAndScatter covers SelectAndScatterMax and Min(operand, source): each source value is added to the
// output at the largest or smallest element of its window, the first of equal ones; the first NaN is selected before
// any number. The value of a window that covers no element is dropped. Sums are rounded to the dtype at each addition.
func chooseSelectAndScatter(n *ir.Node) evalFunc {
	isMin := compute.OpType(n.Op) == compute.OpTypeSelectAndScatterMin
	if !likeOutput(n) {
		return nil
	}
	switch classOf(n.Shapes[0].DType) {
	case classFloat:
		if isMin {
			return selectAndScatter(floatView, floatSink, func(x, best float64) bool { return x < best || x != x && best == best })
		}
		return selectAndScatter(floatView, floatSink, func(x, best float64) bool { return x > best || x != x && best == best })
	case classInt:
		return selectAndScatter(intView, intSink, better[int64](isMin))
	case classUint:
		return selectAndScatter(uintView, uintSink, better[uint64](isMin))
	}
	return nil
}

func selectAndScatter[A realNumber](from func(tensor.Tensor) view[A], to func(tensor.Tensor) sink[A], better func(x, best A) bool) evalFunc {
	return func(n *ir.Node, in, out []tensor.Tensor) error {
		p, err := planWindows(n.Attr.(ir.WindowAttr), in[0].Shape.Dimensions, in[1].Shape.Dimensions)
		if err != nil {
			return err
		}
		if err := sameSize(in[0], out[0]); err != nil {
			return err
		}
		clear(out[0].Data)
		x, source, sums, dst := from(in[0]), from(in[1]), from(out[0]), to(out[0])
		var buf, best [blockLen]A
		var selected [blockLen]int
		index := make([]int, len(p.out))
		for i := range product(p.out) {
			for done := 0; done < p.run; done += blockLen {
				n, first := min(blockLen, p.run-done), true
				p.each(index, func(off int) {
					for j, v := range x.row(buf[:], off+done, 1, n) {
						if first || better(v, best[j]) {
							best[j], selected[j] = v, off+done+j
						}
					}
					first = false
				})
				if first {
					continue
				}
				for j, v := range source.row(buf[:], i*p.run+done, 1, n) {
					dst.store([]A{sums.at(selected[j]) + v}, selected[j], 1)
				}
			}
			next(index, p.out)
		}
		return nil
	}
}
