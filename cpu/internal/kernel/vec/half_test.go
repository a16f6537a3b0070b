package vec

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"
)

// TestHalves converts all values of 16 bits to float32, and back what lies at, beside and half way between them.
func TestHalves(t *testing.T) {
	forLevels(t, func(t *testing.T, k *Kernels) {
		for name, c := range map[string]struct {
			from, to func(dst, src *byte, n int)
			infinity uint16
			value    func(bits uint16) float64
		}{
			"float16":  {k.FromFloat16, k.ToFloat16, 0x7c00, float16Value},
			"bfloat16": {k.FromBFloat16, k.ToBFloat16, 0x7f80, func(b uint16) float64 { return float64(math.Float32frombits(uint32(b) << 16)) }},
		} {
			if name == "float16" && roundsWrong() {
				continue
			}
			half := make([]uint16, 1<<16-3)
			for i := range half {
				half[i] = uint16(i)
			}
			wide, back := make([]float32, len(half)), make([]uint16, len(half))
			c.from(pointer(wide), pointer(half), len(half))
			c.to(pointer(back), pointer(wide), len(half))
			for i, h := range half {
				want := c.value(h)
				if got := float64(wide[i]); got != want && (got == got || want == want) || math.Signbit(got) != math.Signbit(want) {
					t.Fatalf("%s %#04x = %v, want %v", name, h, got, want)
				}
				if back[i] != h && want == want || want != want && back[i]&0x7fff <= c.infinity {
					t.Fatalf("%s %#04x came back as %#04x", name, h, back[i])
				}
			}
			for h := uint16(0); h < c.infinity; h++ {
				low, high := c.value(h), c.value(h+1)
				if h+1 == c.infinity {
					high = 2*low - c.value(h-1) // where the next number would be
				}
				middle := float32((low + high) / 2)
				even := h + h&1
				for _, x := range []struct {
					v    float32
					want uint16
				}{{middle, even}, {math.Nextafter32(middle, 0), h}, {math.Nextafter32(middle, math.MaxFloat32), h + 1}} {
					if float64(x.v) < low || float64(x.v) > high || float64(middle) != (low+high)/2 {
						continue // beyond float32, or between its subnormal numbers
					}
					in, out := []float32{x.v, -x.v, x.v, x.v, x.v, x.v, x.v, x.v, x.v}, make([]uint16, 9)
					c.to(pointer(out), pointer(in), 9)
					if out[0] != x.want || out[1] != x.want|0x8000 || out[8] != x.want {
						t.Fatalf("%s(%v) = %#04x, %#04x, %#04x, want %#04x", name, x.v, out[0], out[1], out[8], x.want)
					}
				}
			}
		}
	})
}

// roundsWrong reports whether this is the emulated processor of script/emulate-avx512, whose VCVTPS2PH rounds halves
// up. The instruction is part of AVX2's level and tested there.
func roundsWrong() bool { return os.Getenv("ATELIER_EMULATED") != "" }

func float16Value(b uint16) float64 {
	sign := 1.0
	if b>>15 == 1 {
		sign = -1
	}
	exponent, fraction := int(b>>10&31), float64(b&1023)
	switch {
	case exponent == 31 && fraction != 0:
		return math.Copysign(math.NaN(), sign)
	case exponent == 31:
		return math.Inf(int(sign))
	case exponent == 0:
		return sign * fraction * 0x1p-24
	}
	return sign * math.Ldexp(1+fraction/1024, exponent-15)
}

// TestHalvesAgree compares the levels bit by bit on random bits, NaNs included.
func TestHalvesAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	x := make([]float32, 1<<16)
	for i := range x {
		x[i] = math.Float32frombits(rng.Uint32())
	}
	p := &float32Kernels[0]
	forLevels(t, func(t *testing.T, k *Kernels) {
		for i, f := range [][2]func(dst, src *byte, n int){{k.ToFloat16, p.ToFloat16}, {k.ToBFloat16, p.ToBFloat16}} {
			if i == 0 && roundsWrong() {
				continue
			}
			got, want := make([]uint16, len(x)), make([]uint16, len(x))
			f[0](pointer(got), pointer(x), len(x))
			f[1](pointer(want), pointer(x), len(x))
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("%v (%#x) became %#04x, want %#04x (portable)", x[i], math.Float32bits(x[i]), got[i], want[i])
				}
			}
		}
	})
}
