package vec

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/atelier-go/atelier/cpu/internal/isa"
)

var opNames = [NumOps]string{"Copy", "Neg", "Abs", "Sign", "Sqrt", "Rsqrt", "Exp", "Expm1", "Log", "Log1p", "Tanh",
	"Logistic", "Erf", "Sin", "Cos", "Floor", "Ceil", "Round", "Add", "Sub", "Mul", "Div", "Max", "Min", "Pow", "FMA",
	"Equal", "NotEqual", "Less", "LessOrEqual", "IsNaN", "IsFinite", "MaskAnd", "MaskOr", "MaskXor", "MaskNot", "ToMask",
	"Select", "ToNum"}

// ulps is the largest error allowed, in units in the last place of the float32 nearest to the true result. Operations
// that are not listed must agree bit by bit with the portable kernels, NaN's payload and sign aside.
var ulps = map[Op]float64{Rsqrt: 1.5, Exp: 1.1, Expm1: 1.75, Log: 1, Log1p: 1.5, Tanh: 2, Logistic: 2.5, Erf: 1.5, Sin: 1.5,
	Cos: 1.5, Pow: 1, FMA: 0.5}

// exact is the true value of an operation whose error is bounded.
func exact(op Op, a, b, c float64) float64 {
	switch op {
	case Rsqrt:
		return 1 / math.Sqrt(a)
	case Exp:
		return math.Exp(a)
	case Expm1:
		return math.Expm1(a)
	case Log:
		return math.Log(a)
	case Log1p:
		return math.Log1p(a)
	case Tanh:
		return math.Tanh(a)
	case Logistic:
		return logistic(a)
	case Erf:
		return math.Erf(a)
	case Sin:
		return math.Sin(a)
	case Cos:
		return math.Cos(a)
	case Pow:
		return math.Pow(a, b)
	case FMA:
		return math.FMA(a, b, c)
	}
	panic("exact: unbounded operation")
}

// distance is the error of got in units in the last place of want rounded to float32.
func distance(got float32, want float64) float64 {
	w := float32(want)
	switch {
	case got == w || got != got && w != w:
		if got == 0 && math.Signbit(float64(got)) != math.Signbit(float64(w)) {
			return math.Inf(1)
		}
		return math.Abs(float64(got)-want) / ulpOf(w)
	case math.IsInf(float64(got), 0) != math.IsInf(float64(w), 0) && math.Abs(want) < 3.4e38:
		return math.Inf(1)
	}
	d := math.Abs(float64(got)-want) / ulpOf(w)
	if math.IsNaN(d) {
		return math.Inf(1)
	}
	return d
}

func ulpOf(w float32) float64 {
	a := math.Abs(float64(w))
	if a < 0x1p-126 || a != a {
		return 0x1p-149
	}
	if math.IsInf(a, 0) {
		return math.Inf(1)
	}
	return math.Ldexp(1, math.Ilogb(a)-23)
}

func pointer[T any](s []T) *byte { return (*byte)(unsafe.Pointer(unsafe.SliceData(s))) }

var corners = []float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.5, -0.5, 2, -2, 1.5, 2.5, -2.5, 3, 1e-45, -1e-45, 1e-40, -1e-40,
	1.1754944e-38, 3.4028235e38, -3.4028235e38, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()),
	88.72284, 88.7, 89, -87.4, -103.9, -104, -150, 1e5, 1.1e5, -3e7, 1e10, 0.99999994, 1.0000001, 1e-10, -0.99999994, 8388609, 0.55, 9.01}

// sample is a mix of corners and random numbers of many sizes.
func sample(rng *rand.Rand, n int) []float32 {
	s := make([]float32, n)
	for i := range s {
		switch rng.IntN(4) {
		case 0:
			s[i] = corners[rng.IntN(len(corners))]
		case 1:
			s[i] = math.Float32frombits(rng.Uint32())
		default:
			s[i] = float32(rng.NormFloat64() * 3)
		}
	}
	return s
}

func masks(rng *rand.Rand, n int) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = math.Float32frombits(-uint32(rng.IntN(2)))
	}
	return s
}

func isMaskOperand(op Op, i int) bool {
	switch op {
	case MaskAnd, MaskOr, MaskXor, MaskNot, ToNum:
		return true
	}
	return op == Select && i == 0
}

