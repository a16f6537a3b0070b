package ref

import (
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// bench reports elements of the output per second, or multiply-adds where there are any.
func bench(b *testing.B, name string, op compute.OpType, attr any, out shapes.Shape, work int, in ...shapes.Shape) {
	b.Run(name, func(b *testing.B) {
		tensors := make([]tensor.Tensor, len(in))
		for i, s := range in {
			tensors[i] = tensor.New(s)
		}
		results := []tensor.Tensor{tensor.New(out)}
		n := nodeOf(op, attr, tensors, out)
		if work == 0 {
			work = out.Size()
		}
		for b.Loop() {
			if err := Eval(n, tensors, results); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(work)*float64(b.N)/b.Elapsed().Seconds()/1e6, "M/s")
		b.ReportMetric(0, "ns/op")
	})
}

func BenchmarkRef(b *testing.B) {
	const n = 1 << 18
	f32, f64, bf16, i32 := dtypes.Float32, dtypes.Float64, dtypes.BFloat16, dtypes.Int32
	flat := func(dt dtypes.DType) shapes.Shape { return shapes.Make(dt, n) }
	for _, dt := range []dtypes.DType{f32, f64, bf16, i32} {
		bench(b, "Add/"+dt.String(), compute.OpTypeAdd, nil, flat(dt), 0, flat(dt), flat(dt))
	}
	bench(b, "AddScalar/f32", compute.OpTypeAdd, nil, flat(f32), 0, flat(f32), shapes.Make(f32))
	bench(b, "Less/i32", compute.OpTypeLessThan, nil, flat(dtypes.Bool), 0, flat(i32), flat(i32))
	bench(b, "Exp/f32", compute.OpTypeExp, nil, flat(f32), 0, flat(f32))
	bench(b, "Where/f32", compute.OpTypeWhere, nil, flat(f32), 0, flat(dtypes.Bool), flat(f32), flat(f32))
	bench(b, "Convert/u32-f32", compute.OpTypeConvertDType, nil, flat(f32), 0, flat(dtypes.Uint32))
	bench(b, "Transpose/f32", compute.OpTypeTranspose, ir.TransposeAttr{Perm: []int{1, 0}}, shapes.Make(f32, 512, 512), 0, shapes.Make(f32, 512, 512))
	bench(b, "Transpose/0213", compute.OpTypeTranspose, ir.TransposeAttr{Perm: []int{0, 2, 1, 3}}, shapes.Make(f32, 4, 64, 32, 32), 0, shapes.Make(f32, 4, 32, 64, 32))
	bench(b, "ReduceSum/last", compute.OpTypeReduceSum, ir.ReduceAttr{Axes: []int{1}}, shapes.Make(f32, 512), n, shapes.Make(f32, 512, 512))
	bench(b, "ReduceSum/first", compute.OpTypeReduceSum, ir.ReduceAttr{Axes: []int{0}}, shapes.Make(f32, 512), n, shapes.Make(f32, 512, 512))
	bench(b, "ReduceMax/first", compute.OpTypeReduceMax, ir.ReduceAttr{Axes: []int{0}}, shapes.Make(f32, 512), n, shapes.Make(f32, 512, 512))
	dot := ir.DotAttr{LhsContracting: []int{1}, RhsContracting: []int{0}}
	for _, dt := range []dtypes.DType{f32, f64, bf16, i32} {
		m := shapes.Make(dt, 128, 128)
		bench(b, "Dot/"+dt.String(), compute.OpTypeDotGeneral, dot, m, 128*128*128, m, m)
	}
	conv := ir.ConvAttr{Strides: []int{1, 1}, Paddings: [][2]int{{1, 1}, {1, 1}}, Axes: compute.ConvolveAxesConfig{
		InputBatch: 0, InputChannels: 3, InputSpatial: []int{1, 2}, KernelInputChannels: 2, KernelOutputChannels: 3,
		KernelSpatial: []int{0, 1}, OutputBatch: 0, OutputChannels: 3, OutputSpatial: []int{1, 2},
	}}
	for _, dt := range []dtypes.DType{f32, f64} {
		x := shapes.Make(dt, 1, 16, 16, 64)
		bench(b, "Conv/"+dt.String(), compute.OpTypeConvGeneral, conv, x, 16*16*64*64*9, x, shapes.Make(dt, 3, 3, 64, 64))
		x = shapes.Make(dt, 1, 32, 32, 3)
		bench(b, "ConvSmall/"+dt.String(), compute.OpTypeConvGeneral, conv, x, 32*32*3*3*9, x, shapes.Make(dt, 3, 3, 3, 3))
	}
	pool := ir.WindowAttr{Reduction: compute.ReduceOpMax, Window: []int{1, 2, 2, 1}, Strides: []int{1, 2, 2, 1}, Paddings: make([][2]int, 4)}
	bench(b, "MaxPool", compute.OpTypeReduceWindow, pool, shapes.Make(f32, 1, 32, 32, 64), 64*64*64, shapes.Make(f32, 1, 64, 64, 64))
	bench(b, "MaxPoolGrad", compute.OpTypeSelectAndScatterMax, pool, shapes.Make(f32, 1, 64, 64, 64), 0, shapes.Make(f32, 1, 64, 64, 64), shapes.Make(f32, 1, 32, 32, 64))
	gather := ir.GatherAttr{IndexVectorAxis: 1, OffsetOutputAxes: []int{1}, CollapsedSliceAxes: []int{0}, StartIndexMap: []int{0}, SliceSizes: []int{1, 64}}
	bench(b, "Gather", compute.OpTypeGather, gather, shapes.Make(f32, 4096, 64), 0, shapes.Make(f32, 1000, 64), shapes.Make(i32, 4096, 1))
	scatter := ir.ScatterAttr{IndexVectorAxis: 1, UpdateWindowAxes: []int{1}, InsertedWindowAxes: []int{0}, ScatterAxesToOperandAxes: []int{0}}
	bench(b, "Scatter", compute.OpTypeScatterSum, scatter, shapes.Make(f32, 1000, 64), 4096*64, shapes.Make(f32, 1000, 64), shapes.Make(i32, 4096, 1), shapes.Make(f32, 4096, 64))
	b.Run("Philox", func(b *testing.B) {
		buf := make([]byte, 4*n)
		for b.Loop() {
			FillPhilox(buf, 1, 2, 3)
		}
		b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds()/1e6, "M/s")
	})
}
