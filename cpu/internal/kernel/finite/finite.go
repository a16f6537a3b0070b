// Package finite looks for NaN and infinity.
//
// Algorithms that are exact in what they do with finite numbers but spread others, as Winograd's, use it to notice
// when a plain one is needed.
package finite

import (
	"math"

	"github.com/atelier-go/atelier/cpu/internal/isa"
)

// All reports whether every number of x is finite. It is true of an empty x.
func All(l isa.Level, x []float32) bool {
	block, assembly := kernel(l)
	if rounds := len(x) / block; assembly != nil && rounds > 0 {
		if !assembly(&x[0], rounds) {
			return false
		}
		x = x[rounds*block:]
	}
	return portable(x)
}

// portable is the reference: finite numbers have an exponent that is not all ones.
func portable(x []float32) bool {
	const exponent = 0x7f800000
	for _, v := range x {
		if math.Float32bits(v)&exponent == exponent {
			return false
		}
	}
	return true
}
