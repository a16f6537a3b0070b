package gemm

import (
	"fmt"
	"testing"
	"time"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/kernel/peak"
	"github.com/atelier-go/atelier/cpu/internal/par"
)

func gflops(b *testing.B, flops float64, l isa.Level, threads int, d time.Duration) {
	rate := flops * float64(b.N) / b.Elapsed().Seconds() / 1e9
	b.ReportMetric(rate, "GFLOP/s")
	b.ReportMetric(100*rate/peak.FMA(l, threads, d), "%peak")
}

// benchmarkShapes: squares; a 1x1 convolution or its gradients (m huge); Gram and kernel gradients (k huge, A
// transposed); a dense layer on one example and on a batch.
var benchmarkShapes = []struct {
	m, n, k    int
	transposed bool
}{
	{256, 256, 256, false},
	{512, 512, 512, false},
	{1024, 1024, 1024, false},
	{2048, 2048, 2048, false},
	{262144, 64, 64, false},
	{65536, 128, 128, false},
	{16384, 256, 256, false},
	{65536, 3, 64, false},
	{65536, 64, 27, false},
	{64, 64, 262144, true},
	{128, 128, 65536, true},
	{512, 512, 4096, true},
	{1, 1000, 512, false},
	{128, 10, 512, false},
}

func BenchmarkGEMM(b *testing.B) {
	for _, threads := range []int{1, 2} {
		pool := par.New(threads)
		defer pool.Close()
		for _, l := range isa.Available() {
			for _, s := range benchmarkShapes {
				b.Run(fmt.Sprintf("threads=%d/isa=%s/m=%d/n=%d/k=%d", threads, l, s.m, s.n, s.k), func(b *testing.B) {
					g := For(l)
					rsa, csa := s.k, 1
					if s.transposed {
						rsa, csa = 1, s.m
					}
					x := newMatrix[float32](s.m, s.k, rsa, csa, 0).fill(random(1))
					y := newMatrix[float32](s.k, s.n, s.n, 1, 0).fill(random(2))
					c := make([]float32, s.m*s.n)
					var ws Workspace
					for b.Loop() {
						g.Gemm(pool, &ws, s.m, s.n, s.k, x.data(), rsa, csa, y.data(), s.n, 1, c, s.n, false)
					}
					gflops(b, 2*float64(s.m)*float64(s.n)*float64(s.k), l, threads, 50*time.Millisecond)
				})
			}
		}
	}
}

// BenchmarkSyrk counts each product of the full square, as a general product would be counted.
func BenchmarkSyrk(b *testing.B) {
	pool := par.New(2)
	defer pool.Close()
	for _, l := range isa.Available() {
		for _, s := range [][2]int{{64, 262144}, {128, 65536}, {256, 16384}, {512, 4096}} {
			b.Run(fmt.Sprintf("isa=%s/n=%d/k=%d", l, s[0], s[1]), func(b *testing.B) {
				n, k := s[0], s[1]
				x := newMatrix[float32](k, n, n, 1, 0).fill(random(1))
				c := make([]float32, n*n)
				var ws Workspace
				for b.Loop() {
					For(l).Syrk(pool, &ws, n, k, x.data(), n, 1, c, n, false)
				}
				gflops(b, 2*float64(n)*float64(n)*float64(k), l, 2, 50*time.Millisecond)
			})
		}
	}
}

// BenchmarkTile runs one tile on operands in the first-level cache: the limit of what surrounds it.
func BenchmarkTile(b *testing.B) {
	for _, l := range isa.Available() {
		g := For(l)
		for _, k := range []int{16, 64, 256} {
			b.Run(fmt.Sprintf("isa=%s/k=%d", l, k), func(b *testing.B) {
				x := newMatrix[float32](k, g.MR, g.MR, 1, 0).fill(random(1))
				y := newMatrix[float32](k, g.NR, g.NR, 1, 0).fill(random(2))
				c := make([]float32, g.MR*g.NR)
				for b.Loop() {
					g.Run(g.MR, k, x.at(0, 0), 1, g.MR, y.at(0, 0), g.NR, &c[0], g.NR, false)
				}
				gflops(b, 2*float64(g.MR*g.NR*k), l, 1, 50*time.Millisecond)
			})
		}
	}
}
