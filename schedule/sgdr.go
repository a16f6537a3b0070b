package schedule

import "math"

// SGDR falls from Max to Min along half a cosine, starts again at Max, and so on; each cycle is Mult times as long as the
// one before. Cycles says how many of them fill the stretch, so that it ends at Min; or Steps says how long the first one
// is, and the stretch may end within a cycle.
//
// A cycle ends at the first step that is not before the sum of the lengths, as phases do; PyTorch's
// CosineAnnealingWarmRestarts has the same values for k < n. The end of a stretch is the end of a cycle, never a restart.
type SGDR struct {
	Max    float64 `json:"max"`
	Min    float64 `json:"min"`    // at most Max
	Cycles int     `json:"cycles"` // how many cycles the stretch has
	Mult   float64 `json:"mult"`   // at least 1; 0 means 1
	Steps  int     `json:"steps"`  // or: how many steps the first cycle has
}

// maxCycles is more cycles than anybody plans.
const maxCycles = 1_000_000

// At is the value at step k of n.
func (s SGDR) At(k, n int) float64 {
	if k <= 0 || n <= 0 {
		return s.Max
	}
	k = min(k, n)
	begin, end := s.cycle(min(k, n-1), n)
	return cosine(s.Max, s.Min, float64(k-begin), float64(end-begin))
}

// cycle is where the cycle of step k begins and ends.
func (s SGDR) cycle(k, n int) (begin, end int) {
	m := orDefault(s.Mult, 1)
	first := float64(s.Steps) // the length of the first cycle
	if s.Cycles > 0 {
		first = float64(n) / geometric(m, s.Cycles)
	}
	// The number of the cycle is a logarithm, and the logarithm of a power may round to below its exponent: a guess, then
	// put right by the boundaries themselves.
	x := (float64(k) + tolerance) / first
	i := int(x)
	if m > 1 {
		i = int(math.Log1p(x*(m-1)) / math.Log(m))
	}
	at := func(i int) int {
		if s.Cycles > 0 && i >= s.Cycles {
			return n
		}
		return boundary(first * geometric(m, i))
	}
	for range 4 {
		begin, end = at(i), at(i+1)
		switch {
		case begin > k:
			i--
		case end <= k:
			i++
		}
	}
	return begin, end
}

// geometric is 1 + m + m² + ... + m^(i-1).
func geometric(m float64, i int) float64 {
	if m == 1 {
		return float64(i)
	}
	return (math.Pow(m, float64(i)) - 1) / (m - 1)
}

// Check refuses a minimum above the maximum, cycles that grow shorter, and a first cycle of no length or of two.
func (s SGDR) Check() error {
	c := checker{kind: "sgdr"}
	if c.number("max", s.Max) && c.number("min", s.Min) {
		c.require(s.Min <= s.Max, "min is %v, above max %v", s.Min, s.Max)
	}
	m := orDefault(s.Mult, 1)
	c.require(m >= 1 && m <= maxCycles, "mult is %v, want at least 1", s.Mult)
	c.require(s.Cycles >= 0 && s.Cycles <= maxCycles, "cycles is %d, want at least 1", s.Cycles)
	c.require(s.Steps >= 0 && s.Steps <= maxSteps, "steps is %d, want at least 1", s.Steps)
	c.require((s.Cycles == 0) != (s.Steps == 0), "cycles is %d and steps is %d, want one of them", s.Cycles, s.Steps)
	if len(c.wrong) == 0 {
		ratio := math.Pow(m, float64(max(s.Cycles, 1)-1))
		c.require(ratio <= maxSteps, "the last of %d cycles would be %v times as long as the first", s.Cycles, ratio)
	}
	return c.err()
}
