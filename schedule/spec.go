package schedule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Spec is a schedule in JSON, or none: the zero Spec. The forms are in the package documentation.
type Spec struct {
	Schedule
}

// Of is the Spec of a schedule.
func Of(s Schedule) Spec {
	if spec, ok := s.(Spec); ok {
		return spec
	}
	if v := reflect.ValueOf(s); v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return Spec{}
		}
		if value, ok := v.Elem().Interface().(Schedule); ok {
			return Spec{value}
		}
	}
	return Spec{s}
}

// IsZero reports whether there is no schedule.
func (s Spec) IsZero() bool { return s.Schedule == nil }

// Check says what is wrong with the schedule, also that there is none.
func (s Spec) Check() error {
	if s.IsZero() {
		return errors.New("no schedule given")
	}
	return s.Schedule.Check()
}

// At is the schedule's value at step k of n; without a schedule 0.
func (s Spec) At(k, n int) float64 {
	if s.IsZero() {
		return 0
	}
	return s.Schedule.At(k, n)
}

// kinds has every kind by its name, in the order of the package documentation.
var kinds = []struct {
	name string
	zero Schedule
}{
	{"constant", Constant{}},
	{"linear", Linear{}},
	{"cosine", Cosine{}},
	{"exponential", Exponential{}},
	{"polynomial", Polynomial{}},
	{"step", Step{}},
	{"warmup", Warmup{}},
	{"join", Join{}},
	{"one_cycle", OneCycle{}},
	{"one_cycle_momentum", OneCycleMomentum{}},
	{"sgdr", SGDR{}},
	{"trapezoid", Trapezoid{}},
	{"inverse_sqrt", InverseSqrt{}},
}

// Kinds are the names of all kinds, simple ones first.
func Kinds() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return names
}

// New is a pointer to a zero schedule of a kind, to be filled by the names in its json tags; false if there is no such
// kind. [Of] makes a Spec of it.
func New(kind string) (Schedule, bool) {
	for _, k := range kinds {
		if k.name == kind {
			return reflect.New(reflect.TypeOf(k.zero)).Interface().(Schedule), true
		}
	}
	return nil, false
}

// Kind is the name of a schedule's kind; empty for a type that is not of this package.
func Kind(s Schedule) string {
	s = Of(s).Schedule
	for _, k := range kinds {
		if reflect.TypeOf(k.zero) == reflect.TypeOf(s) {
			return k.name
		}
	}
	return ""
}

// MarshalJSON writes a number for a constant, an object with the kind as its only key otherwise, and null for none.
func (s Spec) MarshalJSON() ([]byte, error) {
	v := Of(s.Schedule).Schedule
	if v == nil {
		return []byte("null"), nil
	}
	if c, ok := v.(Constant); ok {
		return json.Marshal(c.Value)
	}
	kind := Kind(v)
	if kind == "" {
		return nil, fmt.Errorf("schedule: %T is not a kind of this package, so it has no JSON", v)
	}
	return json.Marshal(map[string]any{kind: v})
}

// UnmarshalJSON reads what MarshalJSON writes, and the short forms. It refuses unknown kinds and fields, but does not
// check values; see [Spec.Check].
func (s *Spec) UnmarshalJSON(text []byte) error {
	text = bytes.TrimSpace(text)
	if bytes.Equal(text, []byte("null")) {
		*s = Spec{}
		return nil
	}
	if !bytes.HasPrefix(text, []byte("{")) {
		var value float64
		if err := json.Unmarshal(text, &value); err != nil {
			return fmt.Errorf("schedule: want a number or an object with the kind as its key, got %s", text)
		}
		*s = Spec{Constant{value}}
		return nil
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil {
		return fmt.Errorf("schedule: %w", err)
	}
	if len(object) != 1 {
		return fmt.Errorf("schedule: an object with %d keys, want one: the kind", len(object))
	}
	for kind, settings := range object {
		v, ok := New(kind)
		if !ok {
			return fmt.Errorf("schedule: no kind %q; there are %s", kind, strings.Join(Kinds(), ", "))
		}
		if err := fill(v, settings); err != nil {
			return fmt.Errorf("schedule: %s: %w", kind, err)
		}
		*s = Of(v)
	}
	return nil
}

// fill reads the settings of one kind: by name, as a list, or one number.
func fill(v Schedule, text json.RawMessage) error {
	if text[0] == '{' {
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		return d.Decode(v)
	}
	fields := reflect.ValueOf(v).Elem()
	items := []json.RawMessage{text}
	if text[0] == '[' && !isList(fields) {
		if err := json.Unmarshal(text, &items); err != nil {
			return err
		}
	}
	if len(items) > fields.NumField() {
		return fmt.Errorf("a list of %d settings, there are %d", len(items), fields.NumField())
	}
	for i, item := range items {
		d := json.NewDecoder(bytes.NewReader(item))
		d.DisallowUnknownFields()
		if err := d.Decode(fields.Field(i).Addr().Interface()); err != nil {
			return fmt.Errorf("%s: %w", fields.Type().Field(i).Tag.Get("json"), err)
		}
	}
	return nil
}

// isList reports whether a kind has a list as its only setting: a list of settings is that list then.
func isList(fields reflect.Value) bool {
	return fields.NumField() == 1 && fields.Field(0).Kind() == reflect.Slice
}
