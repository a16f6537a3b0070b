package peak

import (
	"testing"
	"time"

	"github.com/atelier-go/atelier/cpu/internal/isa"
)

func TestRates(t *testing.T) {
	const d = 20 * time.Millisecond
	for _, l := range isa.Available() {
		for _, threads := range []int{1, 2} {
			// From a microcontroller to any processor known: only mistakes in counting fall outside.
			if r := FMA(l, threads, d); r < 0.01 || r > 1e4*float64(threads) {
				t.Errorf("FMA(%s, %d) = %.3g GFLOP/s", l, threads, r)
			}
			for _, a := range []Access{Read, Write, Copy, Triad} {
				if r := Bandwidth(l, a, threads, 1<<20, d); r < 0.01 || r > 1e4*float64(threads) {
					t.Errorf("Bandwidth(%s, %s, %d) = %.3g GB/s", l, a, threads, r)
				}
			}
		}
	}
}

// TestPass checks that every access reads and writes exactly its arrays.
func TestPass(t *testing.T) {
	const n = 4 * block
	for _, l := range isa.Available() {
		for a, want := range map[Access]float32{Read: 9, Write: 0, Copy: 2, Triad: 2} {
			buffer := make([]float32, n+2)
			x, y := make([]float32, n), make([]float32, n)
			for i := range x {
				x[i], y[i] = 2, 0
			}
			for i := range buffer {
				buffer[i] = 9
			}
			pass(l, a, &[3][]float32{buffer[1 : n+1], x, y})
			for i, got := range buffer {
				if got != want && 0 < i && i <= n || (i == 0 || i > n) && got != 9 {
					t.Fatalf("%s %s: dst[%d] = %v, want %v", l, a, i-1, got, want)
				}
			}
		}
	}
}

func BenchmarkFMA(b *testing.B) {
	for _, l := range isa.Available() {
		b.Run("isa="+l.String(), func(b *testing.B) {
			for b.Loop() {
				fma(l, fmaRounds)
			}
			b.ReportMetric(2*float64(fmaCount(l, fmaRounds))*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}

func BenchmarkBandwidth(b *testing.B) {
	const bytes = 192 << 20
	for _, l := range isa.Available() {
		for _, a := range []Access{Read, Write, Copy, Triad} {
			b.Run("access="+a.String()+"/isa="+l.String(), func(b *testing.B) {
				rate := 0.0
				for b.Loop() {
					rate = max(rate, Bandwidth(l, a, 1, bytes, 100*time.Millisecond))
				}
				b.ReportMetric(rate, "GB/s")
			})
		}
	}
}
