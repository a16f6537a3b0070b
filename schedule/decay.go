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
func (s Linear) At(k, n int) float64 { return linear(s.From, s.To, progress(k, n)) }

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
func (s Cosine) At(k, n int) float64 { return cosine(s.From, s.To, progress(k, n)) }

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
	switch p := progress(k, n); p {
	case 0:
		return s.From
	case 1:
		return s.To
	default:
		return within(s.From*math.Pow(s.To/s.From, p), s.From, s.To)
	}
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
	switch p := progress(k, n); p {
	case 0:
		return s.From
	case 1:
		return s.To
	default:
		return within(s.To+(s.From-s.To)*math.Pow(1-p, s.Power), s.From, s.To)
	}
}

// Check refuses values that float32 does not hold, and a power that is not above zero.
func (s Polynomial) Check() error {
	c := checker{kind: "polynomial"}
	c.number("from", s.From)
	c.number("to", s.To)
	c.positive("power", s.Power)
	return c.err()
}

// linear is a at x = 0 and b at x = 1, to the last bit.
func linear(a, b, x float64) float64 {
	switch x {
	case 0:
		return a
	case 1:
		return b
	default:
		return within(a+x*(b-a), a, b)
	}
}

// cosine is a at x = 0 and b at x = 1, to the last bit, flat at both ends.
func cosine(a, b, x float64) float64 {
	switch x {
	case 0:
		return a
	case 1:
		return b
	default:
		return within(b+(a-b)/2*(math.Cos(math.Pi*x)+1), a, b)
	}
}

// anneal is the interpolation with a name: "cos", which is also the default, or "linear".
func anneal(name string, a, b, x float64) float64 {
	if name == "linear" {
		return linear(a, b, x)
	}
	return cosine(a, b, x)
}
