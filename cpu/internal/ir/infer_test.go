package ir

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// TestInferKnowsEveryOperation compares the table to the methods of GoMLX's interfaces.
func TestInferKnowsEveryOperation(t *testing.T) {
	lacking := []string{"FusedScaledDotProductAttention", "FusedScaledDotProductAttentionVJP",
		"FusedAttentionQKVProjection", "FusedQuantizedDense", "QuantizedEmbeddingLookup"}
	var names []string
	for _, i := range []reflect.Type{reflect.TypeFor[compute.StandardOps](), reflect.TypeFor[compute.FusedOps]()} {
		for m := range i.NumMethod() {
			names = append(names, i.Method(m).Name)
		}
	}
	known := make(map[string]bool)
	for _, op := range Inferred() {
		known[op.String()] = true
		if !slices.Contains(names, op.String()) {
			t.Errorf("%v is not an operation of GoMLX's interfaces", op)
		}
	}
	for _, name := range names {
		if !known[name] && !slices.Contains(lacking, name) {
			t.Errorf("Infer does not know %s", name)
		}
	}
}

func f32(dims ...int) shapes.Shape { return shapes.Make(dtypes.Float32, dims...) }

func of(d dtypes.DType, dims ...int) shapes.Shape { return shapes.Make(d, dims...) }

