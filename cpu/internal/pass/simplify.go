package pass

import (
	"math"
	"slices"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// simplifyRule gives the value that can stand for a node's only output.
type simplifyRule func(e *editor, n *ir.Node) (ir.Value, bool)

// simplifyRules by operation. Every rule keeps the bits of the result, NaN and the sign of zero included, with one
// exception that is stated where it is made (sumOfConstant).
var simplifyRules map[ir.Op][]simplifyRule

func init() {
	simplifyRules = map[ir.Op][]simplifyRule{}
	on := func(o compute.OpType, rules ...simplifyRule) {
		simplifyRules[op(o)] = append(simplifyRules[op(o)], rules...)
	}
	on(compute.OpTypeIdentity, func(_ *editor, n *ir.Node) (ir.Value, bool) { return n.Inputs[0], true })
	on(compute.OpTypeAdd, neutral(math.Copysign(0, -1), true), addOfNeg)
	on(compute.OpTypeSub, neutral(0, false))
	on(compute.OpTypeMul, neutral(1, true), mulByMinusOne)
	on(compute.OpTypeDiv, neutral(1, false), divByPowerOfTwo)
	on(compute.OpTypePow, neutral(1, false), square)
	on(compute.OpTypeMax, sameOperands)
	on(compute.OpTypeMin, sameOperands)
	on(compute.OpTypeLogicalAnd, sameOperands, logicalConstant(true))
	on(compute.OpTypeLogicalOr, sameOperands, logicalConstant(false))
	on(compute.OpTypeNeg, undo(compute.OpTypeNeg))
	on(compute.OpTypeLogicalNot, undo(compute.OpTypeLogicalNot))
	on(compute.OpTypeBitwiseNot, undo(compute.OpTypeBitwiseNot))
	on(compute.OpTypeWhere, whereConstant)
	on(compute.OpTypeConvertDType, convertNothing, convertBack)
	for _, o := range []compute.OpType{compute.OpTypeReduceSum, compute.OpTypeReduceProduct, compute.OpTypeReduceMax,
		compute.OpTypeReduceMin, compute.OpTypeReduceLogicalAnd, compute.OpTypeReduceLogicalOr,
		compute.OpTypeReduceLogicalXor, compute.OpTypeReduceBitwiseAnd, compute.OpTypeReduceBitwiseOr,
		compute.OpTypeReduceBitwiseXor} {
		on(o, reduceNothing)
	}
	on(compute.OpTypeReduceSum, sumOfConstant)
	addMovementRules(on)
	for o := range elementwise {
		simplifyRules[o] = append(simplifyRules[o], hoistSplat)
	}
}

// simplify applies the rules once to every node.
func simplify(f *ir.Func) bool {
	return rewrite(f, func(e *editor, n *ir.Node) ([]ir.Value, bool) {
		for _, rule := range simplifyRules[n.Op] {
			if v, ok := rule(e, n); ok {
				return []ir.Value{v}, true
			}
		}
		return nil, false
	})
}

// neutral drops an operation whose right operand (or left, if it commutes) changes nothing. For integers, where zero
// has no sign, both zeros count. x + 0 is not dropped for floats: it turns -0 into 0.
func neutral(x float64, commutes bool) simplifyRule {
	return func(_ *editor, n *ir.Node) (ir.Value, bool) {
		isNeutral := func(v ir.Value) bool {
			if x == 0 && v.Shape().DType.IsInt() {
				return isNumber(v, 0)
			}
			return isNumber(v, x)
		}
		a, b := n.Inputs[0], n.Inputs[1]
		if isNeutral(b) && a.Shape().Equal(n.Shapes[0]) {
			return a, true
		}
		if commutes && isNeutral(a) && b.Shape().Equal(n.Shapes[0]) {
			return b, true
		}
		return ir.Value{}, false
	}
}

// addOfNeg: a + (-b) = a - b.
func addOfNeg(e *editor, n *ir.Node) (ir.Value, bool) {
	if !isFloat(n.Shapes[0].DType) {
		return ir.Value{}, false
	}
	a, b := n.Inputs[0], n.Inputs[1]
	if a.Node.Op == op(compute.OpTypeNeg) && b.Node.Op != op(compute.OpTypeNeg) {
		a, b = b, a
	}
	if b.Node.Op != op(compute.OpTypeNeg) {
		return ir.Value{}, false
	}
	return e.add(compute.OpTypeSub, nil, n.Shapes[0], a, b.Node.Inputs[0]), true
}

// mulByMinusOne: -1·x = -x.
func mulByMinusOne(e *editor, n *ir.Node) (ir.Value, bool) {
	if !isFloat(n.Shapes[0].DType) {
		return ir.Value{}, false
	}
	for i, v := range n.Inputs {
		if x := n.Inputs[1-i]; isNumber(v, -1) && x.Shape().Equal(n.Shapes[0]) {
			return e.add(compute.OpTypeNeg, nil, n.Shapes[0], x), true
		}
	}
	return ir.Value{}, false
}

// divByPowerOfTwo: x/c = x·(1/c) where 1/c is exact.
func divByPowerOfTwo(e *editor, n *ir.Node) (ir.Value, bool) {
	x, d := n.Inputs[0], n.Inputs[1]
	c, ok := constantScalar(d)
	if !ok || !isFloat(n.Shapes[0].DType) {
		return ir.Value{}, false
	}
	if frac, exp := math.Frexp(c); math.Abs(frac) != 0.5 || exp < -100 || exp > 100 {
		return ir.Value{}, false
	}
	inverse := e.splatTo(e.scalar(n.Shapes[0].DType, 1/c), d.Shape().Dimensions)
	return e.add(compute.OpTypeMul, nil, n.Shapes[0], x, inverse), true
}

// square: x² = x·x.
func square(e *editor, n *ir.Node) (ir.Value, bool) {
	x := n.Inputs[0]
	if !isFloat(n.Shapes[0].DType) || !isNumber(n.Inputs[1], 2) || !x.Shape().Equal(n.Shapes[0]) {
		return ir.Value{}, false
	}
	return e.add(compute.OpTypeMul, nil, n.Shapes[0], x, x), true
}

// sameOperands: op(x, x) = x.
func sameOperands(_ *editor, n *ir.Node) (ir.Value, bool) {
	return n.Inputs[0], n.Inputs[0] == n.Inputs[1]
}

// logicalConstant drops an operand that is the constant neutral.
func logicalConstant(neutral bool) simplifyRule {
	return func(_ *editor, n *ir.Node) (ir.Value, bool) {
		for i, v := range n.Inputs {
			c, ok := constantScalar(v)
			if x := n.Inputs[1-i]; ok && (c != 0) == neutral && x.Shape().Equal(n.Shapes[0]) {
				return x, true
			}
		}
		return ir.Value{}, false
	}
}

// undo: op(op(x)) = x.
func undo(o compute.OpType) simplifyRule {
	return func(_ *editor, n *ir.Node) (ir.Value, bool) {
		inner := n.Inputs[0].Node
		if inner.Op != op(o) {
			return ir.Value{}, false
		}
		return inner.Inputs[0], true
	}
}

// whereConstant picks a side that is known.
func whereConstant(e *editor, n *ir.Node) (ir.Value, bool) {
	pick := n.Inputs[1]
	if n.Inputs[1] != n.Inputs[2] {
		c, ok := constantScalar(n.Inputs[0])
		if !ok {
			return ir.Value{}, false
		}
		if c == 0 {
			pick = n.Inputs[2]
		}
	}
	if pick.Shape().Equal(n.Shapes[0]) {
		return pick, true
	}
	if pick.Shape().Size() == 1 {
		return e.splatTo(pick, n.Shapes[0].Dimensions), true
	}
	return ir.Value{}, false
}

// convertNothing drops a conversion to the type that the value already has.
func convertNothing(_ *editor, n *ir.Node) (ir.Value, bool) {
	return n.Inputs[0], n.Inputs[0].Shape().DType == n.Shapes[0].DType
}

// holds lists conversions that lose nothing, so that converting back gives the same bits.
var holds = map[dtypes.DType][]dtypes.DType{
	dtypes.Float16:  {dtypes.Float32, dtypes.Float64},
	dtypes.BFloat16: {dtypes.Float32, dtypes.Float64},
	dtypes.Float32:  {dtypes.Float64},
	dtypes.Bool:     {dtypes.Int8, dtypes.Uint8, dtypes.Int32, dtypes.Int64, dtypes.Float32, dtypes.Float64},
	dtypes.Int32:    {dtypes.Int64, dtypes.Float64},
	dtypes.Uint8:    {dtypes.Int32, dtypes.Int64, dtypes.Float32, dtypes.Float64},
}

// convertBack: a conversion to a wider type and back is nothing.
func convertBack(_ *editor, n *ir.Node) (ir.Value, bool) {
	inner := n.Inputs[0].Node
	if inner.Op != op(compute.OpTypeConvertDType) {
		return ir.Value{}, false
	}
	x := inner.Inputs[0]
	from := x.Shape().DType
	return x, from == n.Shapes[0].DType && slices.Contains(holds[from], inner.Shapes[0].DType)
}

// reduceNothing: reducing axes of length 1 only drops them.
func reduceNothing(e *editor, n *ir.Node) (ir.Value, bool) {
	x := n.Inputs[0]
	for _, a := range n.Attr.(ir.ReduceAttr).Axes {
		if x.Shape().Dimensions[a] != 1 {
			return ir.Value{}, false
		}
	}
	return e.reshape(x, n.Shapes[0].Dimensions...), true
}

// sumOfConstant: the sum of n times c is n·c, rounded once; adding up would round at every step.
func sumOfConstant(e *editor, n *ir.Node) (ir.Value, bool) {
	s := n.Inputs[0].Shape()
	c, ok := constantScalar(n.Inputs[0])
	if !ok || !isFloat(s.DType) || s.Size() == 0 {
		return ir.Value{}, false
	}
	total := c * float64(s.Size()/n.Shapes[0].Size())
	return e.splatTo(e.scalar(s.DType, total), n.Shapes[0].Dimensions), true
}

// hoistSplat computes an elementwise operation on scalars when every operand repeats one scalar, and repeats the
// result instead.
func hoistSplat(e *editor, n *ir.Node) (ir.Value, bool) {
	if n.Shapes[0].Size() <= 1 {
		return ir.Value{}, false
	}
	in := make([]ir.Value, len(n.Inputs))
	for i, v := range n.Inputs {
		base, ok := splatBase(v)
		if !ok {
			return ir.Value{}, false
		}
		in[i] = base
	}
	for i, v := range in {
		in[i] = e.reshape(v)
	}
	one := e.addNode(n.Op, n.Attr, in, shapes.Make(n.Shapes[0].DType)).Value(0)
	return e.splatTo(one, n.Shapes[0].Dimensions), true
}
