//go:build !noasm

package finite

import "github.com/atelier-go/atelier/cpu/internal/isa"

// kernel returns the assembly of a level, nil if it has none, and the numbers that one of its rounds reads.
func kernel(l isa.Level) (block int, assembly func(x *float32, rounds int) bool) {
	switch l {
	case isa.AVX2:
		return 64, allAVX2
	case isa.AVX512:
		return 128, allAVX512
	}
	return 1, nil
}