// TestInferOwnRules checks what is decided here rather than by GoMLX's shape library.
func TestInferOwnRules(t *testing.T) {
	c64, i32, u64 := dtypes.Complex64, dtypes.Int32, dtypes.Uint64
	for name, c := range map[string]struct {
		op   compute.OpType
		attr any
		in   []shapes.Shape
		want []shapes.Shape // nil for an error
	}{
		"an empty axis wins over one":     {compute.OpTypeAdd, nil, []shapes.Shape{f32(1, 3), f32(0, 3)}, []shapes.Shape{f32(0, 3)}},
		"magnitude":                       {compute.OpTypeAbs, nil, []shapes.Shape{of(c64, 2)}, []shapes.Shape{f32(2)}},
		"real part":                       {compute.OpTypeReal, nil, []shapes.Shape{of(c64, 2)}, []shapes.Shape{f32(2)}},
		"real part of a float":            {compute.OpTypeReal, nil, []shapes.Shape{f32(2)}, []shapes.Shape{f32(2)}},
		"real part of an integer":         {compute.OpTypeReal, nil, []shapes.Shape{of(i32, 2)}, nil},
		"complex":                         {compute.OpTypeComplex, nil, []shapes.Shape{f32(2), f32()}, []shapes.Shape{of(c64, 2)}},
		"complex of integers":             {compute.OpTypeComplex, nil, []shapes.Shape{of(i32), of(i32)}, nil},
		"is NaN":                          {compute.OpTypeIsNaN, nil, []shapes.Shape{f32(2)}, []shapes.Shape{of(dtypes.Bool, 2)}},
		"clamp to scalars":                {compute.OpTypeClamp, nil, []shapes.Shape{f32(), f32(2), f32()}, []shapes.Shape{f32(2)}},
		"clamp to a vector":               {compute.OpTypeClamp, nil, []shapes.Shape{f32(3), f32(2), f32()}, nil},
		"total order":                     {compute.OpTypeNotEqualTotalOrder, nil, []shapes.Shape{f32(2), f32(2)}, []shapes.Shape{of(dtypes.Bool, 2)}},
		"too many inputs":                 {compute.OpTypeNeg, nil, []shapes.Shape{f32(), f32()}, nil},
		"too few inputs":                  {compute.OpTypeConcatenate, ConcatenateAttr{}, nil, nil},
		"gather of implicit index vector": {compute.OpTypeGather, GatherAttr{IndexVectorAxis: 1, OffsetOutputAxes: []int{1}, CollapsedSliceAxes: []int{0}, StartIndexMap: []int{0}, SliceSizes: []int{1, 3}}, []shapes.Shape{f32(5, 3), of(i32, 4)}, []shapes.Shape{f32(4, 3)}},
		"gather by floats":                {compute.OpTypeGather, GatherAttr{IndexVectorAxis: 1, OffsetOutputAxes: []int{1}, CollapsedSliceAxes: []int{0}, StartIndexMap: []int{0}, SliceSizes: []int{1, 3}}, []shapes.Shape{f32(5, 3), f32(4)}, nil},
		"scatter":                         {compute.OpTypeScatterSum, ScatterAttr{IndexVectorAxis: 1, UpdateWindowAxes: []int{1}, InsertedWindowAxes: []int{0}, ScatterAxesToOperandAxes: []int{0}}, []shapes.Shape{f32(5, 3), of(i32, 4, 1), f32(4, 3)}, []shapes.Shape{f32(5, 3)}},
		"scatter of too many updates":     {compute.OpTypeScatterSum, ScatterAttr{IndexVectorAxis: 1, UpdateWindowAxes: []int{1}, InsertedWindowAxes: []int{0}, ScatterAxesToOperandAxes: []int{0}}, []shapes.Shape{f32(5, 3), of(i32, 4, 1), f32(6, 3)}, nil},
		"update larger than the operand":  {compute.OpTypeDynamicUpdateSlice, nil, []shapes.Shape{f32(2), f32(3), of(i32)}, nil},
		"starts of two types":             {compute.OpTypeDynamicSlice, DynamicSliceAttr{Sizes: []int{1, 1}}, []shapes.Shape{f32(2, 2), of(i32), of(u64)}, nil},
		"random state":                    {compute.OpTypeRNGBitGenerator, RNGAttr{Shape: of(dtypes.Uint32, 7)}, []shapes.Shape{of(u64, 3)}, []shapes.Shape{of(u64, 3), of(dtypes.Uint32, 7)}},
		"random state of four":            {compute.OpTypeRNGBitGenerator, RNGAttr{Shape: of(dtypes.Uint32, 7)}, []shapes.Shape{of(u64, 4)}, nil},
		"real transform":                  {compute.OpTypeFFT, FFTAttr{Type: compute.FFTForwardReal, Lengths: []int{7}}, []shapes.Shape{f32(2, 7)}, []shapes.Shape{of(c64, 2, 4)}},
		"its inverse":                     {compute.OpTypeFFT, FFTAttr{Type: compute.FFTInverseReal, Lengths: []int{7}}, []shapes.Shape{of(c64, 2, 4)}, []shapes.Shape{f32(2, 7)}},
		"transform of a wrong length":     {compute.OpTypeFFT, FFTAttr{Type: compute.FFTForward, Lengths: []int{5}}, []shapes.Shape{of(c64, 4)}, nil},
		"batch norm gradient":             {compute.OpTypeBatchNormGradient, BatchNormAttr{Axis: 1}, []shapes.Shape{f32(2, 3), f32(3), f32(3), f32(3), f32(2, 3)}, []shapes.Shape{f32(2, 3), f32(3), f32(3)}},
		"batch norm of a wrong axis":      {compute.OpTypeBatchNormForTraining, BatchNormAttr{Axis: 0}, []shapes.Shape{f32(2, 3), f32(3), f32(3)}, nil},
		"dense":                           {compute.OpTypeFusedDense, DenseAttr{HasBias: true}, []shapes.Shape{f32(2, 3), f32(3, 4, 5), f32(4, 5)}, []shapes.Shape{f32(2, 4, 5)}},
		"largest of nothing":              {compute.OpTypeArgMinMax, ArgMinMaxAttr{DType: i32}, []shapes.Shape{f32(0, 2)}, nil},
		"sum of booleans":                 {compute.OpTypeReduceSum, ReduceAttr{Axes: []int{0}}, []shapes.Shape{of(dtypes.Bool, 2)}, nil},
		"product of the wrong reduction":  {compute.OpTypeReduceWindow, WindowAttr{Window: []int{1}}, []shapes.Shape{f32(2)}, nil},
		"call":                            {compute.OpTypeCall, nil, nil, nil},
	} {
		got, err := Infer(Op(c.op), c.attr, c.in)
		if (err == nil) != (c.want != nil) || !slices.EqualFunc(got, c.want, shapes.Shape.Equal) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, c.want)
		}
		if err != nil && !strings.Contains(err.Error(), c.op.String()+"(") {
			t.Errorf("%s: the error %q does not name the operation", name, err)
		}
	}
}

func TestCheckSize(t *testing.T) {
	for _, c := range []struct {
		s  shapes.Shape
		ok bool
	}{
		{f32(), true}, {f32(1<<20, 1<<20), true}, {f32(1<<22, 1<<22), true}, {f32(1<<22, 1<<22, 2), false},
		{f32(1<<62, 1<<62), false}, {f32(1<<62, 0, 1<<62), true}, {of(dtypes.Int4, 1<<46, 2), true}, {of(dtypes.Int4, 1<<47, 2), false},
		{shapes.Shape{DType: dtypes.Float32, Dimensions: []int{-2}}, false},
		{shapes.MakeDynamic(dtypes.Float32, []int{-1, 1 << 40}, []string{"n", ""}), true},
	} {
		if err := CheckSize(c.s); (err == nil) != c.ok {
			t.Errorf("%v: %v", c.s, err)
		}
	}
}
