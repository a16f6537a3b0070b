package schedule

import "math"

// Step is Value, multiplied by Factor at each of some milestones. Milestones are fractions of the steps; a milestone
// takes effect at the first step that is not before it, and one that falls on the end of the stretch not at all.
type Step struct {
	Value      float64   `json:"value"`
	Factor     float64   `json:"factor"`     // above 0; 0 means 0.1
	Milestones []float64 `json:"milestones"` // increasing, each between 0 and 1
	Every      float64   `json:"every"`      // or: milestones at each multiple of this fraction
}

func (s Step) factor() float64 { return orDefault(s.Factor, 0.1) }

// At is the value at step k of n.
func (s Step) At(k, n int) float64 {
	return s.Value * math.Pow(s.factor(), float64(s.passed(min(k, n-1), n)))
}

// passed counts the milestones that are at step k or before it.
func (s Step) passed(k, n int) int {
	if k <= 0 {
		return 0
	}
	if s.Every > 0 {
		return int((float64(k) + tolerance) / (s.Every * float64(n)))
	}
	count := 0
	for _, m := range s.Milestones {
		if boundary(m*float64(n)) <= k {
			count++
		}
	}
	return count
}

// Check refuses milestones that are not increasing fractions, none or two kinds of them, and factors that lead from the
// value to one that float32 does not hold.
func (s Step) Check() error {
	c := checker{kind: "step"}
	valid := c.number("value", s.Value) && c.positive("factor", s.factor())
	count := len(s.Milestones)
	switch {
	case count == 0 && s.Every == 0:
		c.require(false, "milestones and every are both missing, want one of them")
	case count > 0 && s.Every != 0:
		c.require(false, "milestones are %v and every is %v, want one of them", s.Milestones, s.Every)
	case count > 0:
		before := 0.0
		for _, m := range s.Milestones {
			c.require(m > before && m < 1, "milestones are %v, want increasing fractions between 0 and 1", s.Milestones)
			before = m
		}
	default:
		c.fraction("every", s.Every, 1./maxSteps, 1)
		count = int(math.Ceil(1/math.Max(s.Every, 1./maxSteps)-tolerance)) - 1
	}
	if last := s.Value * math.Pow(s.factor(), float64(count)); valid && len(c.wrong) == 0 {
		c.number("the value after the last milestone", last)
	}
	return c.err()
}
