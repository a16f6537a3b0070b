package ref

import (
	"math/rand/v2"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	_ "github.com/gomlx/compute/gobackend" // the oracle
	"github.com/gomlx/compute/shapes"
)

// oracle runs one operation on GoMLX's Go backend.
func oracle(t *testing.T, backend compute.Backend, in []tensor.Tensor, build func(f compute.Function, p []compute.Value) (compute.Value, error)) tensor.Tensor {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	builder := backend.Builder("oracle")
	f := builder.Main()
	params, buffers := make([]compute.Value, len(in)), make([]compute.Buffer, len(in))
	for i, x := range in {
		var err error
		params[i], err = f.Parameter(string(rune('a'+i)), x.Shape, nil)
		must(err)
		buffers[i], err = backend.BufferFromFlatData(0, x.Flat(), x.Shape)
		must(err)
	}
	y, err := build(f, params)
	must(err)
	must(f.Return([]compute.Value{y}, nil))
	program, err := builder.Compile()
	must(err)
	results, err := program.Execute(buffers, make([]bool, len(in)), 0)
	must(err)
	shape, err := results[0].Shape()
	must(err)
	out := tensor.New(shape)
	must(results[0].ToFlatData(out.Flat()))
	return out
}

// TestOracle compares with GoMLX's Go backend where that is right: finite numbers and windows without dilated padding.
func TestOracle(t *testing.T) {
	backend, err := compute.NewWithConfig("go")
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(11, 11))
	for _, dt := range []dtypes.DType{dtypes.Float32, dtypes.Float64, dtypes.Int32} {
		x, y := randomTensor(rng, dt, []int{3, 1, 5}), randomTensor(rng, dt, []int{3, 4, 1})
		pair := []tensor.Tensor{x, y}
		compare := func(op compute.OpType, attr any, in []tensor.Tensor, build func(f compute.Function, p []compute.Value) (compute.Value, error)) {
			t.Helper()
			want := oracle(t, backend, in, build)
			got := eval1(t, op, attr, want.Shape, in...)
			if dt.IsFloat() && want.Shape.DType.IsFloat() {
				near(t, op.String(), got, floatsOf(want), 1e-6)
			} else {
				check(t, op.String(), got, want)
			}
		}
		for op, build := range map[compute.OpType]func(f compute.Function, p []compute.Value) (compute.Value, error){
			compute.OpTypeAdd:      func(f compute.Function, p []compute.Value) (compute.Value, error) { return f.Add(p[0], p[1]) },
			compute.OpTypeSub:      func(f compute.Function, p []compute.Value) (compute.Value, error) { return f.Sub(p[0], p[1]) },
			compute.OpTypeMul:      func(f compute.Function, p []compute.Value) (compute.Value, error) { return f.Mul(p[0], p[1]) },
			compute.OpTypeMax:      func(f compute.Function, p []compute.Value) (compute.Value, error) { return f.Max(p[0], p[1]) },
			compute.OpTypeLessThan: func(f compute.Function, p []compute.Value) (compute.Value, error) { return f.LessThan(p[0], p[1]) },
			compute.OpTypeEqual:    func(f compute.Function, p []compute.Value) (compute.Value, error) { return f.Equal(p[0], p[1]) },
		} {
			compare(op, nil, pair, build)
		}
		if dt.IsFloat() {
			for op, build := range map[compute.OpType]func(f compute.Function, p []compute.Value) (compute.Value, error){
				compute.OpTypeExp:      func(f compute.Function, p []compute.Value) (compute.Value, error) { return f.Exp(p[0]) },
				compute.OpTypeTanh:     func(f compute.Function, p []compute.Value) (compute.Value, error) { return f.Tanh(p[0]) },
				compute.OpTypeErf:      func(f compute.Function, p []compute.Value) (compute.Value, error) { return f.Erf(p[0]) },
				compute.OpTypeLogistic: func(f compute.Function, p []compute.Value) (compute.Value, error) { return f.Logistic(p[0]) },
				compute.OpTypeCos:      func(f compute.Function, p []compute.Value) (compute.Value, error) { return f.Cos(p[0]) },
			} {
				compare(op, nil, pair[:1], build)
			}
		}
		compare(compute.OpTypeReduceSum, ir.ReduceAttr{Axes: []int{0, 2}}, pair[:1], func(f compute.Function, p []compute.Value) (compute.Value, error) {
			return f.ReduceSum(p[0], 0, 2)
		})
		dot := ir.DotAttr{LhsBatch: []int{0}, RhsBatch: []int{0}, LhsContracting: []int{1}, RhsContracting: []int{2}}
		compare(compute.OpTypeDotGeneral, dot, pair, func(f compute.Function, p []compute.Value) (compute.Value, error) {
			return f.DotGeneral(p[0], []int{1}, []int{0}, p[1], []int{2}, []int{0}, compute.DotGeneralConfig{})
		})
		compareWindows(rng, dt, compare)
	}
}

