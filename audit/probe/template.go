package probe

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	slotName = regexp.MustCompile(`^[a-z_]+$`)
	slotUse  = regexp.MustCompile(`^(?:([aA]) )?([A-Za-z_]+)(?:\.([A-Za-z_]+))?$`)
)

// A part of a template is text, or a slot if slot is not -1.
type part struct {
	text    string
	slot    int
	form    string
	capital bool
	article string // "a" or "A" before the value, made "an" where it must be
}

type template struct {
	parts []part
	slots []int // that it has, in the order of the suite
}

// parse reads a template of the suite.
func (s *Suite) parse(text string) (template, error) {
	var t template
	if strings.ContainsAny(text, "\r\n") {
		return t, errors.New("has a line break")
	}
	rest := text
	for rest != "" {
		before, after, found := strings.Cut(rest, "{")
		t.parts = append(t.parts, part{text: before, slot: -1})
		if !found {
			break
		}
		if strings.HasPrefix(after, "{") {
			t.parts = append(t.parts, part{text: "{", slot: -1})
			rest = after[1:]
			continue
		}
		use, after, closed := strings.Cut(after, "}")
		if !closed {
			return t, fmt.Errorf("{%s has no closing brace", use)
		}
		p, err := s.use(use)
		if err != nil {
			return t, err
		}
		t.parts = append(t.parts, p)
		if !slices.Contains(t.slots, p.slot) {
			t.slots = append(t.slots, p.slot)
		}
		rest = after
	}
	slices.Sort(t.slots)
	return t, nil
}

// use reads what stands between braces.
func (s *Suite) use(text string) (part, error) {
	m := slotUse.FindStringSubmatch(text)
	if m == nil {
		return part{}, fmt.Errorf("{%s}: want {slot}, {slot.form} or {a slot}", text)
	}
	name := strings.ToLower(m[2][:1]) + m[2][1:]
	p := part{slot: s.slot(name), form: m[3], capital: name != m[2], article: m[1]}
	if p.slot < 0 {
		return p, fmt.Errorf("{%s}: there is no slot %s", text, name)
	}
	for _, v := range s.Slots[p.slot].Values {
		if _, has := v.Forms[p.form]; p.form != "" && !has {
			return p, fmt.Errorf("{%s}: %s has no form %s", text, v.Name, p.form)
		}
	}
	return p, nil
}

// fill writes the template with the chosen value of each slot of the suite.
func (t template) fill(s *Suite, values []int) string {
	var b strings.Builder
	for _, p := range t.parts {
		if p.slot < 0 {
			b.WriteString(p.text)
			continue
		}
		value := s.Slots[p.slot].Values[values[p.slot]]
		text := value.Name
		if p.form != "" {
			text = value.Forms[p.form]
		}
		if p.capital {
			first, size := utf8.DecodeRuneInString(text)
			text = string(unicode.ToUpper(first)) + text[size:]
		}
		if p.article != "" {
			b.WriteString(article(p.article, text))
		}
		b.WriteString(text)
	}
	return b.String()
}

// article is "a " or "an " by the letter that follows, which English mostly goes by. What it gets wrong (hour, university)
// can be written into forms.
func article(a, text string) string {
	if text != "" && strings.ContainsRune("aeiouAEIOU", rune(text[0])) {
		return a + "n "
	}
	return a + " "
}

// An Item is one sentence and what came of it.
type Item struct {
	Template int               `json:"template"`
	Values   map[string]string `json:"values"` // of the slots that the template has
	Input    string            `json:"input"`
	Output   string            `json:"output"`
	Outcome  string            `json:"outcome"`

	score  float64 // of answers that are numbers
	values []int   // of all slots, -1 where the template has none
}

// A frame is sentences that differ in the contrast alone, one for each of its values.
type frame []*Item

// inputs is how many sentences the suite makes.
func (s *Suite) inputs() (total float64) {
	for _, text := range s.Templates {
		t, err := s.parse(text)
		if err != nil {
			continue
		}
		n := 1.0
		for _, slot := range t.slots {
			n *= float64(len(s.Slots[slot].Values))
		}
		total += n
	}
	return total
}

// expand makes all sentences, template by template, the contrast changing fastest.
func (s *Suite) expand() (frames []frame, err error) {
	contrast := s.slot(s.Contrast)
	for i, text := range s.Templates {
		t, err := s.parse(text)
		if err != nil {
			return nil, err
		}
		values := make([]int, len(s.Slots))
		for j := range values {
			values[j] = -1
		}
		others := slices.DeleteFunc(slices.Clone(t.slots), func(slot int) bool { return slot == contrast })
		s.vary(others, values, func() {
			var f frame
			for c := range s.Slots[contrast].Values {
				values[contrast] = c
				f = append(f, s.item(i, t, values))
			}
			frames = append(frames, f)
		})
	}
	return frames, nil
}

// vary calls visit with every combination of values of the slots.
func (s *Suite) vary(slots, values []int, visit func()) {
	if len(slots) == 0 {
		visit()
		return
	}
	for v := range s.Slots[slots[0]].Values {
		values[slots[0]] = v
		s.vary(slots[1:], values, visit)
	}
}

func (s *Suite) item(index int, t template, values []int) *Item {
	it := &Item{Template: index, Values: map[string]string{}, Input: t.fill(s, values), values: slices.Clone(values)}
	for _, slot := range t.slots {
		it.Values[s.Slots[slot].Name] = s.Slots[slot].Values[values[slot]].Name
	}
	return it
}
