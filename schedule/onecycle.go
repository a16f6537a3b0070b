package schedule

// OneCycle rises from an initial value to Max and falls to a final one. With two phases it falls in one piece; with
// three it falls back to the initial value as fast as it rose, and on to the final value in the steps that remain.
//
// The initial value is Max/Div. FinalOf says of what the final value is a part:
//
//	"initial"   final = Max/Div/FinalDiv    PyTorch's OneCycleLR, optax, fastai 0.7
//	"max"       final = Max/FinalDiv        fastai v2's fit_one_cycle
//
// The defaults are PyTorch's. The others' settings:
//
//	fastai v2 fit_one_cycle   Pct 0.25, FinalOf "max"
//	fastai 0.7 phases_1cycle(len, lr, div, pct)   Phases 3, Anneal "linear", Div div, FinalDiv 100, Pct (1-pct/100)/2
//	optax linear_onecycle_schedule   Phases 3, Anneal "linear"
//
// PyTorch's OneCycleLR with total_steps T and pct_start p is At(k, T-1) with Pct (pT-1)/(T-1): it counts its last step,
// and ends the rise one step before pT.
type OneCycle struct {
	Max      float64 `json:"max"`
	Div      float64 `json:"div"`       // at least 1; 0 means 25
	FinalDiv float64 `json:"final_div"` // at least 1; 0 means 1e4, or 1e5 of the maximum
	FinalOf  string  `json:"final_of"`  // "initial" or "max"; empty means "initial"
	Pct      float64 `json:"pct"`       // the fraction of the steps that rise; 0 means 0.3
	Phases   int     `json:"phases"`    // 2 or 3; 0 means 2
	Anneal   string  `json:"anneal"`    // "cos" or "linear"; empty means "cos"
}

// ends are the value at the start and at the end.
func (s OneCycle) ends() (initial, final float64) {
	initial = s.Max / orDefault(s.Div, 25)
	if s.FinalOf == "max" {
		return initial, s.Max / orDefault(s.FinalDiv, 1e5)
	}
	return initial, initial / orDefault(s.FinalDiv, 1e4)
}

// At is the value at step k of n.
func (s OneCycle) At(k, n int) float64 {
	initial, final := s.ends()
	return cycle{s.Pct, s.Phases, s.Anneal}.at(k, n, initial, s.Max, final)
}

// Check refuses a maximum that is not above zero, divisors below 1, and what is not among the words and numbers named.
func (s OneCycle) Check() error {
	c := checker{kind: "one_cycle"}
	c.positive("max", s.Max)
	c.require(s.Div == 0 || s.Div >= 1, "div is %v, want at least 1", s.Div)
	c.require(s.FinalDiv == 0 || s.FinalDiv >= 1, "final_div is %v, want at least 1", s.FinalDiv)
	c.oneOf("final_of", s.FinalOf, "initial", "max")
	cycle{s.Pct, s.Phases, s.Anneal}.check(&c)
	return c.err()
}

// OneCycleMomentum is the momentum that goes with a [OneCycle] of the same Pct, Phases and Anneal: it falls from Max to
// Min while that rises, rises back while that falls, and stays at Max in a third phase.
type OneCycleMomentum struct {
	Max    float64 `json:"max"`    // below 1; 0 means 0.95
	Min    float64 `json:"min"`    // at least 0; 0 means 0.85
	Pct    float64 `json:"pct"`    // the fraction of the steps in which it falls; 0 means 0.3
	Phases int     `json:"phases"` // 2 or 3; 0 means 2
	Anneal string  `json:"anneal"` // "cos" or "linear"; empty means "cos"
}

func (s OneCycleMomentum) bounds() (low, high float64) {
	return orDefault(s.Min, 0.85), orDefault(s.Max, 0.95)
}

// At is the value at step k of n.
func (s OneCycleMomentum) At(k, n int) float64 {
	low, high := s.bounds()
	return cycle{s.Pct, s.Phases, s.Anneal}.at(k, n, high, low, high)
}

// Check refuses momenta that are not 0 ≤ min ≤ max < 1, and what is not among the words and numbers named.
func (s OneCycleMomentum) Check() error {
	c := checker{kind: "one_cycle_momentum"}
	low, high := s.bounds()
	c.require(0 <= low && low <= high && high < 1, "min is %v and max is %v, want 0 <= min <= max < 1", low, high)
	cycle{s.Pct, s.Phases, s.Anneal}.check(&c)
	return c.err()
}

// cycle is what a OneCycle and its momentum have in common.
type cycle struct {
	pct    float64
	phases int
	anneal string
}

// at goes from initial to peak to final, with three phases by way of initial.
func (s cycle) at(k, n int, initial, peak, final float64) float64 {
	k, n = max(0, min(k, n)), max(0, n)
	x, rise, end := float64(k), orDefault(s.pct, 0.3)*float64(n), float64(n)
	fallen := final // the value after the second phase
	if s.phases == 3 {
		if x > 2*rise {
			return anneal(s.anneal, initial, final, x-2*rise, end-2*rise)
		}
		end, fallen = 2*rise, initial
	}
	if x <= rise {
		return anneal(s.anneal, initial, peak, x, rise)
	}
	return anneal(s.anneal, peak, fallen, x-rise, end-rise)
}

func (s cycle) check(c *checker) {
	c.require(s.phases == 0 || s.phases == 2 || s.phases == 3, "phases is %d, want 2 or 3", s.phases)
	limit := 1.0
	if s.phases == 3 {
		limit = 0.5
	}
	c.fraction("pct", orDefault(s.pct, 0.3), 0, limit)
	c.oneOf("anneal", s.anneal, "cos", "linear")
}
