package ref

import "math"

// The 16-bit formats are stored, never computed in: values are widened exactly, and results are rounded to nearest
// even once, straight from float64. A float32 passes through float64 unchanged, so it is rounded once as well.

// widenF16 is the value of an IEEE 754 binary16.
func widenF16(h uint16) float32 {
	bits := uint32(h&0x7fff) << 13 // exponent and fraction in float32's places, the exponent 112 too small
	var f float32
	if bits >= 0x0f800000 { // infinity or NaN
		f = math.Float32frombits(bits | 0x7f800000)
	} else {
		f = math.Float32frombits(bits) * 0x1p112 // exact, subnormals included
	}
	return math.Float32frombits(math.Float32bits(f) | uint32(h&0x8000)<<16)
}

// widenBF16 is the value of a bfloat16, the upper half of a float32.
func widenBF16(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

// roundF16 rounds to the nearest binary16, ties to even. From 65520 on that is infinity.
func roundF16(v float64) uint16 {
	return roundHalf(v, 10, -14)
}

// roundBF16 rounds to the nearest bfloat16, ties to even.
func roundBF16(v float64) uint16 {
	return roundHalf(v, 7, -126)
}

// roundBF16Single is roundBF16 of a float32, which has the same exponents.
func roundBF16Single(v float32) uint16 {
	bits := math.Float32bits(v)
	if v != v {
		return uint16(bits>>16) | 0x40
	}
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

// roundHalf rounds to a 16-bit format with the given number of fraction bits and exponent of its smallest normal value.
func roundHalf(v float64, fraction, minExp int) uint16 {
	bits := math.Float64bits(v)
	sign := uint16(bits>>48) & 0x8000
	abs := bits &^ (1 << 63)
	inf := uint16(0x7fff) &^ (1<<fraction - 1) // all exponent bits
	switch {
	case abs > 0x7ff<<52: // NaN, kept quiet
		return sign | inf | 1<<(fraction-1)
	case abs >= uint64(1023+1-minExp+1)<<52: // at least twice the largest power of two
		return sign | inf
	case abs < uint64(1023+minExp)<<52: // subnormal: a multiple of 2^(minExp-fraction)
		unit := math.Float64frombits(uint64(1023+fraction-minExp) << 52)
		return sign | uint16(math.RoundToEven(math.Float64frombits(abs)*unit))
	}
	shift := uint(52 - fraction)
	abs += 1<<(shift-1) - 1 + abs>>shift&1 // a carry runs into the exponent, up to infinity
	return sign | uint16(abs>>shift-uint64(1023+minExp-1)<<fraction)
}

// Loaders and storers of rows; see view and sink, and loadReal for why they are not inlined.

//go:noinline
func loadF16[A float](src []uint16) func(dst []A, off, stride int) {
	return func(dst []A, off, stride int) {
		for i := range dst {
			dst[i] = A(widenF16(src[off]))
			off += stride
		}
	}
}

//go:noinline
func loadBF16[A float](src []uint16) func(dst []A, off, stride int) {
	return func(dst []A, off, stride int) {
		for i := range dst {
			dst[i] = A(widenBF16(src[off]))
			off += stride
		}
	}
}

//go:noinline
func storeF16[A float](dst []uint16) func(src []A, off, stride int) {
	return func(src []A, off, stride int) {
		for _, v := range src {
			dst[off] = roundF16(float64(v))
			off += stride
		}
	}
}

//go:noinline
func storeBF16Single(dst []uint16) func(src []float32, off, stride int) {
	return func(src []float32, off, stride int) {
		for _, v := range src {
			dst[off] = roundBF16Single(v)
			off += stride
		}
	}
}

// oddInt64 converts to the nearest float64 with an odd last bit where the value does not fit, so that rounding the
// result to a narrower format rounds the integer correctly. Values up to 2^53 are exact.
func oddInt64(v int64) float64 {
	if -1<<53 <= v && v <= 1<<53 {
		return float64(v)
	}
	odd := v >> 11
	if v&(1<<11-1) != 0 {
		odd |= 1
	}
	return float64(odd) * (1 << 11)
}

// oddUint64 is oddInt64 for unsigned values.
func oddUint64(v uint64) float64 {
	if v <= 1<<53 {
		return float64(v)
	}
	odd := v >> 12
	if v&(1<<12-1) != 0 {
		odd |= 1
	}
	return float64(odd) * (1 << 12)
}
