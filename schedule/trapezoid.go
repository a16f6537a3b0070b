package schedule

import "math"

// Trapezoid rises from From to Max over the fraction Warmup of the steps, stays there, and falls to To over the last
// fraction Decay; also called warm-up, stable, decay. Both slopes are straight. Their corners lie where a [Join] of the
// same fractions has them.
type Trapezoid struct {
	Max    float64 `json:"max"`
	Warmup float64 `json:"warmup"` // from 0 to 1
	Decay  float64 `json:"decay"`  // from 0 to 1-Warmup
	From   float64 `json:"from"`
	To     float64 `json:"to"`
}

// At is the value at step k of n.
func (s Trapezoid) At(k, n int) float64 {
	k, n = max(0, min(k, n)), max(0, n)
	rise, fall := boundary(s.Warmup*float64(n)), boundary((1-s.Decay)*float64(n))
	switch {
	case k < rise || k == 0 && s.Warmup > 0:
		return linear(s.From, s.Max, float64(k), float64(rise))
	case k < fall || s.Decay == 0:
		return s.Max
	default:
		steps := max(1, n-fall) // a slope that no step is left for still has an end
		return linear(s.Max, s.To, float64(k-n+steps), float64(steps))
	}
}

// Check refuses slopes that together are longer than all steps.
func (s Trapezoid) Check() error {
	c := checker{kind: "trapezoid"}
	c.number("max", s.Max)
	c.number("from", s.From)
	c.number("to", s.To)
	c.require(s.Warmup >= 0 && s.Warmup <= 1, "warmup is %v, want a fraction from 0 to 1", s.Warmup)
	c.require(s.Decay >= 0 && s.Decay <= 1, "decay is %v, want a fraction from 0 to 1", s.Decay)
	if len(c.wrong) == 0 {
		c.require(s.Warmup+s.Decay <= 1+sumTolerance, "warmup %v and decay %v are more than all steps", s.Warmup, s.Decay)
	}
	return c.err()
}

// InverseSqrt rises from From to Max in a straight line over Warmup steps, then falls with the square root of the steps:
// Max·√(t/(k-Warmup+t)), t the Timescale. It does not depend on how many steps there are. With the default time scale it
// is the schedule of the Transformer, Max·√(Warmup/k).
type InverseSqrt struct {
	Max       float64 `json:"max"`
	Warmup    int     `json:"warmup"`    // in steps; may be 0
	Timescale int     `json:"timescale"` // in steps; 0 means Warmup, or 10000 if that is 0
	From      float64 `json:"from"`
}

// At is the value at step k of n.
func (s InverseSqrt) At(k, n int) float64 {
	k = max(0, min(k, n))
	if k < s.Warmup {
		return linear(s.From, s.Max, float64(k), float64(s.Warmup))
	}
	t := float64(s.Timescale)
	if t == 0 {
		t = orDefault(float64(s.Warmup), 10000)
	}
	return s.Max * math.Sqrt(t/(float64(k-s.Warmup)+t))
}

// Check refuses negative lengths.
func (s InverseSqrt) Check() error {
	c := checker{kind: "inverse_sqrt"}
	c.number("max", s.Max)
	c.number("from", s.From)
	c.require(s.Warmup >= 0 && s.Warmup <= maxSteps, "warmup is %d steps, want at least 0", s.Warmup)
	c.require(s.Timescale >= 0 && s.Timescale <= maxSteps, "timescale is %d steps, want at least 1", s.Timescale)
	return c.err()
}
