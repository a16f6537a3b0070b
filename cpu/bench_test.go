package cpu_test

import (
	"fmt"
	"testing"

	"github.com/gomlx/compute"
)

// BenchmarkExecute measures what an execution costs besides its kernels: a chain of steps on few elements.
func BenchmarkExecute(b *testing.B) {
	for _, steps := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("steps=%d", steps), func(b *testing.B) {
			backend := newBackend(b, "threads=1")
			g := newGraph(b, backend)
			x := g.param(f32(8))
			v := x
			for range steps {
				v = g.musts(g.OptimizationBarrier(g.must(g.Neg(v))))[0]
			}
			e := g.compile(v)
			in := buffer(b, backend, make([]float32, 8), 8)
			b.ReportAllocs()
			for b.Loop() {
				out, err := e.Execute([]compute.Buffer{in}, nil, 0)
				if err != nil {
					b.Fatal(err)
				}
				_ = out[0].Finalize()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*steps), "ns/step")
		})
	}
}
