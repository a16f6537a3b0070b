package vec

import "math"

func convert[D, S any](f func(S) D) func(dst, src *byte, n int) {
	return func(dst, src *byte, n int) {
		d, s := of[D](dst, n, 1), of[S](src, n, 1)
		for i := range d {
			d[i] = f(s[i])
		}
	}
}

func fromBFloat16(x uint16) float32 { return math.Float32frombits(uint32(x) << 16) }

func toBFloat16(x float32) uint16 {
	b := math.Float32bits(x)
	if x != x {
		return uint16(b>>16) | 0x40 // quiet
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// A float16 has a sign, 5 bits of exponent biased by 15 and 10 of fraction.
const (
	float16Bias     = 15
	float16Infinity = 0x7c00
)

func fromFloat16(x uint16) float32 {
	sign, magnitude := uint32(x&0x8000)<<16, uint32(x&0x7fff)
	switch {
	case magnitude > float16Infinity:
		return math.Float32frombits(sign | 0x7fc00000 | magnitude<<13)
	case magnitude == float16Infinity:
		return math.Float32frombits(sign | 0x7f800000)
	case magnitude < 1<<10: // subnormal: a multiple of 2⁻²⁴
		return math.Float32frombits(sign | math.Float32bits(float32(magnitude)*0x1p-24))
	}
	return math.Float32frombits(sign | (magnitude<<13 + (127-float16Bias)<<23))
}

func toFloat16(x float32) uint16 {
	b := math.Float32bits(x)
	sign, magnitude := uint16(b>>16)&0x8000, b&0x7fffffff
	switch {
	case magnitude > 0x7f800000:
		return sign | 0x7e00 | uint16(magnitude>>13)&0x3ff
	case magnitude >= 0x477ff000: // 65520, half way to what would be 2¹⁶
		return sign | float16Infinity
	case magnitude < (127-float16Bias+1)<<23: // below 2⁻¹⁴: a multiple of 2⁻²⁴, rounded by the processor
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(magnitude))*0x1p24))
	}
	magnitude -= (127 - float16Bias) << 23
	return sign | uint16((magnitude+0xfff+magnitude>>13&1)>>13)
}
