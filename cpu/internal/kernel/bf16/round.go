package bf16

import "math"

// Bits is the nearest bfloat16 of x, half to even.
func Bits(x float32) uint16 {
	b := math.Float32bits(x)
	if x != x {
		return uint16(b>>16) | 0x40 // quiet: truncation alone might leave the pattern of an infinity
	}
	// Half of the last place that stays, less one unless that place is odd, carries where rounding goes up.
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// Value is the float32 equal to a bfloat16.
func Value(b uint16) float32 { return math.Float32frombits(uint32(b) << 16) }

// Round is x rounded to bfloat16.
func Round(x float32) float32 { return Value(Bits(x)) }
