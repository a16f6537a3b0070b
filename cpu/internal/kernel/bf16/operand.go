package bf16

// Operand is numbers that a product rounds as it packs them, or that have been rounded before: one of the two is nil. The
// results have the same bits, but for subnormal numbers.
type Operand struct {
	Floats []float32
	Halves []uint16
}

// Len is how many numbers there are.
func (o Operand) Len() int { return max(len(o.Floats), len(o.Halves)) }

// Halved reports whether they have been rounded.
func (o Operand) Halved() bool { return o.Halves != nil }

// From is the operand from element i on.
func (o Operand) From(i int) Operand {
	if o.Halved() {
		return Operand{Halves: o.Halves[i:]}
	}
	return Operand{Floats: o.Floats[i:]}
}
