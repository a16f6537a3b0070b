package optim

import (
	"fmt"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Carry says what becomes of state in the store when an updater is made. Nothing is kept for parameters that are not
// in the new updater, nor where shapes differ.
type Carry int

const (
	// CarryAuto keeps the state of a parameter whose optimizer has the same name and the same slots as before, and starts
	// anew elsewhere. Settings of the optimizer may differ.
	CarryAuto Carry = iota
	// CarrySlots keeps each slot that the new optimizer has too, by its name, and the clock with it: momentum_buffer of
	// SGD, LARC and Muon, exp_avg and exp_avg_sq of Adam, AdamW and LAMB.
	CarrySlots
	// CarryNone starts anew.
	CarryNone
)

var carryNames = []string{"auto", "slots", "none"}

func (c Carry) String() string {
	if c.check() != nil {
		return fmt.Sprintf("Carry(%d)", int(c))
	}
	return carryNames[c]
}

func (c Carry) check() error {
	if c < CarryAuto || c > CarryNone {
		return fmt.Errorf("optim: Carry = %d is unknown", int(c))
	}
	return nil
}

// MarshalText writes the name.
func (c Carry) MarshalText() ([]byte, error) { return []byte(c.String()), c.check() }

// UnmarshalText reads auto, slots or none; nothing is auto.
func (c *Carry) UnmarshalText(text []byte) error {
	for i, name := range carryNames {
		if string(text) == name || i == 0 && len(text) == 0 {
			*c = Carry(i)
			return nil
		}
	}
	return fmt.Errorf("optim: unknown carry %q, want auto, slots or none", text)
}

const (
	stateScope     = "/optim/"
	lookaheadOwner = "lookahead"
	clockSlot      = "clock"
)

// place is where a variable of state is: /optim/<owner>/<slot>/<path of the parameter>.
type place struct{ owner, slot, param string }

func (p place) path() string { return stateScope + p.owner + "/" + p.slot + p.param }

func placeOf(path string) place {
	owner, rest, _ := strings.Cut(strings.TrimPrefix(path, stateScope), "/")
	slot, param, _ := strings.Cut(rest, "/")
	return place{owner, slot, "/" + param}
}

// state hands out the variables of state of a store to a new updater.
type state struct {
	store  *model.Store
	carry  Carry
	old    map[place]*model.Variable // what is not handed out yet
	order  []place                   // of old, as the store has them
	report report
}

func newState(store *model.Store, carry Carry) *state {
	s := &state{store: store, carry: carry, old: map[place]*model.Variable{}}
	for v := range store.IterVariables() {
		if strings.HasPrefix(v.Path(), stateScope) {
			p := placeOf(v.Path())
			s.old[p] = v
			s.order = append(s.order, p)
		}
	}
	return s
}

// bind gives a parameter its slots and its clock.
func (s *state) bind(p *param, o Optimizer, lookahead bool) (clock Clock, err error) {
	owner := s.ownerOf(p, o)
	clockPlace := place{o.Name(), clockSlot, p.Path()}
	if p.clock, err = s.take(clockPlace, owner, func() (*tensors.Tensor, error) { return newClock(), nil }); err != nil {
		return clock, err
	}
	zeros := func() (*tensors.Tensor, error) { return tensors.FromShape(p.Shape()), nil }
	for _, slot := range o.Slots() {
		from := owner
		if !s.fits(place{owner, slot.Name, p.Path()}, p) {
			from = ""
		}
		v, err := s.take(place{o.Name(), slot.Name, p.Path()}, from, zeros)
		if err != nil {
			return clock, err
		}
		p.slots = append(p.slots, v)
	}
	if lookahead {
		if err := s.bindSlow(p); err != nil {
			return clock, err
		}
	}
	return readClock(p.clock)
}

// bindSlow gives a parameter its slow weights, which start as the weights.
func (s *state) bindSlow(p *param) (err error) {
	at := place{lookaheadOwner, slowSlot, p.Path()}
	from := ""
	if s.carry != CarryNone && s.fits(at, p) {
		from = lookaheadOwner
	}
	p.slow, err = s.take(at, from, func() (*tensors.Tensor, error) {
		value, err := p.Value()
		if err != nil {
			return nil, err
		}
		return value.LocalClone()
	})
	return err
}

// ownerOf names the optimizer whose state of a parameter is kept; none is "".
func (s *state) ownerOf(p *param, o Optimizer) string {
	slots := o.Slots()
	same := 0
	for _, slot := range slots {
		if s.fits(place{o.Name(), slot.Name, p.Path()}, p) {
			same++
		}
	}
	switch {
	case s.carry == CarryNone:
		return ""
	case s.hasClock(o.Name(), p) && same == len(slots) && same == s.slotsOf(o.Name(), p):
		return o.Name()
	case s.carry == CarryAuto:
		return ""
	}
	for _, old := range s.order {
		if old.param != p.Path() || !s.hasClock(old.owner, p) {
			continue
		}
		for _, slot := range slots {
			if slot.Name == old.slot && s.fits(old, p) {
				return old.owner
			}
		}
	}
	return ""
}

// slotsOf counts the slots that an optimizer had for a parameter.
func (s *state) slotsOf(owner string, p *param) (n int) {
	for _, old := range s.order {
		if old.owner == owner && old.param == p.Path() && old.slot != clockSlot {
			n++
		}
	}
	return n
}

// fits says whether there is a tensor of the parameter's shape at a place.
func (s *state) fits(at place, p *param) bool {
	v := s.old[at]
	return v != nil && v.HasValue() && v.Shape().Equal(p.Shape())
}

func (s *state) hasClock(owner string, p *param) bool {
	v := s.old[place{owner, clockSlot, p.Path()}]
	return v != nil && v.HasValue() && v.Shape().Equal(clockShape)
}

// take makes the variable at a place: the one of the optimizer from, moved there, or a new one if from is "".
func (s *state) take(at place, from string, start func() (*tensors.Tensor, error)) (*model.Variable, error) {
	if from != "" {
		old := place{from, at.slot, at.param}
		v := s.old[old]
		delete(s.old, old)
		s.report.add(kept, old, at.owner)
		if old == at {
			return v.SetTrainable(false), nil
		}
		if err := s.remove(at); err != nil {
			return nil, err
		}
		return v.SetTrainable(false), s.store.MoveVariable(old.path(), at.path())
	}
	if err := s.remove(at); err != nil {
		return nil, err
	}
	value, err := start()
	if err != nil {
		return nil, err
	}
	v, err := s.store.CreateVariable(at.path(), value)
	if err != nil {
		return nil, fmt.Errorf("optim: state %s: %w", at.path(), err)
	}
	s.report.add(started, at, at.owner)
	return v.SetTrainable(false), nil
}

// remove deletes what is at a place.
func (s *state) remove(at place) error {
	if s.old[at] == nil {
		return nil
	}
	delete(s.old, at)
	s.report.add(dropped, at, "")
	return s.store.DeleteVariable(at.path())
}

// deleteRest deletes what was not handed out.
func (s *state) deleteRest() error {
	for _, at := range s.order {
		if err := s.remove(at); err != nil {
			return err
		}
	}
	return nil
}

func (s *state) String() string { return s.report.String() }
