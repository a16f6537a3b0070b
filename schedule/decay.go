package schedule

import "math"

// Constant is the same at every step.
type Constant struct {
	Value float64 `json:"value"`
}

// At is Value.
func (s Constant) At(k, n int) float64 { return s.Value }

// Check refuses a value that float32 does not hold.
func (s Constant) Check() error {
	c := checker{kind: "constant"}
	c.number("value", s.Value)
	return c.err()
}

// Linear goes from From to To in a straight line: From + k/n·(To-From).
type Linear struct {
	From float64 `json:"from"`
	To   float64 `json:"to"`
}

// At is the value at step k of n.
func (s Linear) At(k, n int) float64 { return linear(s.From, s.To, float64(k), float64(n)) }

// Check refuses values that float32 does not hold.
func (s Linear) Check() error {
	c := checker{kind: "linear"}
	c.number("from", s.From)
	c.number("to", s.To)
	return c.err()
}

// Cosine goes from From to To along half a period of the cosine: To + (From-To)·(1+cos(πk/n))/2.
type Cosine struct {
	From float64 `json:"from"`
	To   float64 `json:"to"`
}

// At is the value at step k of n.
func (s Cosine) At(k, n int) float64 { return cosine(s.From, s.To, float64(k), float64(n)) }

// Check refuses values that float32 does not hold.
func (s Cosine) Check() error {
	c := checker{kind: "cosine"}
	c.number("from", s.From)
	c.number("to", s.To)
	return c.err()
}

// Exponential goes from From to To by the same factor at every step: From·(To/From)^(k/n). Both must be above zero.
type Exponential struct {
	From float64 `json:"from"`
	To   float64 `json:"to"`
}

// At is the value at step k of n.
func (s Exponential) At(k, n int) float64 {
	x, of := float64(k), float64(n)
	return between(s.From, s.To, x, of, func() float64 { return s.From * math.Pow(s.To/s.From, x/of) })
}

// Check refuses ends that are not above zero: no constant factor leads from one number to zero.
func (s Exponential) Check() error {
	c := checker{kind: "exponential"}
	c.positive("from", s.From)
	c.positive("to", s.To)
	return c.err()
}

// Polynomial goes from From to To as a power of what is left: To + (From-To)·(1-k/n)^Power. Power 1 is [Linear]; above 1
// it falls fast first, below 1 it falls fast at the end. fastai v2's SchedPoly is another curve, From + (To-From)·(k/n)^Power.
type Polynomial struct {
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Power float64 `json:"power"` // above 0; there is no default
}

// At is the value at step k of n.
func (s Polynomial) At(k, n int) float64 {
	x, of := float64(k), float64(n)
	return between(s.From, s.To, x, of, func() float64 { return s.To + float64((s.From-s.To)*math.Pow(1-x/of, s.Power)) })
}

// Check refuses values that float32 does not hold, and a power that is not above zero.
func (s Polynomial) Check() error {
	c := checker{kind: "polynomial"}
	c.number("from", s.From)
	c.number("to", s.To)
	c.positive("power", s.Power)
	return c.err()
}

// The conversions to float64 keep processors that have it from contracting product and sum: the same bits everywhere.

// linear goes from a, at x = 0, to b, at x = n, both to the last bit.
func linear(a, b, x, n float64) float64 {
	return between(a, b, x, n, func() float64 { return a + float64(x/n*(b-a)) })
}

// cosine goes from a, at x = 0, to b, at x = n, both to the last bit and flat there.
func cosine(a, b, x, n float64) float64 {
	return between(a, b, x, n, func() float64 { return b + float64((a-b)/2*(math.Cos(math.Pi*x/n)+1)) })
}

// between is a up to x = 0 and b from x = n on; in between it is what f says, but for rounding that leaves a to b.
func between(a, b, x, n float64, f func() float64) float64 {
	if x <= 0 || n <= 0 {
		return a
	}
	if x >= n {
		return b
	}
	return math.Max(math.Min(a, b), math.Min(math.Max(a, b), f()))
}

// anneal is the interpolation with a name: "cos", which is also the default, or "linear".
func anneal(name string, a, b, x, n float64) float64 {
	if name == "linear" {
		return linear(a, b, x, n)
	}
	return cosine(a, b, x, n)
}
