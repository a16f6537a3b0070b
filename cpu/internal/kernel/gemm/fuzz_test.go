package gemm

import (
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/isa"
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
	})
}

// fuzzOne multiplies matrices of random contents; how chooses the layouts (4 by 4) and whether to accumulate.
func fuzzOne[T Float](t *testing.T, g *Kernel[T], pool *par.Pool, shape [3]int, how uint8, seed uint64) {
	m, n, k := shape[0], shape[1], shape[2]
	accumulate := how&1 != 0
	r := random(int(seed))
	rsa, csa := strides(layouts[how>>1&3], m, k)
	a := newMatrix[T](m, k, rsa, csa, 2).fill(r)
	rsb, csb := strides(layouts[how>>3&3], k, n)
	b := newMatrix[T](k, n, rsb, csb, 3).fill(r)
	c0 := newMatrix[T](m, n, n+int(how>>5), 1, 4).fill(r)
	c := c0.clone()
	g.Gemm(pool, nil, m, n, k, a.data(), rsa, csa, b.data(), rsb, csb, c.data(), c.rs, accumulate)
	check(t, g.Name, a, b, c0, c, accumulate)
}
