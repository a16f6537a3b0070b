package learn

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"github.com/atelier-go/atelier/optim"
)

// fingerprints says, for each phase up to the one that a run is in after so many steps, what it trains with: a checkpoint
// fits a run whose phases are the same so far, whatever comes later.
func (p *Plan) fingerprints(steps int) []string {
	var all []string
	for i := range p.phases {
		if p.runs[i].start >= steps && i > 0 {
			break
		}
		h := sha256.New()
		p.describe(h, i)
		all = append(all, hex.EncodeToString(h.Sum(nil)[:8]))
	}
	return all
}

// describe writes all of a phase that changes what its steps do.
func (p *Plan) describe(w io.Writer, i int) {
	phase, s := &p.phases[i], p.runs[i]
	c := phase.updaterConfig()
	fmt.Fprintf(w, "%d steps of %d batches, epochs of %d, from %d; frozen %d\n", s.steps, s.accumulate, s.perEpoch, s.first, phase.Freeze)
	if s.next != s.first/s.perEpoch+1 {
		fmt.Fprintf(w, "then epoch %d\n", s.next)
	}
	fmt.Fprintf(w, "%s; decoupled %v, all %v; clip %v; lookahead %v\n", settings(c.Optimizer), c.Decoupled, c.DecayAll, c.Clip, c.Lookahead)
	for _, r := range c.Rules {
		fmt.Fprintf(w, "rule %q %v: %v %v %v %s\n", r.Path, r.Kind, r.LRFactor, r.DecayFactor, r.NoDecay, settings(r.Optimizer))
		if r.Momentum != 0 {
			fmt.Fprintf(w, "momentum %v\n", r.Momentum)
		}
	}
	if len(phase.FreezeAfter) > 0 {
		fmt.Fprintf(w, "freeze after %v\n", phase.FreezeAfter)
	}
	fmt.Fprintf(w, "state %v; plateau %s\n", phase.State, settings(phase.Plateau))
	t := phase.Data.Train
	fmt.Fprintf(w, "%+v %s %v %v\n", t.Sampler(), settings(t.Transforms), t.Normalise, t.Mixup)
	for k := range s.steps {
		for g := range p.groups {
			v := phase.hyper(g, k, s.steps)
			binary.Write(w, binary.LittleEndian, [4]float64{v.LR, v.Momentum, v.Beta2, v.WeightDecay})
		}
	}
}

// settings is a value's type, or optimizer's name, and its JSON.
func settings(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		text = fmt.Appendf(nil, "%v", v)
	}
	if o, ok := v.(optim.Optimizer); ok {
		return o.Name() + string(text)
	}
	return string(text)
}
