package learn

import (
	"errors"
	"fmt"

	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/schedule"
)

// Plan is a run laid out before it begins: the phases, their lengths in whole steps, and what each step trains with.
type Plan struct {
	phases []Phase
	runs   []stretch
	groups int
	total  int
}

// stretch is a phase in steps of the run and batches of its data.
type stretch struct {
	start, steps int // in steps of the run
	first        int // the first batch of the data, see Position
	next         int // the epoch that follows the one of that batch
	perEpoch     int // batches in an epoch
	accumulate   int
	freeze       []int // the step of the phase from which each of its FreezeAfter holds
}

// Position is one step of a plan.
type Position struct {
	Step  int // of the run, from 0
	Phase int
	K, N  int // step K of the phase's N
	// The step trains on batches Batch to Batch+Batches-1 of the phase's data; Epoch is Batch's. Phases with the same data
	// go on where the last of them ended. Other data begins with the epoch that the run has come to, and not with its
	// first, and an epoch that was broken off for other data is followed by that one too: what is drawn depends on the
	// epoch, and the same pictures at another size are to have other crops, another order, and the other side of an
	// alternating flip. Batches is less than the phase's Accumulate where an epoch ends.
	Batch, Batches, Epoch int
	EndsEpoch, EndsPhase  bool
	Hyper                 []optim.Hyper // for each layer group
}

