package learn

import (
	"fmt"
	"math"
	"slices"

	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/schedule"
)

// OneCycle is the 1cycle policy (Smith, 2018) as one phase: base with the cycle as its learning rate, and with a momentum
// that falls from maxMomentum to minMomentum while the rate rises, and back. 0.95 and 0.85 are usual, 0 and 0 leave base's
// momentum.
func OneCycle(epochs float64, cycle schedule.OneCycle, maxMomentum, minMomentum float64, base Phase) []Phase {
	base.Epochs, base.Steps = epochs, 0
	base.LR = Values{cycle}
	if maxMomentum != 0 || minMomentum != 0 {
		base.Momentum = Values{schedule.OneCycleMomentum{
			Max: maxMomentum, Min: minMomentum, Pct: cycle.Pct, Phases: cycle.Phases, Anneal: cycle.Anneal,
		}}
	}
	if base.Name == "" {
		base.Name = "one cycle"
	}
	return []Phase{base}
}

// DiscriminativeOneCycle is OneCycle with rates that fall by a factor from each layer group to the one before it, from
// the head, which has the cycle's, to the input.
func DiscriminativeOneCycle(epochs float64, cycle schedule.OneCycle, maxMomentum, minMomentum float64, groups int, factor float64, base Phase) []Phase {
	base.LRScale = Discriminative(groups, factor)
	return OneCycle(epochs, cycle, maxMomentum, minMomentum, base)
}

// OneCycleLinear is fastai 0.7's phases_1cycle, with div of at least 1 and pct from 0 to less than 100: over so many epochs the rate rises from lr/div to lr and falls back,
// linearly, while the momentum falls from maxMomentum to minMomentum and rises back; in the last pct percent of the
// epochs the rate falls to lr/(100·div).
func OneCycleLinear(epochs, lr, div, pct, maxMomentum, minMomentum float64, base Phase) []Phase {
	half := (1 - pct/100) * epochs / 2
	part := func(name string, epochs float64, rate, momentum schedule.Schedule) Phase {
		p := base
		p.Name, p.Epochs, p.Steps = name, epochs, 0
		p.LR, p.Momentum = Values{rate}, Values{momentum}
		return p
	}
	phases := []Phase{
		part("rise", half, schedule.Linear{From: lr / div, To: lr}, schedule.Linear{From: maxMomentum, To: minMomentum}),
		part("fall", half, schedule.Linear{From: lr, To: lr / div}, schedule.Linear{From: minMomentum, To: maxMomentum}),
	}
	if pct > 0 {
		phases = append(phases, part("annihilation", pct/100*epochs,
			schedule.Linear{From: lr / div, To: lr / (100 * div)}, schedule.Constant{Value: maxMomentum}))
	}
	return asOne(phases)
}

// SGDR is stochastic gradient descent with warm restarts (Loshchilov and Hutter, 2017) as fastai 0.7's phases_sgdr: a
// twentieth of the first cycle at lr/100, the rest of it along half a cosine from lr to 0, then cycles-1 more half
// cosines, each mult times as long as the one before. cycles is at least 1, mult above 0.
func SGDR(lr float64, cycles int, epochs, mult float64, base Phase) []Phase {
	part := func(name string, epochs float64, rate schedule.Schedule) Phase {
		p := base
		p.Name, p.Epochs, p.Steps = name, epochs, 0
		p.LR = Values{rate}
		return p
	}
	phases := []Phase{
		part("warm-up", epochs/20, schedule.Constant{Value: lr / 100}),
		part("cycle 1", epochs*19/20, schedule.Cosine{From: lr}),
	}
	for i := 1; i < cycles; i++ {
		phases = append(phases, part(fmt.Sprintf("cycle %d", i+1), epochs*math.Pow(mult, float64(i)), schedule.Cosine{From: lr}))
	}
	return asOne(phases)
}

// asOne makes parts of one phase of phases that all have what the whole had: its state is carried into the first alone, and
// what it freezes after a time is frozen after that time of the whole.
func asOne(parts []Phase) []Phase {
	before := 0.0 // epochs
	for i := range parts {
		p := &parts[i]
		if i > 0 {
			p.State = optim.CarryAuto
			p.FreezeAfter = slices.Clone(p.FreezeAfter)
			for k := range p.FreezeAfter {
				left := p.FreezeAfter[k].Epochs - before
				if left < 1e-9 { // of an epoch, which sums may leave
					left = 0
				}
				p.FreezeAfter[k].Epochs = left
			}
		}
		before += p.Epochs
	}
	return parts
}
