package finite_test

import (
	"math"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/kernel/finite"
)

func TestAllFindsEveryPlace(t *testing.T) {
	inf := float32(math.Inf(1))
	for l := isa.Portable; l <= isa.AVX512; l++ {
		t.Run("isa="+l.String(), func(t *testing.T) {
			if !l.Supported() {
				t.Skipf("this processor has no %v", l)
			}
			for n := range 400 {
				x := make([]float32, n+2)
				x[0], x[n+1] = inf, inf // neighbours are not looked at
				inner := x[1 : n+1]
				for i := range inner {
					inner[i] = []float32{0, -1, math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32}[i%5]
				}
				if !finite.All(l, inner) {
					t.Fatalf("n=%d: finite numbers are reported", n)
				}
				for i := range inner {
					old := inner[i]
					for _, bad := range []float32{inf, -inf, float32(math.NaN()), math.Float32frombits(0x7f800001)} {
						inner[i] = bad
						if finite.All(l, inner) {
							t.Fatalf("n=%d: %v at %d is not found", n, bad, i)
						}
					}
					inner[i] = old
				}
			}
		})
	}
}

func BenchmarkAll(b *testing.B) {
	x := make([]float32, 1<<12)
	for _, l := range isa.Available() {
		b.Run("isa="+l.String(), func(b *testing.B) {
			b.SetBytes(4 << 12)
			for b.Loop() {
				if !finite.All(l, x) {
					b.Fatal("zeros are not finite")
				}
			}
		})
	}
}
