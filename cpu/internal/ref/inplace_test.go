package ref

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// TestInPlace runs every operation that InPlace knows on operands of each dtype, with and without shared memory.
func TestInPlace(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	outputs := []dtypes.DType{dtypes.Bool, dtypes.Int8, dtypes.Int64, dtypes.Uint16, dtypes.Float32, dtypes.BFloat16, dtypes.Complex128}
	tried := 0
	for op := range elementwise {
		for _, from := range outputs {
			for _, to := range outputs {
				dims := []int{3, 700}
				operand := shapes.Make(from, dims...)
				list := []shapes.Shape{operand, operand, operand}
				switch op {
				case compute.OpTypeWhere:
					list[0] = shapes.Make(dtypes.Bool, dims...)
				default:
					list = list[:choosers[op].inputs]
				}
				if len(list) == 2 && rng.IntN(2) == 0 {
					list[rng.IntN(2)] = shapes.Make(from, 1, 700)
				}
				in := make([]tensor.Tensor, len(list))
				for i, s := range list {
					in[i] = randomTensor(rng, s.DType, s.Dimensions)
				}
				out := shapes.Make(to, dims...)
				if from != to && op != compute.OpTypeConvertDType && to != dtypes.Bool {
					continue
				}
				n := nodeOf(op, ir.GeluAttr{}, in, out)
				if !Supports(n) {
					continue
				}
				want := eval(t, op, ir.GeluAttr{}, in, out)
				for _, i := range InPlace(n) {
					shared := slices.Clone(in)
					shared[i] = tensor.New(in[i].Shape)
					copy(shared[i].Data, in[i].Data)
					got := tensor.Tensor{Shape: out, Data: shared[i].Data}
					if err := Eval(n, shared, []tensor.Tensor{got}); err != nil {
						t.Fatal(err)
					}
					check(t, op.String()+" in place", got, want[0])
					tried++
				}
			}
		}
	}
	if tried < 150 {
		t.Errorf("%d cases only", tried)
	}
}

func TestInPlace_Updates(t *testing.T) {
	x, update := of(vec(6), float32(1), 2, 3, 4, 5, 6), of(vec(2), float32(10), 20)
	in := []tensor.Tensor{x, update, of[int32](nil, 3)}
	n := nodeOf(compute.OpTypeDynamicUpdateSlice, nil, in, x.Shape)
	if got := InPlace(n); !slices.Equal(got, []int{0}) {
		t.Fatalf("InPlace = %v", got)
	}
	if err := Eval(n, in, []tensor.Tensor{x}); err != nil {
		t.Fatal(err)
	}
	check(t, "DynamicUpdateSlice", x, of(vec(6), float32(1), 2, 3, 10, 20, 6))
	in = []tensor.Tensor{x, of([]int{2, 1}, int32(0), 0), update}
	attr := ir.ScatterAttr{IndexVectorAxis: 1, InsertedWindowAxes: []int{0}, ScatterAxesToOperandAxes: []int{0}}
	n = nodeOf(compute.OpTypeScatterSum, attr, in, x.Shape)
	if got := InPlace(n); !slices.Equal(got, []int{0}) {
		t.Fatalf("InPlace = %v", got)
	}
	if err := Eval(n, in, []tensor.Tensor{x}); err != nil {
		t.Fatal(err)
	}
	check(t, "ScatterSum", x, of(vec(6), float32(31), 2, 3, 10, 20, 6))
}
