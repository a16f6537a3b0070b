package ir

import (
	"github.com/atelier-go/atelier/cpu/internal/kernel/conv"
	"github.com/atelier-go/atelier/cpu/internal/kernel/fused"
	"github.com/atelier-go/atelier/cpu/internal/kernel/pool"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// Static arguments of GoMLX's operations. Operations that are not listed have none. Slices are copies owned by the
// node and are normalised at capture: nil strides, dilations and paddings are spelled out.
type (
	// ParameterAttr: Parameter. Index counts the function's declared parameters, then its captures.
	ParameterAttr struct {
		Index int
		Name  string
	}
	// ConstantAttr: Constant. Data is aligned and must not be written to.
	ConstantAttr struct{ Data []byte }

	// ConvAttr: ConvGeneral(input, kernel).
	ConvAttr struct {
		Axes                            compute.ConvolveAxesConfig
		Strides                         []int
		Paddings                        [][2]int
		InputDilations, KernelDilations []int
		ChannelGroups, BatchGroups      int
	}
	// DotAttr: DotGeneral(lhs, rhs).
	DotAttr struct {
		LhsContracting, LhsBatch, RhsContracting, RhsBatch []int
		Config                                             compute.DotGeneralConfig
	}
	// ReduceAttr: every Reduce* operation. Axes are sorted; all axes are spelled out.
	ReduceAttr struct{ Axes []int }
	// WindowAttr: ReduceWindow(x), SelectAndScatterMax/Min(operand, source); the latter without dilations.
	WindowAttr struct {
		Reduction                       compute.ReduceOpType
		Window, Strides                 []int
		InputDilations, WindowDilations []int
		Paddings                        [][2]int
	}
	// BroadcastAttr: BroadcastInDim(x). Axis i of x becomes axis Axes[i] of the output.
	BroadcastAttr struct {
		Shape shapes.Shape
		Axes  []int
	}
	// ReshapeAttr: Reshape(x).
	ReshapeAttr struct{ Dims []int }
	// DynamicReshapeAttr: DynamicReshape(x, values...). Inputs after the first are those of Specs that have a Value.
	DynamicReshapeAttr struct{ Specs []DynamicDim }
	// DynamicDim is compute.DynamicDimensionSpec; Input is the index among the node's inputs, 0 for none.
	DynamicDim struct {
		Static int
		Name   string
		Input  int
	}
	// TransposeAttr: Transpose(x). Output axis i is x's axis Perm[i].
	TransposeAttr struct{ Perm []int }
	// SliceAttr: Slice(x).
	SliceAttr struct{ Starts, Limits, Strides []int }
	// PadAttr: Pad(x, fill), one entry for each axis of x.
	PadAttr struct{ Axes []compute.PadAxis }
	// ReverseAttr: Reverse(x).
	ReverseAttr struct{ Axes []int }
	// ConcatenateAttr: Concatenate(operands...).
	ConcatenateAttr struct{ Axis int }
	// GatherAttr: Gather(operand, startIndices).
	GatherAttr struct {
		IndexVectorAxis                                                 int
		OffsetOutputAxes, CollapsedSliceAxes, StartIndexMap, SliceSizes []int
		IndicesAreSorted                                                bool
	}
	// ScatterAttr: ScatterSum/Max/Min(operand, indices, updates).
	ScatterAttr struct {
		IndexVectorAxis                                                int
		UpdateWindowAxes, InsertedWindowAxes, ScatterAxesToOperandAxes []int
		IndicesAreSorted, UniqueIndices                                bool
	}
	// DynamicSliceAttr: DynamicSlice(x, starts...). DynamicUpdateSlice(x, update, starts...) has no Attr.
	DynamicSliceAttr struct{ Sizes []int }
	// IotaAttr: Iota().
	IotaAttr struct {
		Shape shapes.Shape
		Axis  int
	}
	// DTypeAttr: ConvertDType(x), Bitcast(x).
	DTypeAttr struct{ DType dtypes.DType }
	// ArgMinMaxAttr: ArgMinMax(x).
	ArgMinMaxAttr struct {
		Axis  int
		DType dtypes.DType
		IsMin bool
	}
	// BatchNormAttr: BatchNormForInference(x, scale, offset, mean, variance), BatchNormForTraining(x, scale, offset),
	// BatchNormGradient(x, scale, mean, variance, gradOutput).
	BatchNormAttr struct {
		Epsilon float32
		Axis    int
	}
	// RNGAttr: RNGBitGenerator(state) -> state, bits of this shape.
	RNGAttr struct{ Shape shapes.Shape }
	// FFTAttr: FFT(x).
	FFTAttr struct {
		Type    compute.FFTType
		Lengths []int
	}
	// DynamicSizeAttr: DynamicDimensionSize(x).
	DynamicSizeAttr struct{ Axis int }
	// SortAttr: Sort(inputs...). The comparator's parameters are the left and the right element of each input in turn.
	SortAttr struct {
		Axis   int
		Stable bool
		Order  *SortOrder // what the comparator amounts to, nil if it is not that simple
	}
	// SortOrder is the order of the numbers of one operand.
	SortOrder struct {
		Operand    int
		Descending bool
	}
	// SoftmaxAttr: FusedSoftmax(x).
	SoftmaxAttr struct{ Axis int }
	// GeluAttr: FusedGelu(x).
	GeluAttr struct{ Exact bool }
	// LayerNormAttr: FusedLayerNorm(x, gamma?, beta?).
	LayerNormAttr struct {
		Axes              []int
		Epsilon           float64
		HasGamma, HasBeta bool
	}
	// DenseAttr: FusedDense(x, weight, bias?).
	DenseAttr struct {
		Config  compute.DenseConfig
		HasBias bool
	}
)

// ConvolutionAttr: OpConv. Epilogue, if there is one, is an elementwise program whose iteration space is the
// convolution's output with the last dimension its channels, whose input 0 is that output and whose Outputs replace
// it as the node's outputs; it runs on rows of the output while they are in cache.
type ConvolutionAttr struct {
	Spec     conv.Spec
	Epilogue *fused.Program
}

// MatMulAttr: OpMatMul(a, b), OpSyrk(a). Inputs are read as Batch matrices with the given strides in elements, so
// transposes cost nothing: C[b,i,j] = Σ_k A[b·BatchA + i·RowA + k·ColA] · B[b·BatchB + k·RowB + j·ColB], C dense.
type MatMulAttr struct {
	Batch, M, N, K     int
	BatchA, RowA, ColA int
	BatchB, RowB, ColB int
}

// PoolKind is what an OpPool computes, and from what.
type PoolKind int

// The kinds of pooling.
const (
	MaxPool         PoolKind = iota // y(x)
	SumPool                         // y(x)
	MaxPoolGradient                 // dx(x, dy): each dy goes to the first maximum of its window, as SelectAndScatterMax
	SumPoolGradient                 // dx(dy)
)

func (k PoolKind) String() string {
	return [...]string{"max", "sum", "max gradient", "sum gradient"}[k]
}

// PoolAttr: OpPool. The node's shapes need not be four-dimensional: they have as many elements, in the same order.
type PoolAttr struct {
	Kind PoolKind
	Spec pool.Spec
}
