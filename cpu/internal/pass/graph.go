package pass

import (
	"math"
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/compute/shapes"
)

// op names GoMLX's operations as the graph's own type.
func op(o compute.OpType) ir.Op { return ir.Op(o) }

// editor rebuilds a function's node list while a pass walks over it.
type editor struct {
	f     *ir.Func
	nodes []*ir.Node
	with  map[ir.Value]ir.Value
}

// rewrite visits every node in order, its inputs already rewritten. A rule either keeps the node (false), after
// possibly changing it in place, or gives one value for each of its outputs; nodes that the rule adds come before the
// node, so the order stays topological. It reports whether any node was replaced.
func rewrite(f *ir.Func, rule func(e *editor, n *ir.Node) ([]ir.Value, bool)) bool {
	e := &editor{f: f, nodes: make([]*ir.Node, 0, len(f.Nodes)), with: map[ir.Value]ir.Value{}}
	for _, n := range f.Nodes {
		for i, in := range n.Inputs {
			n.Inputs[i] = e.value(in)
		}
		out, replaced := rule(e, n)
		if !replaced {
			e.nodes = append(e.nodes, n)
			continue
		}
		for i, v := range out {
			e.with[n.Value(i)] = v
		}
	}
	for i, out := range f.Outputs {
		f.Outputs[i] = e.value(out)
	}
	f.Nodes = e.nodes
	f.Renumber()
	return len(e.with) > 0
}

// value is what v has become.
func (e *editor) value(v ir.Value) ir.Value {
	if w, ok := e.with[v]; ok {
		return w
	}
	return v
}

// add appends a node with one output and returns that.
func (e *editor) add(o compute.OpType, attr any, out shapes.Shape, inputs ...ir.Value) ir.Value {
	return e.addNode(op(o), attr, inputs, out).Value(0)
}

func (e *editor) addNode(o ir.Op, attr any, inputs []ir.Value, out ...shapes.Shape) *ir.Node {
	n := &ir.Node{ID: -1, Op: o, Attr: attr, Inputs: inputs, Shapes: out}
	e.nodes = append(e.nodes, n)
	return n
}

// reshape gives v the dimensions dims.
func (e *editor) reshape(v ir.Value, dims ...int) ir.Value {
	if slices.Equal(v.Shape().Dimensions, dims) {
		return v
	}
	return e.add(compute.OpTypeReshape, ir.ReshapeAttr{Dims: slices.Clone(dims)}, shapes.Make(v.Shape().DType, dims...), v)
}

// transpose permutes v's axes; output axis i is v's axis perm[i].
func (e *editor) transpose(v ir.Value, perm ...int) ir.Value {
	dims := permuted(v.Shape().Dimensions, perm)
	if movesOnlyOnes(v.Shape().Dimensions, perm) {
		return e.reshape(v, dims...)
	}
	return e.add(compute.OpTypeTranspose, ir.TransposeAttr{Perm: slices.Clone(perm)}, shapes.Make(v.Shape().DType, dims...), v)
}

// reverse flips v along axes.
func (e *editor) reverse(v ir.Value, axes ...int) ir.Value {
	axes = slices.DeleteFunc(slices.Clone(axes), func(a int) bool { return v.Shape().Dimensions[a] <= 1 })
	if len(axes) == 0 {
		return v
	}
	slices.Sort(axes)
	return e.add(compute.OpTypeReverse, ir.ReverseAttr{Axes: axes}, v.Shape(), v)
}

// broadcast spreads v over dims, its axis i becoming axes[i].
func (e *editor) broadcast(v ir.Value, dims []int, axes []int) ir.Value {
	if slices.Equal(v.Shape().Dimensions, dims) {
		return v
	}
	s := shapes.Make(v.Shape().DType, dims...)
	return e.add(compute.OpTypeBroadcastInDim, ir.BroadcastAttr{Shape: s, Axes: slices.Clone(axes)}, s, v)
}

// splatTo spreads the only element of v over dims.
func (e *editor) splatTo(v ir.Value, dims []int) ir.Value {
	return e.broadcast(e.reshape(v), dims, nil)
}

// constant adds a constant of the given shape.
func (e *editor) constant(s shapes.Shape, data []byte) ir.Value {
	return e.add(compute.OpTypeConstant, ir.ConstantAttr{Data: data}, s)
}

// scalar adds a floating-point constant of rank 0; dtype is Float32 or Float64.
func (e *editor) scalar(dtype dtypes.DType, x float64) ir.Value {
	t := tensor.New(shapes.Make(dtype))
	if dtype == dtypes.Float64 {
		tensor.Of[float64](t)[0] = x
	} else {
		tensor.Of[float32](t)[0] = float32(x)
	}
	return e.constant(t.Shape, t.Data)
}