// NewPlan lays out phases for a model with so many layer groups. data is what a phase without Data trains on. All that
// is wrong is in the error, a line for each.
func NewPlan(phases []Phase, data *Data, groups int) (*Plan, error) {
	p := &Plan{phases: make([]Phase, len(phases)), groups: max(1, groups)}
	copy(p.phases, phases)
	var problems []error
	if len(phases) == 0 {
		problems = append(problems, errors.New("learn: there are no phases: want at least one"))
	}
	for i := range p.phases {
		phase := &p.phases[i]
		if phase.Name == "" {
			phase.Name = fmt.Sprintf("phase %d", i+1)
		}
		if phase.Data == nil {
			phase.Data = data
		}
		problems = append(problems, phase.check(i, p.groups)...)
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	if err := p.layOut(); err != nil {
		return nil, err
	}
	for i := range p.phases {
		problems = append(problems, p.checkValues(i)...)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return p, nil
}

// layOut fixes the phases' lengths in steps and where in their data they begin.
func (p *Plan) layOut() error {
	epochs, perEpoch := make([]float64, len(p.phases)), make([]int, len(p.phases))
	for i := range p.phases {
		phase := &p.phases[i]
		epochs[i], perEpoch[i] = phase.Epochs, ceilDiv(phase.Data.Train.StepsPerEpoch(), phase.accumulate())
		if phase.Steps > 0 {
			epochs[i], perEpoch[i] = float64(phase.Steps), 1
		}
	}
	lengths, err := schedule.Lengths(epochs, perEpoch)
	if err != nil {
		return err
	}
	if n := sum(lengths); n > maxSteps {
		return fmt.Errorf("learn: the phases have %d steps together: want at most %d, all of which are looked at before the first", n, maxSteps)
	}
	used := map[*Data]int{} // batches
	begun := 0              // epochs of any data
	for i := range p.phases {
		phase := &p.phases[i]
		s := stretch{
			start: p.total, steps: lengths[i], first: used[phase.Data],
			perEpoch: phase.Data.Train.StepsPerEpoch(), accumulate: phase.accumulate(),
		}
		if s.first%s.perEpoch == 0 {
			s.first = begun * s.perEpoch
		}
		s.next = max(s.first/s.perEpoch+1, begun)
		if s.freeze, err = phase.freezeSteps(ceilDiv(s.perEpoch, s.accumulate)); err != nil {
			return err
		}
		p.runs = append(p.runs, s)
		p.total += s.steps
		batch, batches, _ := s.batches(s.steps - 1)
		used[phase.Data] = batch + batches
		begun = max(begun, ceilDiv(batch+batches, s.perEpoch))
	}
	return nil
}

// batches of step k: the first, how many, and whether they end an epoch. A step does not cross the end of an epoch.
func (s stretch) batches(k int) (batch, count int, endsEpoch bool) {
	left := s.perEpoch - s.first%s.perEpoch // in the epoch in which the phase begins
	if here := ceilDiv(left, s.accumulate); k < here {
		batch = s.first + k*s.accumulate
	} else {
		steps := ceilDiv(s.perEpoch, s.accumulate)
		k -= here
		batch = (s.next+k/steps)*s.perEpoch + k%steps*s.accumulate
	}
	toEnd := s.perEpoch - batch%s.perEpoch
	return batch, min(s.accumulate, toEnd), s.accumulate >= toEnd
}

// newData tells whether a phase has other data than the one before it.
func (p *Plan) newData(phase int) bool {
	return phase == 0 || p.phases[phase].Data != p.phases[phase-1].Data
}

// measuresAfter tells whether validation follows a step: where an epoch ends, and where the phase's data does.
func (p *Plan) measuresAfter(pos Position) bool {
	return pos.EndsEpoch || pos.EndsPhase && (pos.Phase == len(p.phases)-1 || p.newData(pos.Phase+1))
}

// measurements is how often validation takes place.
func (p *Plan) measurements() int {
	n := 0
	for i, s := range p.runs {
		for k := range s.steps {
			_, _, ends := s.batches(k)
			if p.measuresAfter(Position{Phase: i, EndsEpoch: ends, EndsPhase: k == s.steps-1}) {
				n++
			}
		}
	}
	return n
}

// Steps is the length of the run.
func (p *Plan) Steps() int { return p.total }

// Phases are the plan's phases with names and data filled in.
func (p *Plan) Phases() []Phase { return append([]Phase(nil), p.phases...) }

// Groups is the number of layer groups.
func (p *Plan) Groups() int { return p.groups }

// Bounds are the first step of phase i and the first step after it.
func (p *Plan) Bounds(i int) (start, end int) {
	return p.runs[i].start, p.runs[i].start + p.runs[i].steps
}

// At is the plan's step, 0 ≤ step < Steps. A phase with a Plateau trains with LR times the factor it has reached.
func (p *Plan) At(step int) Position {
	i := p.phaseOf(step)
	s, phase := p.runs[i], &p.phases[i]
	k := step - s.start
	batch, count, ends := s.batches(k)
	pos := Position{
		Step: step, Phase: i, K: k, N: s.steps,
		Batch: batch, Batches: count, Epoch: batch / s.perEpoch,
		EndsEpoch: ends, EndsPhase: k == s.steps-1,
		Hyper: make([]optim.Hyper, p.groups),
	}
	for g := range pos.Hyper {
		pos.Hyper[g] = phase.hyper(g, k, s.steps)
	}
	return pos
}

func (p *Plan) phaseOf(step int) int {
	if step < 0 || step >= p.total {
		panic(fmt.Sprintf("learn: step %d of a plan of %d steps", step, p.total))
	}
	i := 0
	for step >= p.runs[i].start+p.runs[i].steps {
		i++
	}
	return i
}

// hyper is what layer group g trains with in step k of n.
func (p *Phase) hyper(g, k, n int) optim.Hyper {
	at := func(v Values, otherwise float64) float64 {
		if s := v.of(g); s != nil {
			return s.At(k, n)
		}
		return otherwise
	}
	h := optim.Hyper{
		LR:          at(p.LR, defaultLR),
		Momentum:    at(p.Momentum, p.defaultMomentum()),
		Beta2:       at(p.Beta2, 0),
		WeightDecay: at(p.WeightDecay, 0),
	}
	if len(p.LRScale) > 0 {
		h.LR *= p.LRScale[g]
	}
	return h
}

// maxSteps is beyond what anybody trains, and is looked through in seconds.
const maxSteps = 20_000_000

// maxAccumulate is likewise; numbers of batches are multiplied by it.
const maxAccumulate = 1 << 20

func sum(numbers []int) (total int) {
	for _, n := range numbers {
		total += n
	}
	return total
}

// ceilDiv is a/b rounded up; a is not negative.
func ceilDiv(a, b int) int {
	if a == 0 {
		return 0
	}
	return (a-1)/b + 1
}
