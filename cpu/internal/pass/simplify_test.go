package pass

import (
	"math"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// simplified runs the clean-up passes alone.
func simplified(t testing.TB, f *ir.Func) *ir.Func {
	t.Helper()
	return optimise(t, f, "decompose", "pool", "conv", "matmul", "fuse", "epilogue", "order")
}

// TestSimplify lists expressions of x [2 3 1 4] and what they come down to: the operations left besides parameters
// and constants.
func TestSimplify(t *testing.T) {
	const (
		reshape   = compute.OpTypeReshape
		broadcast = compute.OpTypeBroadcastInDim
	)
	unary := func(o compute.OpType) func(*builder, ir.Value) ir.Value {
		return func(b *builder, x ir.Value) ir.Value { return b.do(o, nil, x) }
	}
	type ops = []compute.OpType
	type build = func(b *builder, x ir.Value) ir.Value
	for _, c := range []struct {
		name  string
		build build
		left  ops
	}{
		{"x*1", func(b *builder, x ir.Value) ir.Value { return b.mul(x, b.num(1)) }, nil},
		{"1*x", func(b *builder, x ir.Value) ir.Value { return b.mul(b.num(1), x) }, nil},
		{"x*ones", func(b *builder, x ir.Value) ir.Value { return b.mul(x, b.number(dtypes.Float32, 1, 2, 3, 1, 4)) }, nil},
		{"x*ones keeps the larger shape", func(b *builder, x ir.Value) ir.Value { return b.mul(x, b.number(dtypes.Float32, 1, 2, 3, 2, 4)) }, ops{compute.OpTypeMul}},
		{"x*-1", func(b *builder, x ir.Value) ir.Value { return b.mul(x, b.num(-1)) }, ops{compute.OpTypeNeg}},
		{"x*0 stays: NaN", func(b *builder, x ir.Value) ir.Value { return b.mul(x, b.num(0)) }, ops{compute.OpTypeMul}},
		{"x/1", func(b *builder, x ir.Value) ir.Value { return b.div(x, b.num(1)) }, nil},
		{"x/4", func(b *builder, x ir.Value) ir.Value { return b.div(x, b.num(4)) }, ops{compute.OpTypeMul}},
		{"x/3", func(b *builder, x ir.Value) ir.Value { return b.div(x, b.num(3)) }, ops{compute.OpTypeDiv}},
		{"x+0 stays: -0", func(b *builder, x ir.Value) ir.Value { return b.add(x, b.num(0)) }, ops{compute.OpTypeAdd}},
		{"x+-0", func(b *builder, x ir.Value) ir.Value { return b.add(x, b.num(math.Copysign(0, -1))) }, nil},
		{"x-0", func(b *builder, x ir.Value) ir.Value { return b.sub(x, b.num(0)) }, nil},
		{"x--0 stays", func(b *builder, x ir.Value) ir.Value { return b.sub(x, b.num(math.Copysign(0, -1))) }, ops{compute.OpTypeSub}},
		{"x-x stays: NaN", func(b *builder, x ir.Value) ir.Value { return b.sub(x, x) }, ops{compute.OpTypeSub}},
		{"x+-x", func(b *builder, x ir.Value) ir.Value { return b.add(x, b.do(compute.OpTypeNeg, nil, x)) }, ops{compute.OpTypeSub}},
		{"x^1", func(b *builder, x ir.Value) ir.Value { return b.do(compute.OpTypePow, nil, x, b.num(1)) }, nil},
		{"x^2", func(b *builder, x ir.Value) ir.Value { return b.do(compute.OpTypePow, nil, x, b.num(2)) }, ops{compute.OpTypeMul}},
		{"--x", func(b *builder, x ir.Value) ir.Value {
			return b.do(compute.OpTypeNeg, nil, b.do(compute.OpTypeNeg, nil, x))
		}, nil},
		{"max(x,x)", func(b *builder, x ir.Value) ir.Value { return b.max(x, x) }, nil},
		{"where(c,x,x)", func(b *builder, x ir.Value) ir.Value {
			return b.do(compute.OpTypeWhere, nil, b.positive(x), x, x)
		}, nil},
		{"where(true,x,0)", func(b *builder, x ir.Value) ir.Value {
			return b.do(compute.OpTypeWhere, nil, b.number(dtypes.Bool, 1), x, b.num(0))
		}, nil},
		{"where(false,x,0)", func(b *builder, x ir.Value) ir.Value {
			return b.do(compute.OpTypeWhere, nil, b.number(dtypes.Bool, 0), x, b.num(0))
		}, nil},
		{"c and true", func(b *builder, x ir.Value) ir.Value {
			return b.do(compute.OpTypeLogicalAnd, nil, b.positive(x), b.number(dtypes.Bool, 1))
		}, ops{compute.OpTypeGreaterThan}},
		{"identity", unary(compute.OpTypeIdentity), nil},
		{"to its own type", func(b *builder, x ir.Value) ir.Value {
			return b.do(compute.OpTypeConvertDType, ir.DTypeAttr{DType: dtypes.Float32}, x)
		}, nil},
		{"to float64 and back", func(b *builder, x ir.Value) ir.Value {
			return b.do(compute.OpTypeConvertDType, ir.DTypeAttr{DType: dtypes.Float32}, b.do(compute.OpTypeConvertDType, ir.DTypeAttr{DType: dtypes.Float64}, x))
		}, nil},
		{"to int and back stays", func(b *builder, x ir.Value) ir.Value {
			return b.do(compute.OpTypeConvertDType, ir.DTypeAttr{DType: dtypes.Float32}, b.do(compute.OpTypeConvertDType, ir.DTypeAttr{DType: dtypes.Int32}, x))
		}, ops{compute.OpTypeConvertDType, compute.OpTypeConvertDType}},
		{"transposed twice", func(b *builder, x ir.Value) ir.Value { return b.transpose(b.transpose(x, 3, 0, 1, 2), 1, 2, 3, 0) }, nil},
		{"two transposes are one", func(b *builder, x ir.Value) ir.Value { return b.transpose(b.transpose(x, 3, 0, 1, 2), 0, 2, 1, 3) }, ops{compute.OpTypeTranspose}},
		{"transpose of a 1", func(b *builder, x ir.Value) ir.Value { return b.transpose(x, 0, 1, 3, 2) }, ops{reshape}},
		{"reshaped twice", func(b *builder, x ir.Value) ir.Value { return b.reshape(b.reshape(x, 24), 2, 3, 1, 4) }, nil},
		{"broadcast that adds a 1", func(b *builder, x ir.Value) ir.Value { return b.spread(x, []int{1, 2, 3, 1, 4}, 1, 2, 3, 4) }, ops{reshape}},
		{"two broadcasts are one", func(b *builder, x ir.Value) ir.Value {
			return b.spread(b.spread(x, []int{2, 3, 5, 4}, 0, 1, 2, 3), []int{7, 2, 3, 5, 4}, 1, 2, 3, 4)
		}, ops{broadcast}},
		{"reversed twice", func(b *builder, x ir.Value) ir.Value { return b.reverse(b.reverse(x, 0, 1), 0, 1) }, nil},
		{"reversals partly undone", func(b *builder, x ir.Value) ir.Value { return b.reverse(b.reverse(x, 0, 1), 1, 2, 3) }, ops{compute.OpTypeReverse}},
		{"reverse of a 1", func(b *builder, x ir.Value) ir.Value { return b.reverse(x, 2) }, nil},
		{"reversals meet through a transpose and a reshape", func(b *builder, x ir.Value) ir.Value {
			return b.reverse(b.reshape(b.transpose(b.reverse(x, 1), 1, 0, 2, 3), 3, 8), 0)
		}, ops{compute.OpTypeTranspose, reshape}},
		{"reverse stays where a reshape splits", func(b *builder, x ir.Value) ir.Value { return b.reverse(b.reshape(x, 6, 4), 0) }, ops{reshape, compute.OpTypeReverse}},
		{"whole slice", func(b *builder, x ir.Value) ir.Value {
			return b.do(compute.OpTypeSlice, ir.SliceAttr{Starts: []int{0, 0, 0, 0}, Limits: []int{2, 3, 1, 4}, Strides: []int{1, 1, 1, 1}}, x)
		}, nil},
		{"empty pad", func(b *builder, x ir.Value) ir.Value {
			return b.do(compute.OpTypePad, ir.PadAttr{Axes: make([]compute.PadAxis, 4)}, x, b.num(0))
		}, nil},
		{"pads and slices join", func(b *builder, x ir.Value) ir.Value {
			spread := make([]compute.PadAxis, 4)
			spread[1] = compute.PadAxis{Start: 1, Interior: 1}
			cut := b.do(compute.OpTypeSlice, ir.SliceAttr{Starts: []int{0, 2, 0, 0}, Limits: []int{2, 6, 1, 4}, Strides: []int{1, 1, 1, 1}}, b.do(compute.OpTypePad, ir.PadAttr{Axes: spread}, x, b.num(0)))
			grown := make([]compute.PadAxis, 4)
			grown[1].End, grown[3].Start = 2, 1
			return b.do(compute.OpTypePad, ir.PadAttr{Axes: grown}, cut, b.num(0))
		}, ops{compute.OpTypePad}},
		{"a pad that puts back what another cut stays", func(b *builder, x ir.Value) ir.Value {
			cut, grown := make([]compute.PadAxis, 4), make([]compute.PadAxis, 4)
			cut[1].Start, grown[1].Start = -1, 1
			return b.do(compute.OpTypePad, ir.PadAttr{Axes: grown}, b.do(compute.OpTypePad, ir.PadAttr{Axes: cut}, x, b.num(0)), b.num(0))
		}, ops{compute.OpTypePad, compute.OpTypePad}},
		{"concatenation of one", func(b *builder, x ir.Value) ir.Value {
			return b.do(compute.OpTypeConcatenate, ir.ConcatenateAttr{Axis: 1}, x)
		}, nil},
		{"sum over a 1", func(b *builder, x ir.Value) ir.Value { return b.sum(x, 2) }, ops{reshape}},
		{"sum of a constant", func(b *builder, x ir.Value) ir.Value {
			return b.mul(x, b.sum(b.spread(b.num(0.25), []int{2, 2}), 0, 1))
		}, nil},
		{"constants fold", func(b *builder, x ir.Value) ir.Value { return b.mul(x, b.exp(b.sub(b.num(2), b.num(2)))) }, nil},
		{"scalars are computed before they are spread", func(b *builder, x ir.Value) ir.Value {
			s := b.reshape(b.sum(x, 0, 1, 2, 3))
			return b.add(b.spread(s, []int{50, 20}), b.spread(b.num(3), []int{50, 20}))
		}, ops{compute.OpTypeReduceSum, compute.OpTypeAdd, broadcast}},
		{"equal expressions are one", func(b *builder, x ir.Value) ir.Value { return b.max(b.exp(x), b.exp(x)) }, ops{compute.OpTypeExp}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBuilder(t)
			f := b.returns(c.build(b, b.f32(2, 3, 1, 4)))
			g := simplified(t, f)
			checkSame(t, f, g, 0)
			left := map[compute.OpType]int{}
			for _, n := range g.Nodes {
				left[compute.OpType(n.Op)]++
			}
			delete(left, compute.OpTypeParameter)
			delete(left, compute.OpTypeConstant)
			for _, o := range c.left {
				left[o]--
			}
			for o, n := range left {
				if n != 0 {
					t.Errorf("%+d of %v\n%v", n, o, g)
				}
			}
		})
	}
}

func TestIntegersHaveNoNegativeZero(t *testing.T) {
	b := newBuilder(t)
	x := b.param(dtypes.Int32, 4)
	zero := b.Func.Add(op(compute.OpTypeConstant), ir.ConstantAttr{Data: make([]byte, 4)}, nil, b.do(compute.OpTypeReduceSum, ir.ReduceAttr{Axes: []int{0}}, x).Shape())
	g := simplified(t, b.returns(b.add(x, zero.Value(0))))
	if len(g.Nodes) != 1 {
		t.Errorf("%v", g)
	}
}

// Special values must come out as they went in.
func TestSimplifySpecialValues(t *testing.T) {
	b := newBuilder(t)
	x := b.number(dtypes.Float32, math.Inf(1), 3)
	nan := b.number(dtypes.Float32, math.NaN(), 3)
	negative := b.number(dtypes.Float32, math.Copysign(0, -1), 3)
	y := b.f32(3)
	f := b.returns(b.mul(x, y), b.mul(nan, b.num(0)), b.div(y, b.add(negative, b.num(0))), b.div(b.num(1), b.add(negative, b.num(math.Copysign(0, -1)))))
	checkSame(t, f, simplified(t, f), 0)
}
