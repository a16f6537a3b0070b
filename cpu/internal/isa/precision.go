package isa

import (
	"fmt"
	"strings"
)

// Precision is what becomes of the operands of convolutions and matrix products.
type Precision int

// The precisions.
const (
	// Float32 takes operands as they are.
	Float32 Precision = iota
	// BF16 rounds operands to bfloat16 and sums their products in float32, wherever a kernel does that.
	BF16
	// Auto is BF16 for those shapes that it makes faster, and Float32 for the others.
	Auto
)

var precisions = [...]string{"float32", "bf16", "auto"}

func (p Precision) String() string { return precisions[p] }

// ParsePrecision reads a precision's name; an empty one is Float32.
func ParsePrecision(s string) (Precision, error) {
	if s == "" {
		return Float32, nil
	}
	for i, name := range precisions {
		if s == name {
			return Precision(i), nil
		}
	}
	return 0, fmt.Errorf("precision=%q is not one of %s", s, strings.Join(precisions[:], ", "))
}