func forLevels(t *testing.T, f func(t *testing.T, k *Kernels)) {
	for _, l := range []isa.Level{isa.Portable, isa.AVX2, isa.AVX512} {
		t.Run(fmt.Sprintf("isa=%v", l), func(t *testing.T) {
			if !l.Supported() {
				t.Skipf("this processor has no %v", l)
			}
			f(t, For(l))
		})
	}
}

// operand makes the operand of an operation, with splat scalars for stride 0, off elements into its memory.
func operand(rng *rand.Rand, op Op, i, n, stride, off int) []float32 {
	make := sample
	if isMaskOperand(op, i) {
		make = masks
	}
	if stride == 1 {
		return make(rng, n+off)[off:]
	}
	s := make(rng, Splat+off)[off:]
	for i := range s {
		s[i] = s[0]
	}
	return s
}

// TestKernels runs every operation on lengths around the unrolling, unaligned, with scalars in every place, in
// place, between guards, and compares with the portable kernels or the true value.
func TestKernels(t *testing.T) {
	lengths := []int{0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 95, 96, 97, 130, 191, 192, 193, 300}
	forLevels(t, func(t *testing.T, k *Kernels) {
		rng := rand.New(rand.NewPCG(3, 4))
		for op := range NumOps {
			for _, n := range lengths {
				for strides := range 8 {
					testKernel(t, rng, k, op, n, [3]int{strides & 1, strides >> 1 & 1, strides >> 2}, rng.IntN(5))
				}
			}
		}
	})
}

func testKernel(t *testing.T, rng *rand.Rand, k *Kernels, op Op, n int, stride [3]int, off int) {
	t.Helper()
	const guard = 0x5AFE5AFE
	var x [3][]float32
	for i := range x {
		x[i] = operand(rng, op, i, n, stride[i], off)
	}
	want := make([]float32, n)
	For(isa.Portable).Op[op](pointer(want), pointer(x[0]), pointer(x[1]), pointer(x[2]), n, stride[0], stride[1], stride[2])
	before := [3][]float32{}
	for i := range x {
		before[i] = append([]float32(nil), x[i]...)
	}
	inPlace := rng.IntN(4) // of operand 0, 1, 2 or none
	got := make([]float32, n+off+16)[off:]
	if inPlace < 3 && stride[inPlace] == 1 {
		got = append(x[inPlace], make([]float32, 16)...)
		x[inPlace] = got
	}
	for i := n; i < n+16; i++ {
		got[i] = math.Float32frombits(guard)
	}
	k.Op[op](pointer(got), pointer(x[0]), pointer(x[1]), pointer(x[2]), n, stride[0], stride[1], stride[2])
	for i := n; i < n+16; i++ {
		if math.Float32bits(got[i]) != guard {
			t.Fatalf("%s n=%d: wrote element %d", opNames[op], n, i)
		}
	}
	for i := range n {
		a, b, c := before[0][i*stride[0]], before[1][i*stride[1]], before[2][i*stride[2]]
		if limit, ok := ulps[op]; ok {
			if d := distance(got[i], exact(op, float64(a), float64(b), float64(c))); d > limit && !(op == FMA && k.Level == isa.Portable) {
				t.Fatalf("%s n=%d i=%d: (%v, %v, %v) = %v, want %v: %.2f ulp", opNames[op], n, i, a, b, c, got[i],
					exact(op, float64(a), float64(b), float64(c)), d)
			}
			continue
		}
		isNumber := op < Equal
		if isNumber && got[i] != got[i] && want[i] != want[i] {
			continue
		}
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s n=%d i=%d strides %v: (%v, %v, %v) = %v, want %v (portable)", opNames[op], n, i, stride, a, b, c, got[i], want[i])
		}
	}
}

