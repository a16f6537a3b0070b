package pass

import (
	"bytes"
	"fmt"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
)

// foldLimit is the size in bytes up to which a constant result is kept even if it is larger than what it is computed
// from, and foldInputs the size of inputs above which nothing is computed while compiling.
const (
	foldLimit  = 64 << 10
	foldInputs = 16 << 20
)

// neverFolded are operations that are not evaluated while compiling: those that are inputs or barriers by nature, and
// random bits, whose cost belongs to the run; and products, which the kernels add up in another order than the loops
// that would evaluate them here, so that a result would depend on whether an operand is known.
var neverFolded = map[ir.Op]bool{
	op(compute.OpTypeParameter):           true,
	op(compute.OpTypeConstant):            true,
	op(compute.OpTypeOptimizationBarrier): true,
	op(compute.OpTypeSchedulingBarrier):   true,
	op(compute.OpTypeRNGBitGenerator):     true,
	op(compute.OpTypeDotGeneral):          true,
	op(compute.OpTypeConvGeneral):         true,
	op(compute.OpTypeFusedDense):          true,
}

// evaluator computes one node on the host.
type evaluator func(n *ir.Node, in, out []tensor.Tensor) error

// fold evaluates nodes whose inputs are all constant, unless the result would be large. A broadcast of a constant
// stays a broadcast, so that later passes still see the scalar behind it, and a constant that repeats one element is
// turned into one.
func fold(f *ir.Func, eval evaluator) (changed bool, err error) {
	changed = rewrite(f, func(e *editor, n *ir.Node) ([]ir.Value, bool) {
		if err != nil {
			return nil, false
		}
		if n.Op == op(compute.OpTypeConstant) {
			return splatConstant(e, n)
		}
		if eval == nil || !foldable(n) {
			return nil, false
		}
		in := make([]tensor.Tensor, len(n.Inputs))
		for i, v := range n.Inputs {
			t, ok := constantTensor(v, eval)
			if !ok {
				return nil, false
			}
			in[i] = t
		}
		out := newTensors(n)
		if evalErr := eval(n, in, out); evalErr != nil {
			err = fmt.Errorf("folding %v: %w", n, evalErr)
			return nil, false
		}
		values := make([]ir.Value, len(out))
		for i, t := range out {
			values[i] = e.constant(t.Shape, t.Data)
		}
		return values, true
	})
	return changed, err
}

// foldBroadcasts makes constants of the small broadcasts of constants that are still read as whole arrays, so that no
// run repeats them.
func foldBroadcasts(f *ir.Func, eval evaluator) (changed bool, err error) {
	if eval == nil {
		return false, nil
	}
	changed = rewrite(f, func(e *editor, n *ir.Node) ([]ir.Value, bool) {
		if err != nil || n.Op != op(compute.OpTypeBroadcastInDim) || tensor.ByteSize(n.Shapes[0]) > foldLimit {
			return nil, false
		}
		in, ok := constantTensor(n.Inputs[0], eval)
		if !ok {
			return nil, false
		}
		out := newTensors(n)
		if err = eval(n, []tensor.Tensor{in}, out); err != nil {
			return nil, false
		}
		return []ir.Value{e.constant(out[0].Shape, out[0].Data)}, true
	})
	return changed, err
}

func foldable(n *ir.Node) bool {
	if neverFolded[n.Op] || len(n.Calls) > 0 || n.Op >= ir.OpFused {
		return false
	}
	in, out := 0, 0
	for _, v := range n.Inputs {
		in += tensor.ByteSize(v.Shape())
	}
	for _, s := range n.Shapes {
		out += tensor.ByteSize(s)
	}
	if n.Op == op(compute.OpTypeBroadcastInDim) {
		return out <= in
	}
	return in <= foldInputs && (out <= foldLimit || out <= in)
}

// constantTensor is v's contents if they are known: a constant, or a broadcast or reshape of one.
func constantTensor(v ir.Value, eval evaluator) (tensor.Tensor, bool) {
	n := v.Node
	switch n.Op {
	case op(compute.OpTypeConstant):
		return tensor.Tensor{Shape: v.Shape(), Data: n.Attr.(ir.ConstantAttr).Data}, true
	case op(compute.OpTypeReshape):
		t, ok := constantTensor(n.Inputs[0], eval)
		return tensor.Tensor{Shape: v.Shape(), Data: t.Data}, ok
	case op(compute.OpTypeBroadcastInDim):
		if tensor.ByteSize(v.Shape()) > foldLimit {
			return tensor.Tensor{}, false
		}
		t, ok := constantTensor(n.Inputs[0], eval)
		if !ok {
			return t, false
		}
		out := newTensors(n)
		err := eval(n, []tensor.Tensor{t}, out)
		return out[0], err == nil
	}
	return tensor.Tensor{}, false
}

func newTensors(n *ir.Node) []tensor.Tensor {
	out := make([]tensor.Tensor, len(n.Shapes))
	for i, s := range n.Shapes {
		out[i] = tensor.New(s)
	}
	return out
}

// splatConstant turns an array whose elements all have the same bits into a broadcast of one element.
func splatConstant(e *editor, n *ir.Node) ([]ir.Value, bool) {
	s := n.Shapes[0]
	data := n.Attr.(ir.ConstantAttr).Data
	size := s.Size()
	if size < 2 || len(data)%size != 0 {
		return nil, false
	}
	width := len(data) / size
	if !bytes.Equal(data[width:], data[:len(data)-width]) {
		return nil, false
	}
	one := tensor.New(shapes.Make(s.DType))
	copy(one.Data, data[:width])
	return []ir.Value{e.splatTo(e.constant(one.Shape, one.Data), s.Dimensions)}, true
}
