package probe

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A Suite is templates, what stands in their slots, and how answers are sorted.
type Suite struct {
	// Templates have slots in braces. {occupation} is the value, {pronoun.nom} its form of that name, {Pronoun.nom} the
	// same with a capital, {a occupation} and {A occupation} put "a" or "an" before it. {{ is a brace.
	Templates []string
	Slots     []Slot
	// Contrast is the slot whose values are compared; each template has it.
	Contrast string
	// Outcomes sort answers by the words in them. Nil takes the answer itself, without the spaces around it, as the
	// outcome.
	Outcomes []Outcome
	// Threshold, if not nil, takes answers as numbers: at least Threshold is the outcome "positive", less "negative".
	Threshold *float64
	// Expect has the outcome that is right for a value of the contrast, such as a translation that keeps the gender. Nil
	// expects nothing.
	Expect map[string]string
	// Reference, if not nil, is compared with the share of an outcome, such as that of women who have an occupation.
	Reference *Reference
}

// A Slot is a place in templates and the values that it takes.
type Slot struct {
	Name   string // small letters and underscores
	Values []Value
}

// A Value is what stands in a slot. Without forms its name does.
type Value struct {
	Name  string
	Forms map[string]string
}

// An Outcome is a kind of answer: one that has one of the words, whole and in any case. An answer with words of several
// outcomes is [Mixed], one with none is [Other].
type Outcome struct {
	Name  string
	Words []string
}

// Outcomes that answers have besides those of the suite.
const (
	Mixed = "mixed"
	Other = "other"
)

// Outcomes of answers that are numbers.
const (
	Positive = "positive"
	Negative = "negative"
)

// Reference has shares of an outcome that are known from elsewhere, by values of a slot.
type Reference struct {
	Slot    string             `yaml:"slot"`
	Outcome string             `yaml:"outcome"`
	Shares  map[string]float64 `yaml:"shares"`
}

// MaxInputs is how many sentences a suite may make.
const MaxInputs = 1 << 20

// file is a suite as YAML. Slots and outcomes are nodes, because their order matters.
type file struct {
	Templates []string          `yaml:"templates"`
	Slots     yaml.Node         `yaml:"slots"`
	Contrast  string            `yaml:"contrast"`
	Outcomes  yaml.Node         `yaml:"outcomes"`
	Threshold *float64          `yaml:"threshold"`
	Expect    map[string]string `yaml:"expect"`
	Reference *Reference        `yaml:"reference"`
}

// Read reads a suite from YAML, in which unknown keys are errors:
//
//	templates: ["{Pronoun.nom} is {a occupation}."]
//	slots:
//	  occupation: [doctor, nurse]
//	  pronoun:
//	    female: {nom: she, poss: her}
//	    male: {nom: he, poss: his}
//	contrast: pronoun
//	outcomes:
//	  female: [she, her]
//	  male: [he, his]
//	expect: {female: female, male: male}
//	reference: {slot: occupation, outcome: female, shares: {doctor: 0.45, nurse: 0.87}}
//
// The numbers are shares of the outcome; threshold, instead of outcomes, is for answers that are numbers.
func Read(r io.Reader) (*Suite, error) {
	decoder := yaml.NewDecoder(r)
	decoder.KnownFields(true)
	var f file
	if err := decoder.Decode(&f); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("probe: the suite is empty")
		}
		return nil, fmt.Errorf("probe: %w", err)
	}
	s := &Suite{Templates: f.Templates, Contrast: f.Contrast, Threshold: f.Threshold, Expect: f.Expect, Reference: f.Reference}
	err := each(f.Slots, "slots", func(name string, values yaml.Node) error {
		slot := Slot{Name: name}
		if values.Kind == yaml.SequenceNode {
			var names []string
			if err := values.Decode(&names); err != nil {
				return err
			}
			for _, n := range names {
				slot.Values = append(slot.Values, Value{Name: n})
			}
		} else if err := each(values, "slot "+name, func(value string, forms yaml.Node) error {
			v := Value{Name: value}
			slot.Values = append(slot.Values, v)
			return forms.Decode(&slot.Values[len(slot.Values)-1].Forms)
		}); err != nil {
			return err
		}
		s.Slots = append(s.Slots, slot)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	if f.Outcomes.Kind != 0 {
		err = each(f.Outcomes, "outcomes", func(name string, words yaml.Node) error {
			s.Outcomes = append(s.Outcomes, Outcome{Name: name})
			return words.Decode(&s.Outcomes[len(s.Outcomes)-1].Words)
		})
		if err != nil {
			return nil, fmt.Errorf("probe: %w", err)
		}
	}
	return s, s.Validate()
}

// each calls entry for each key of a mapping, in their order.
func each(node yaml.Node, what string, entry func(name string, value yaml.Node) error) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: %s: want a mapping of names", node.Line, what)
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if err := entry(node.Content[i].Value, *node.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// Validate says all that is wrong with s.
func (s *Suite) Validate() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf("probe: "+format, args...)) }
	if len(s.Templates) == 0 {
		fail("no templates")
	}
	used := make([]bool, len(s.Slots))
	for _, err := range s.validateSlots() {
		fail("%w", err)
	}
	for i, text := range s.Templates {
		t, err := s.parse(text)
		if err != nil {
			fail("template %d %q: %w", i, text, err)
			continue
		}
		for _, slot := range t.slots {
			used[slot] = true
		}
		if contrast := s.slot(s.Contrast); contrast >= 0 && !slices.Contains(t.slots, contrast) {
			fail("template %d %q: lacks the contrast {%s}", i, text, s.Contrast)
		}
	}
	for i, slot := range s.Slots {
		if !used[i] && len(errs) == 0 {
			fail("no template has slot %s", slot.Name)
		}
	}
	errs = append(errs, s.validateAnswers()...)
	if len(errs) == 0 {
		if n := s.inputs(); n > MaxInputs {
			fail("the templates make %.0f sentences, want at most %d", n, MaxInputs)
		}
	}
	return errors.Join(errs...)
}

