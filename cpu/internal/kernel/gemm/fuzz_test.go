package gemm

import (
	"slices"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/kernel/bf16"
	"github.com/atelier-go/atelier/cpu/internal/par"
)

func FuzzGemm(f *testing.F) {
	f.Add(uint16(1), uint16(1), uint16(1), uint8(0), uint64(1))
	f.Add(uint16(7), uint16(33), uint16(0), uint8(5), uint64(2))
	f.Add(uint16(67), uint16(130), uint16(300), uint8(26), uint64(3))
	f.Add(uint16(20), uint16(9), uint16(2000), uint8(63), uint64(4))
	f.Fuzz(func(t *testing.T, m, n, k uint16, how uint8, seed uint64) {
		shape := [3]int{int(m) % 300, int(n) % 300, int(k) % 3000}
		if shape[0]*shape[1]*shape[2] > 1<<19 {
			shape[2] %= 40
		}
		pool := par.New(1 + int(how>>6))
		defer pool.Close()
		for _, l := range isa.Available() {
			fuzzOne(t, For(l), pool, shape, how, seed)
			fuzzOne(t, ForF64(l), pool, shape, how, seed)
		}
		for _, k := range append(slices.Clone(bf16.Kernels), bf16.PortableTiles) {
			if len(k.Missing()) == 0 {
				fuzzRounded(t, NewRounded(k), pool, shape, how, seed)
			}
		}
	})
}

// fuzzed is the operands of a product: random contents; how chooses the layouts (4 by 4) and whether to accumulate.
func fuzzed[T Float](shape [3]int, how uint8, seed uint64) (a, b, c *matrix[T], accumulate bool) {
	m, n, k := shape[0], shape[1], shape[2]
	r := random(int(seed))
	rs, cs := strides(layouts[how>>1&3], m, k)
	a = newMatrix[T](m, k, rs, cs, 2).fill(r)
	rs, cs = strides(layouts[how>>3&3], k, n)
	b = newMatrix[T](k, n, rs, cs, 3).fill(r)
	return a, b, newMatrix[T](m, n, n+int(how>>5), 1, 4).fill(r), how&1 != 0
}

func fuzzOne[T Float](t *testing.T, g *Kernel[T], pool *par.Pool, shape [3]int, how uint8, seed uint64) {
	a, b, c0, accumulate := fuzzed[T](shape, how, seed)
	c := c0.clone()
	g.Gemm(pool, nil, a.rows, b.cols, a.cols, a.data(), a.rs, a.cs, b.data(), b.rs, b.cs, c.data(), c.rs, accumulate)
	check(t, g.Name, a, b, c0, c, accumulate)
}

func fuzzRounded(t *testing.T, g *Rounded, pool *par.Pool, shape [3]int, how uint8, seed uint64) {
	a, b, c0, accumulate := fuzzed[float32](shape, how, seed)
	c := c0.clone()
	g.Gemm(pool, nil, a.rows, b.cols, a.cols, a.data(), a.rs, a.cs, b.data(), b.rs, b.cs, c.data(), c.rs, accumulate)
	check(t, g.Name, a.rounded(), b.rounded(), c0, c, accumulate)
}