// TestError measures the error of the functions over a dense sample of all float32; with -short, a sparse one.
func TestError(t *testing.T) {
	step := uint32(977)
	if testing.Short() {
		step *= 40
	}
	forLevels(t, func(t *testing.T, k *Kernels) {
		for _, op := range []Op{Rsqrt, Exp, Expm1, Log, Log1p, Tanh, Logistic, Erf, Sin, Cos} {
			const block = 1024
			x, y := make([]float32, block), make([]float32, block)
			worst, at := 0.0, float32(0)
			for bits, done := uint32(0), false; !done; {
				for i := range x {
					x[i] = math.Float32frombits(bits)
					done = done || bits+step < bits
					bits += step
				}
				k.Op[op](pointer(y), pointer(x), nil, nil, block, 1, 0, 0)
				for i, v := range y {
					if d := distance(v, exact(op, float64(x[i]), 0, 0)); d > worst {
						worst, at = d, x[i]
					}
				}
			}
			t.Logf("%s: at most %.3f ulp, at %v", opNames[op], worst, at)
			if worst > ulps[op] {
				t.Errorf("%s(%v): %.3f ulp, want at most %v", opNames[op], at, worst, ulps[op])
			}
		}
	})
}

func TestBools(t *testing.T) {
	forLevels(t, func(t *testing.T, k *Kernels) {
		rng := rand.New(rand.NewPCG(5, 6))
		for n := range 70 {
			src, mask, back := make([]byte, n), make([]uint32, n+1), make([]byte, n+1)
			for i := range src {
				src[i] = byte(rng.IntN(3) * 127)
			}
			mask[n], back[n] = 77, 77
			k.LoadBools(pointer(mask), pointer(src), n)
			k.StoreBools(pointer(back), pointer(mask), n)
			for i, b := range src {
				if yes := b != 0; mask[i] != maskOf[uint32](yes) || (back[i] == 1) != yes || back[i] > 1 {
					t.Fatalf("n=%d: byte %d at %d became mask %#x and byte %d", n, b, i, mask[i], back[i])
				}
			}
			if mask[n] != 77 || back[n] != 77 {
				t.Fatalf("n=%d: wrote past the end", n)
			}
		}
	})
}

func TestColumns(t *testing.T) {
	forLevels(t, func(t *testing.T, k *Kernels) {
		rng := rand.New(rand.NewPCG(7, 8))
		p := For(isa.Portable)
		for name, f := range map[string][2]ColumnKernel{"sum": {k.ColumnSum, p.ColumnSum}, "max": {k.ColumnMax, p.ColumnMax}, "min": {k.ColumnMin, p.ColumnMin}} {
			for cols := range 75 {
				for _, rows := range []int{0, 1, 2, 7} {
					ld := cols + rng.IntN(3)
					x := sample(rng, rows*ld+1)
					got, want := make([]float64, cols+1), make([]float64, cols+1)
					for j := range got {
						got[j] = float64(sample(rng, 1)[0])
					}
					copy(want, got)
					f[0](&got[0], pointer(x), rows, cols, ld)
					f[1](&want[0], pointer(x), rows, cols, ld)
					for j := range want {
						if math.Float64bits(got[j]) != math.Float64bits(want[j]) && (got[j] == got[j] || want[j] == want[j]) {
							t.Fatalf("%s rows=%d cols=%d ld=%d: acc[%d] = %v, want %v (portable)", name, rows, cols, ld, j, got[j], want[j])
						}
					}
				}
			}
		}
	})
}

// TestPowError raises numbers of all sizes to powers that keep the result within float32.
func TestPowError(t *testing.T) {
	forLevels(t, func(t *testing.T, k *Kernels) {
		rng := rand.New(rand.NewPCG(10, 10))
		const n = 1 << 14
		x, y, z := make([]float32, n), make([]float32, n), make([]float32, n)
		for i := range x {
			x[i] = float32(math.Exp2(rng.Float64()*252 - 126))
			if i%2 == 0 {
				x[i] = 1 + float32(rng.NormFloat64()*1e-3) // where the logarithm is small
			}
			y[i] = float32((rng.Float64()*272 - 146) / math.Log2(float64(x[i])))
		}
		k.Op[Pow](pointer(z), pointer(x), pointer(y), nil, n, 1, 1, 0)
		worst, at := 0.0, 0
		for i := range z {
			if d := distance(z[i], math.Pow(float64(x[i]), float64(y[i]))); d > worst {
				worst, at = d, i
			}
		}
		t.Logf("at most %.3f ulp, at (%v, %v)", worst, x[at], y[at])
		if worst > ulps[Pow] {
			t.Errorf("Pow(%v, %v): %.3f ulp, want at most %v", x[at], y[at], worst, ulps[Pow])
		}
	})
}
