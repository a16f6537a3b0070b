package ref

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestHalf_Exhaustive rounds every 16-bit value, and every midpoint between neighbours and the values next to it.
func TestHalf_Exhaustive(t *testing.T) {
	for _, format := range []struct {
		name  string
		inf   uint16
		widen func(uint16) float32
		round func(float64) uint16
	}{
		{"float16", 0x7c00, widenF16, roundF16},
		{"bfloat16", 0x7f80, widenBF16, roundBF16},
	} {
		for h := range uint16(0x7fff) {
			v := float64(format.widen(h))
			if h > format.inf {
				if v == v || float64(format.widen(format.round(v))) == float64(format.widen(format.round(v))) {
					t.Fatalf("%s %#x: a NaN became a number", format.name, h)
				}
				continue
			}
			if format.round(v) != h || format.round(-v) != h|0x8000 {
				t.Fatalf("%s %#x = %v rounds to %#x and %#x", format.name, h, v, format.round(v), format.round(-v))
			}
			if h == format.inf {
				continue
			}
			next := float64(format.widen(h + 1))
			if h+1 == format.inf { // what the next value would be without overflow
				next = v + (v - float64(format.widen(h-1)))
			}
			middle := v + (next-v)/2
			even := h + h&1
			if got := format.round(middle); got != even {
				t.Fatalf("%s: %v between %#x and the next rounds to %#x", format.name, middle, h, got)
			}
			if got := format.round(math.Nextafter(middle, 0)); got != h {
				t.Fatalf("%s: just below %v rounds to %#x, want %#x", format.name, middle, got, h)
			}
			if got := format.round(math.Nextafter(middle, math.Inf(1))); got != h+1 {
				t.Fatalf("%s: just above %v rounds to %#x, want %#x", format.name, middle, got, h+1)
			}
		}
	}
}

func TestHalf_Known(t *testing.T) {
	for _, c := range []struct {
		v         float64
		f16, bf16 uint16
	}{
		{1, 0x3c00, 0x3f80}, {-2, 0xc000, 0xc000}, {65504, 0x7bff, 0x4780}, {65519.9, 0x7bff, 0x4780},
		{65520, 0x7c00, 0x4780}, {1e300, 0x7c00, 0x7f80}, {negInf, 0xfc00, 0xff80}, {0x1p-24, 1, 0x3380},
		{0x1p-25, 0, 0x3300}, {0x1.8p-25, 1, 0x3340}, {0x1p-133, 0, 1}, {neg0, 0x8000, 0x8000}, {5e-324, 0, 0},
	} {
		if got := roundF16(c.v); got != c.f16 {
			t.Errorf("float16 of %v = %#x, want %#x", c.v, got, c.f16)
		}
		if got := roundBF16(c.v); got != c.bf16 {
			t.Errorf("bfloat16 of %v = %#x, want %#x", c.v, got, c.bf16)
		}
	}
}

// TestOdd checks that integers rounded by way of float64 are rounded once: float32 conversions of Go are the judge.
func TestOdd(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 100000 {
		v := rng.Uint64() >> rng.UintN(64)
		if rng.UintN(2) == 0 { // near a midpoint of float32
			v = v&^0xffff_ffff_ff>>rng.UintN(8) | 0x80_0000_0000 + uint64(rng.IntN(3)) - 1
		}
		if got, want := float32(oddUint64(v)), float32(v); got != want {
			t.Fatalf("%d rounds to %v, want %v", v, got, want)
		}
		if got, want := float32(oddInt64(int64(v))), float32(int64(v)); got != want {
			t.Fatalf("%d rounds to %v, want %v", int64(v), got, want)
		}
	}
}