func permuted(dims, perm []int) []int {
	out := make([]int, len(perm))
	for i, p := range perm {
		out[i] = dims[p]
	}
	return out
}

// movesOnlyOnes reports whether perm keeps the order of the axes longer than 1, so that no element moves.
func movesOnlyOnes(dims, perm []int) bool {
	last := -1
	for _, p := range perm {
		if dims[p] == 1 {
			continue
		}
		if p < last {
			return false
		}
		last = p
	}
	return true
}

// longAxes are the axes longer than 1.
func longAxes(dims []int) []int {
	var axes []int
	for i, d := range dims {
		if d != 1 {
			axes = append(axes, i)
		}
	}
	return axes
}

// squeezed is dims without its ones.
func squeezed(dims []int) []int {
	return slices.DeleteFunc(slices.Clone(dims), func(d int) bool { return d == 1 })
}

// rowMajor are the strides of a dense array.
func rowMajor(dims []int) []int {
	strides := make([]int, len(dims))
	n := 1
	for i := len(dims) - 1; i >= 0; i-- {
		strides[i] = n
		n *= dims[i]
	}
	return strides
}

func product(dims ...int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

func isFloat(d dtypes.DType) bool { return d == dtypes.Float32 || d == dtypes.Float64 }

// splatBase follows v through broadcasts and reshapes to a value with a single element that fills it, if there is one.
func splatBase(v ir.Value) (ir.Value, bool) {
	for {
		if v.Shape().Size() == 1 {
			if o := v.Node.Op; o != op(compute.OpTypeReshape) && o != op(compute.OpTypeBroadcastInDim) {
				return v, true
			}
		}
		switch v.Node.Op {
		case op(compute.OpTypeBroadcastInDim), op(compute.OpTypeReshape):
			if v.Shape().Size() == 0 {
				return v, false
			}
			v = v.Node.Inputs[0]
		default:
			return v, false
		}
	}
}

// constantScalar is the number that fills v, when v is known to be one constant everywhere and float64 holds it
// exactly.
func constantScalar(v ir.Value) (float64, bool) {
	base, ok := splatBase(v)
	if !ok || base.Node.Op != op(compute.OpTypeConstant) {
		return 0, false
	}
	return scalarAt(base.Shape().DType, base.Node.Attr.(ir.ConstantAttr).Data)
}

// scalarAt reads the first element of data.
func scalarAt(d dtypes.DType, data []byte) (float64, bool) {
	const exact = 1 << 53
	var i int64
	switch d {
	case dtypes.Float32:
		return float64(tensor.View[float32](data)[0]), true
	case dtypes.Float64:
		return tensor.View[float64](data)[0], true
	case dtypes.Float16:
		return float64(tensor.View[float16.Float16](data)[0].Float32()), true
	case dtypes.BFloat16:
		return float64(tensor.View[bfloat16.BFloat16](data)[0].Float32()), true
	case dtypes.Bool, dtypes.Uint8:
		i = int64(data[0])
	case dtypes.Int8:
		i = int64(int8(data[0]))
	case dtypes.Int16:
		i = int64(tensor.View[int16](data)[0])
	case dtypes.Uint16:
		i = int64(tensor.View[uint16](data)[0])
	case dtypes.Int32:
		i = int64(tensor.View[int32](data)[0])
	case dtypes.Uint32:
		i = int64(tensor.View[uint32](data)[0])
	case dtypes.Int64:
		i = tensor.View[int64](data)[0]
	case dtypes.Uint64:
		u := tensor.View[uint64](data)[0]
		return float64(u), u <= exact
	default:
		return 0, false
	}
	return float64(i), i <= exact && i >= -exact
}

// isNumber reports whether v is everywhere the constant x; -0 and 0 are different numbers.
func isNumber(v ir.Value, x float64) bool {
	c, ok := constantScalar(v)
	return ok && c == x && math.Signbit(c) == math.Signbit(x)
}

// sortNodes restores topological order after nodes were added anywhere, moving as little as possible: nodes come in
// the order of the list, each after what it needs.
func sortNodes(f *ir.Func) {
	done := make(map[*ir.Node]bool, len(f.Nodes))
	sorted := make([]*ir.Node, 0, len(f.Nodes))
	var visit func(n *ir.Node)
	visit = func(n *ir.Node) {
		if done[n] {
			return
		}
		done[n] = true
		for _, in := range n.Inputs {
			visit(in.Node)
		}
		sorted = append(sorted, n)
	}
	for _, n := range f.Nodes {
		visit(n)
	}
	f.Nodes = sorted
	f.Renumber()
}