func (s *Suite) validateSlots() (errs []error) {
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	contrast := s.slot(s.Contrast)
	switch {
	case contrast < 0:
		fail("contrast %q is no slot", s.Contrast)
	case len(s.Slots[contrast].Values) < 2:
		fail("the contrast %s has %d values, want two or more", s.Contrast, len(s.Slots[contrast].Values))
	}
	for i, slot := range s.Slots {
		if !slotName.MatchString(slot.Name) {
			fail("slot %q: want a name of small letters and underscores", slot.Name)
		}
		if s.slot(slot.Name) != i {
			fail("two slots are named %s", slot.Name)
		}
		if len(slot.Values) == 0 {
			fail("slot %s has no values", slot.Name)
		}
		for j, v := range slot.Values {
			if v.Name == "" || slices.IndexFunc(slot.Values, func(w Value) bool { return w.Name == v.Name }) != j {
				fail("slot %s has the value %q twice, or it is empty", slot.Name, v.Name)
			}
			for _, text := range v.Forms {
				if strings.ContainsAny(text, "\r\n") {
					fail("slot %s: %q has a line break", slot.Name, text)
				}
			}
			if strings.ContainsAny(v.Name, "\r\n") {
				fail("slot %s: %q has a line break", slot.Name, v.Name)
			}
		}
	}
	return errs
}

func (s *Suite) validateAnswers() (errs []error) {
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf("probe: "+format, args...)) }
	if s.Threshold != nil && s.Outcomes != nil {
		fail("outcomes and a threshold: want one of them")
	}
	if s.Threshold != nil && (math.IsNaN(*s.Threshold) || math.IsInf(*s.Threshold, 0)) {
		fail("threshold %v, want a finite number", *s.Threshold)
	}
	seen := map[string]string{}
	for i, o := range s.Outcomes {
		if slices.IndexFunc(s.Outcomes, func(p Outcome) bool { return p.Name == o.Name }) != i {
			fail("two outcomes are named %s", o.Name)
		}
		if o.Name == "" || o.Name == Mixed || o.Name == Other {
			fail("an outcome is named %q, want another name", o.Name)
		}
		if len(o.Words) == 0 {
			fail("outcome %s has no words", o.Name)
		}
		for _, w := range o.Words {
			word := strings.ToLower(w)
			if parts := words(word); len(parts) != 1 || parts[0] != word {
				fail("outcome %s: %q is not one word", o.Name, w)
			}
			if other, twice := seen[word]; twice {
				fail("the word %q is in outcomes %s and %s", w, other, o.Name)
			}
			seen[word] = o.Name
		}
	}
	if contrast := s.slot(s.Contrast); contrast >= 0 {
		for value, outcome := range s.Expect {
			if !s.Slots[contrast].has(value) {
				fail("expect: %q is no value of %s", value, s.Contrast)
			}
			if !s.mayBe(outcome) {
				fail("expect: %q is no outcome", outcome)
			}
		}
	}
	if r := s.Reference; r != nil {
		slot := s.slot(r.Slot)
		if slot < 0 || !s.mayBe(r.Outcome) {
			fail("reference: want a slot and an outcome, got %q and %q", r.Slot, r.Outcome)
		}
		for value, share := range r.Shares {
			if slot >= 0 && !s.Slots[slot].has(value) || !(share >= 0 && share <= 1) {
				fail("reference: %q: %v, want a value of %s and a share in [0, 1]", value, share, r.Slot)
			}
		}
	}
	return errs
}

// mayBe reports whether answers can have the outcome.
func (s *Suite) mayBe(outcome string) bool {
	switch {
	case s.Threshold != nil:
		return outcome == Positive || outcome == Negative
	case s.Outcomes == nil:
		return outcome != ""
	}
	return outcome == Other || outcome == Mixed ||
		slices.ContainsFunc(s.Outcomes, func(o Outcome) bool { return o.Name == outcome })
}

func (s *Suite) slot(name string) int {
	return slices.IndexFunc(s.Slots, func(slot Slot) bool { return slot.Name == name })
}

func (s Slot) has(value string) bool {
	return slices.ContainsFunc(s.Values, func(v Value) bool { return v.Name == value })
}
