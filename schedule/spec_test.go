package schedule_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/schedule"
)

func TestSpecJSON(t *testing.T) {
	for _, c := range []struct {
		text string
		want schedule.Schedule
	}{
		{`0.01`, schedule.Constant{Value: .01}},
		{` -1e-3 `, schedule.Constant{Value: -.001}},
		{`{"constant": {"value": 2}}`, schedule.Constant{Value: 2}},
		{`{"constant": 2}`, schedule.Constant{Value: 2}},
		{`{"cosine": {"from": 0.01, "to": 0.001}}`, schedule.Cosine{From: .01, To: .001}},
		{`{"cosine": [0.01, 0.001]}`, schedule.Cosine{From: .01, To: .001}},
		{`{"cosine": [0.01]}`, schedule.Cosine{From: .01}},
		{`{"cosine": 0.01}`, schedule.Cosine{From: .01}},
		{`{"polynomial": [1, 0, 2]}`, schedule.Polynomial{From: 1, Power: 2}},
		{`{"step": [1, 0.5, [0.25, 0.75]]}`, schedule.Step{Value: 1, Factor: .5, Milestones: []float64{.25, .75}}},
		{`{"one_cycle": {"max": 0.1, "phases": 3, "anneal": "linear"}}`, schedule.OneCycle{Max: .1, Phases: 3, Anneal: "linear"}},
		{`{"one_cycle_momentum": {}}`, schedule.OneCycleMomentum{}},
		{`{"sgdr": {"max": 1, "cycles": 3, "mult": 2}}`, schedule.SGDR{Max: 1, Cycles: 3, Mult: 2}},
		{`{"warmup": {"steps": 5, "then": {"cosine": 1}}}`, schedule.Warmup{Steps: 5, Then: schedule.Of(schedule.Cosine{From: 1})}},
		{`{"join": [{"fraction": 0.5, "schedule": {"linear": [0, 1]}}, {"fraction": 0.5, "schedule": 1}]}`,
			schedule.Join{Parts: []schedule.Part{part(.5, schedule.Linear{To: 1}), part(.5, schedule.Constant{Value: 1})}}},
		{`null`, nil},
	} {
		var got, back schedule.Spec
		if err := json.Unmarshal([]byte(c.text), &got); err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if !reflect.DeepEqual(got.Schedule, c.want) {
			t.Errorf("%s is %#v, want %#v", c.text, got.Schedule, c.want)
		}
		text, err := json.Marshal(got)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(got, back) {
			t.Errorf("%s becomes %s, and that %#v, %v", c.text, text, back.Schedule, err)
		}
	}
}

func TestSpecRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`"fast"`:                         `want a number or an object`,
		`[1, 2]`:                         `want a number or an object`,
		`{}`:                             `0 keys, want one`,
		`{"linear": 1, "cosine": 2}`:     `2 keys, want one`,
		`{"linaer": 1}`:                  `no kind "linaer"; there are constant, linear,`,
		`{"linear": {"form": 1}}`:        `linear: json: unknown field "form"`,
		`{"linear": [1, 2, 3]}`:          `linear: a list of 3 settings, there are 2`,
		`{"linear": ["a"]}`:              `linear: from: json: cannot unmarshal string`,
		`{"warmup": {"then": {"x": 1}}}`: `warmup: schedule: no kind "x"`,
	} {
		var s schedule.Spec
		err := json.Unmarshal([]byte(text), &s)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// New makes what Kinds names, and Kind finds the name again, of a value and of a pointer.
func TestKinds(t *testing.T) {
	for _, kind := range schedule.Kinds() {
		s, ok := schedule.New(kind)
		if !ok || reflect.TypeOf(s).Kind() != reflect.Pointer {
			t.Fatalf("%s: %#v", kind, s)
		}
		if got, spec := schedule.Kind(s), schedule.Of(s); got != kind || schedule.Kind(spec.Schedule) != kind {
			t.Errorf("%s is called %q", kind, got)
		}
		for _, f := range reflect.VisibleFields(reflect.TypeOf(s).Elem()) {
			if tag := f.Tag.Get("json"); tag == "" || tag != strings.ToLower(tag) || strings.Contains(tag, ",") {
				t.Errorf("%s has a field %s with the tag %q", kind, f.Name, tag)
			}
		}
	}
	if s, ok := schedule.New("none"); ok || s != nil {
		t.Error("there is a kind none")
	}
	var none *schedule.Cosine
	for _, s := range []schedule.Spec{{}, schedule.Of(nil), schedule.Of(none)} {
		if !s.IsZero() || s.Check() == nil || s.At(1, 2) != 0 || schedule.Kind(s.Schedule) != "" {
			t.Errorf("%#v is not nothing", s)
		}
	}
	if once := schedule.Of(schedule.Cosine{From: 1}); schedule.Of(once) != once {
		t.Error("a spec of a spec is another")
	}
	if _, err := json.Marshal(schedule.Of(foreign{})); err == nil || !strings.Contains(err.Error(), "foreign") {
		t.Errorf("a type from elsewhere: %v", err)
	}
}

type foreign struct{ schedule.Constant }
