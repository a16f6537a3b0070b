package fused

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/gomlx/compute/dtypes"
)

// randomProgram makes a valid program. Its values stay small and its functions smooth, so that the interpreter and
// the naive evaluation agree closely; comparisons see only inputs, which are multiples of 1/256.
func randomProgram(rng *rand.Rand) *Program {
	dtype := []dtypes.DType{dtypes.Float32, dtypes.Float32, dtypes.Float64}[rng.IntN(3)]
	dims := make([]int, rng.IntN(5))
	for i := range dims {
		dims[i] = []int{1, 2, 3, 5, 8, 17, 64}[rng.IntN(7)]
	}
	if len(dims) > 0 && rng.IntN(3) == 0 {
		dims[rng.IntN(len(dims))] = 500 + rng.IntN(900)
	}
	for points(dims) > 300000 {
		dims = dims[1:]
	}
	b := newBuilder(dtype, dims...)
	var values, masks, exact []int
	for range 1 + rng.IntN(4) {
		if rng.IntN(5) == 0 {
			masks = append(masks, b.bools(randomStrides(rng, dims, true)))
			continue
		}
		if dtype == dtypes.Float32 && rng.IntN(4) == 0 {
			values = append(values, b.halves(randomStrides(rng, dims, true)))
			continue
		}
		values = append(values, b.input(randomStrides(rng, dims, true)))
	}
	values = append(values, b.constant(float64(rng.IntN(5)-2)/2))
	exact = slices.Clone(values)
	for range rng.IntN(12) {
		pick := func(from []int) int { return from[rng.IntN(len(from))] }
		switch k := rng.IntN(10); {
		case k == 0:
			masks = append(masks, b.op([]Opcode{Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual}[rng.IntN(6)], pick(exact), pick(exact)))
		case k == 1:
			masks = append(masks, b.op([]Opcode{IsNaN, IsFinite, ToMask}[rng.IntN(3)], pick(exact)))
		case k == 2 && len(masks) > 0:
			masks = append(masks, b.op([]Opcode{MaskAnd, MaskOr, MaskXor}[rng.IntN(3)], pick(masks), pick(masks)), b.op(MaskNot, pick(masks)))
		case k == 3 && len(masks) > 0:
			values = append(values, b.op(Select, pick(masks), pick(values), pick(values)), b.op(ToNum, pick(masks)))
		case k < 6:
			values = append(values, b.op([]Opcode{Neg, Abs, Tanh, Logistic, Erf, Sin, Cos}[rng.IntN(7)], pick(values)))
		case k == 6:
			values = append(values, b.op(FMA, pick(exact), pick(exact), pick(values)))
		default:
			values = append(values, b.op([]Opcode{Add, Sub, Max, Min}[rng.IntN(4)], pick(values), pick(values)))
		}
	}
	for range 1 + rng.IntN(3) {
		reg := values[rng.IntN(len(values))]
		switch {
		case rng.IntN(2) == 0:
			b.output(reg, ReduceSum+Reduction(rng.IntN(3)), rowMajor(dims, func(int) bool { return rng.IntN(2) == 0 }))
		case len(masks) > 0 && rng.IntN(2) == 0:
			b.output(masks[rng.IntN(len(masks))], Store, randomStrides(rng, dims, false))
		case dtype == dtypes.Float32 && rng.IntN(3) == 0:
			b.store(reg)
			b.p.Outputs[len(b.p.Outputs)-1].DType = dtypes.BFloat16
		default:
			b.output(reg, Store, randomStrides(rng, dims, false))
		}
	}
	return &b.p
}

func points(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// randomStrides is a dense array's, sometimes with its axes in another order, sometimes broadcast.
func randomStrides(rng *rand.Rand, dims []int, broadcast bool) []int {
	s := rowMajor(dims, all)
	if rng.IntN(4) == 0 {
		n := 1
		for _, axis := range rng.Perm(len(dims)) {
			s[axis] = n
			n *= dims[axis]
		}
	}
	if broadcast && rng.IntN(2) == 0 {
		return rowMajor(dims, func(int) bool { return rng.IntN(2) == 0 })
	}
	return s
}

func FuzzProgram(f *testing.F) {
	for seed := range uint64(200) {
		f.Add(seed, uint8(seed%4))
	}
	f.Fuzz(func(t *testing.T, seed uint64, threads uint8) {
		rng := rand.New(rand.NewPCG(seed, 1))
		p := randomProgram(rng)
		levels := isa.Available()
		m := allocate(p, rng)
		runOn(t, p, levels[rng.IntN(len(levels))], 1+int(threads%4), m)
		check(t, p, m, reference(p, m), 20*tolerance(p))
	})
}
