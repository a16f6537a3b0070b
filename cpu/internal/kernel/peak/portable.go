package peak

import "github.com/atelier-go/atelier/cpu/internal/isa"

const (
	// fmaRounds is the rounds of one call.
	fmaRounds = 256
	// block is the floats that every kernel's turn divides.
	block = 128
	// portableLanes is the independent sums of the portable loop.
	portableLanes = 8
)

// fmaCount is the multiply-adds of fma.
func fmaCount(l isa.Level, rounds int) int {
	switch l {
	case isa.AVX512:
		return rounds * 4 * 28 * 16
	case isa.AVX2:
		return rounds * 4 * 12 * 8
	}
	return rounds * portableLanes
}

// result keeps portable loops from being removed.
var result [portableLanes]float32

func fma(l isa.Level, rounds int) {
	if l != isa.Portable {
		fmaAsm(l, rounds)
		return
	}
	var s0, s1, s2, s3, s4, s5, s6, s7 float32
	x, y := result[0], float32(0.5)
	for range rounds {
		s0 += float32(x * y)
		s1 += float32(x * y)
		s2 += float32(x * y)
		s3 += float32(x * y)
		s4 += float32(x * y)
		s5 += float32(x * y)
		s6 += float32(x * y)
		s7 += float32(x * y)
		y = -y
	}
	if s := s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7; s != 0 {
		panic("peak: zero times anything finite is zero")
	}
}

// pass goes once over the arrays: dst, x and y for Triad, dst and x for Copy, the only one for Read and Write.
func pass(l isa.Level, a Access, arrays *[3][]float32) {
	if l != isa.Portable {
		passAsm(l, a, arrays)
		return
	}
	dst, x, y := arrays[0], arrays[1], arrays[2]
	switch a {
	case Read:
		if sum(dst) < 0 {
			panic("peak: a sum of positive numbers is negative")
		}
	case Write:
		clear(dst)
	case Copy:
		copy(dst, x)
	case Triad:
		x, y = x[:len(dst)], y[:len(dst)]
		for i := range dst {
			dst[i] = x[i] + float32(0.5*y[i])
		}
	}
}

func sum(x []float32) float32 {
	var s [4]float32
	for i := 0; i+4 <= len(x); i += 4 {
		s[0] += x[i]
		s[1] += x[i+1]
		s[2] += x[i+2]
		s[3] += x[i+3]
	}
	return s[0] + s[1] + s[2] + s[3]
}
