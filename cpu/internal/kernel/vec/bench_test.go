package vec

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/isa"
)

// BenchmarkKernel measures kernels on blocks in the L1 cache.
func BenchmarkKernel(b *testing.B) {
	const n = 1024
	rng := rand.New(rand.NewPCG(1, 1))
	var x [4][]float32
	for i := range x {
		x[i] = make([]float32, n)
		for j := range x[i] {
			x[i][j] = rng.Float32() + 0.1
		}
	}
	for op := range NumOps {
		for _, l := range isa.Available() {
			k := For(l)
			b.Run(fmt.Sprintf("%s/isa=%v", opNames[op], l), func(b *testing.B) {
				for b.Loop() {
					k.Op[op](pointer(x[3]), pointer(x[0]), pointer(x[1]), pointer(x[2]), n, 1, 1, 1)
				}
				b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gelements/s")
			})
		}
	}
	acc := make([]float64, 64)
	for _, l := range isa.Available() {
		b.Run(fmt.Sprintf("ColumnSum/cols=64/isa=%v", l), func(b *testing.B) {
			for b.Loop() {
				For(l).ColumnSum(&acc[0], pointer(x[0]), n/64, 64, 64)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gelements/s")
		})
	}
}
