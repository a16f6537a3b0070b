package optim

import (
	"fmt"
	"strings"
)

// fate is what became of a variable of state.
type fate int

const (
	kept fate = iota
	started
	dropped
)

// report counts by slot what became of the state of parameters, to say it in words.
type report struct {
	order []reportKey
	count map[reportKey]int
}

type reportKey struct {
	fate            fate
	owner, slot, to string
}

// add counts a variable; clocks go with their slots and are not reported.
func (r *report) add(f fate, at place, to string) {
	if at.slot == clockSlot {
		return
	}
	if r.count == nil {
		r.count = map[reportKey]int{}
	}
	key := reportKey{f, at.owner, at.slot, to}
	if r.count[key] == 0 {
		r.order = append(r.order, key)
	}
	r.count[key]++
}

// String is like "kept adam exp_avg of 12 parameters; dropped sgd momentum_buffer of 3 parameters".
func (r *report) String() string {
	if len(r.order) == 0 {
		return "no state"
	}
	var parts []string
	for f := kept; f <= dropped; f++ {
		for _, key := range r.order {
			if key.fate == f {
				parts = append(parts, key.words(r.count[key]))
			}
		}
	}
	return strings.Join(parts, "; ")
}

func (k reportKey) words(n int) string {
	what := fmt.Sprintf("%s %s of %d parameters", k.owner, k.slot, n)
	if n == 1 {
		what = fmt.Sprintf("%s %s of 1 parameter", k.owner, k.slot)
	}
	switch {
	case k.fate == started:
		return "started " + what
	case k.fate == dropped:
		return "dropped " + what
	case k.owner != k.to:
		return "kept " + what + " for " + k.to
	default:
		return "kept " + what
	}
}