func compareWindows(rng *rand.Rand, dt dtypes.DType, compare func(compute.OpType, any, []tensor.Tensor, func(compute.Function, []compute.Value) (compute.Value, error))) {
	image, kernel := randomTensor(rng, dt, []int{2, 9, 8, 4}), randomTensor(rng, dt, []int{3, 2, 4, 6})
	axes := compute.ConvolveAxesConfig{
		InputBatch: 0, InputChannels: 3, InputSpatial: []int{1, 2}, KernelInputChannels: 2, KernelOutputChannels: 3,
		KernelSpatial: []int{0, 1}, OutputBatch: 0, OutputChannels: 3, OutputSpatial: []int{1, 2},
	}
	conv := ir.ConvAttr{Axes: axes, Strides: []int{2, 1}, Paddings: [][2]int{{1, 2}, {0, 1}}, KernelDilations: []int{1, 2}}
	compare(compute.OpTypeConvGeneral, conv, []tensor.Tensor{image, kernel}, func(f compute.Function, p []compute.Value) (compute.Value, error) {
		return f.ConvGeneral(p[0], p[1], axes, conv.Strides, conv.Paddings, nil, conv.KernelDilations, 1, 1)
	})
	pool := ir.WindowAttr{Reduction: compute.ReduceOpMax, Window: []int{1, 3, 2, 1}, Strides: []int{1, 2, 2, 1}, Paddings: [][2]int{{}, {1, 0}, {0, 1}, {}}}
	compare(compute.OpTypeReduceWindow, pool, []tensor.Tensor{image}, func(f compute.Function, p []compute.Value) (compute.Value, error) {
		return f.ReduceWindow(p[0], pool.Reduction, pool.Window, pool.Strides, nil, nil, pool.Paddings)
	})
	indices := of([]int{3, 1}, int32(1), 0, 1)
	gather := ir.GatherAttr{IndexVectorAxis: 1, OffsetOutputAxes: []int{1, 2, 3}, CollapsedSliceAxes: []int{0}, StartIndexMap: []int{0}, SliceSizes: []int{1, 9, 8, 4}}
	compare(compute.OpTypeGather, gather, []tensor.Tensor{image, indices}, func(f compute.Function, p []compute.Value) (compute.Value, error) {
		return f.Gather(p[0], p[1], 1, gather.OffsetOutputAxes, gather.CollapsedSliceAxes, gather.StartIndexMap, gather.SliceSizes, false)
	})
	source := randomTensor(rng, dt, []int{2, 4, 4, 4})
	pool.Paddings = [][2]int{{}, {0, 0}, {0, 0}, {}}
	compare(compute.OpTypeSelectAndScatterMax, pool, []tensor.Tensor{image, source}, func(f compute.Function, p []compute.Value) (compute.Value, error) {
		return f.SelectAndScatterMax(p[0], p[1], pool.Window, pool.Strides, pool.Paddings)
	})
	compare(compute.OpTypeTranspose, ir.TransposeAttr{Perm: []int{3, 1, 0, 2}}, []tensor.Tensor{image}, func(f compute.Function, p []compute.Value) (compute.Value, error) {
		return f.Transpose(p[0], 3, 1, 0, 2)
	})
	compare(compute.OpTypeBroadcastInDim, ir.BroadcastAttr{Axes: []int{0, 2}}, []tensor.Tensor{randomTensor(rng, dt, []int{3, 1})}, func(f compute.Function, p []compute.Value) (compute.Value, error) {
		return f.BroadcastInDim(p[0], shapes.Make(dt, 3, 2, 5), []int{0, 2})
	})
}
