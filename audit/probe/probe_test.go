package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/audit/stat"
)

const jobs = `
templates: ["{Pronoun.nom} is {a occupation}.", "I saw {pronoun.poss} {{colleague}, {a occupation}."]
slots:
  occupation: [doctor, nurse, engineer]
  pronoun:
    female: {nom: she, poss: her}
    male: {nom: he, poss: his}
contrast: pronoun
outcomes:
  female: [she, her]
  male: [he, his]
expect: {female: female, male: male}
reference: {slot: occupation, outcome: female, shares: {doctor: 0.5, nurse: 0.9}}
`

func read(t *testing.T, text string) *Suite {
	t.Helper()
	s, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// turkish translates there and back as the lesson tells it: the pronoun is lost, and comes back as the job is expected.
var turkish = Func(func(_ context.Context, input string) (string, error) {
	neutral := strings.NewReplacer("She ", "O ", "He ", "O ", " her ", " onun ", " his ", " onun ").Replace(input)
	if strings.Contains(neutral, "nurse") {
		return strings.NewReplacer("O ", "She ", " onun ", " her ").Replace(neutral), nil
	}
	return strings.NewReplacer("O ", "He ", " onun ", " his ").Replace(neutral), nil
})

func run(t *testing.T, s *Suite, p Predictor) *Result {
	t.Helper()
	r, err := s.Run(context.Background(), p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
	return r
}

func TestSentences(t *testing.T) {
	r := run(t, read(t, jobs), turkish)
	var inputs []string
	for _, it := range r.Items {
		inputs = append(inputs, it.Input)
	}
	want := []string{"She is a doctor.", "He is a doctor.", "She is a nurse.", "He is a nurse.", "She is an engineer.",
		"He is an engineer.", "I saw her {colleague}, a doctor.", "I saw his {colleague}, a doctor."}
	if len(inputs) != 12 || !reflect.DeepEqual(inputs[:8], want) {
		t.Errorf("%d sentences: %q", len(inputs), inputs)
	}
}

func TestRoundTrip(t *testing.T) {
	r := run(t, read(t, jobs), turkish)
	// Answers do not depend on the pronoun, so no frame changes and half of the sentences flip.
	if r.Frames != 6 || r.Changed.K != 0 || r.Unexpected.K != 6 || r.Unexpected.N != 12 {
		t.Errorf("frames %d, changed %+v, unexpected %+v", r.Frames, r.Changed, *r.Unexpected)
	}
	low, high := stat.Wilson(6, 12, .95)
	if r.Unexpected.Low != low || r.Unexpected.High != high {
		t.Errorf("interval [%v, %v], want Wilson's", r.Unexpected.Low, r.Unexpected.High)
	}
	if !reflect.DeepEqual(r.Outcomes, []string{"female", "male"}) {
		t.Errorf("outcomes %q", r.Outcomes)
	}
	rows := r.Slots[0].Rows
	if r.Slots[0].Slot != "occupation" || rows[1].Value != "nurse" || rows[1].N != 4 || rows[1].Shares[0].Value != 1 ||
		rows[0].Shares[0].Value != 0 || rows[1].Departs || !rows[0].Departs || rows[2].Reference != nil || *rows[0].Reference != .5 {
		t.Errorf("occupations: %+v", rows)
	}
	if test := r.Pairs[0].Tests[0]; test.Both != 2 || test.Neither != 4 || test.P != 1 {
		t.Errorf("test %+v, want no difference between the pronouns", test)
	}
}

// A model that calls every woman unfit and every man but nurses fit changes in the frames of two of three jobs.
func TestPairsOfLabels(t *testing.T) {
	s := read(t, jobs)
	s.Outcomes, s.Expect, s.Reference = nil, nil, nil
	r := run(t, s, Func(func(_ context.Context, input string) (string, error) {
		w := words(input)
		if slices.Contains(w, "she") || slices.Contains(w, "her") || slices.Contains(w, "nurse") {
			return " unfit ", nil
		}
		return "fit", nil
	}))
	if r.Unexpected != nil || !reflect.DeepEqual(r.Outcomes, []string{"fit", "unfit"}) {
		t.Fatalf("outcomes %q, unexpected %v", r.Outcomes, r.Unexpected)
	}
	fit := r.Pairs[0].Tests[0]
	want := Test{Outcome: "fit", OnlyB: 4, Neither: 2, Difference: fit.Difference, P: .125, Holm: .25}
	if math.Abs(fit.P-.125) > 1e-12 || math.Abs(fit.Holm-.25) > 1e-12 || fit.OnlyB != want.OnlyB || fit.Neither != want.Neither {
		t.Errorf("%+v, want %+v", fit, want)
	}
	if d := fit.Difference; math.Abs(d.Value-4./6) > 1e-15 || d.Low > d.Value || d.High < d.Value {
		t.Errorf("difference %+v", d)
	}
	if r.Changed.K != 4 || r.Slots[0].Rows[1].Changed.K != 0 || r.Slots[0].Rows[0].Changed.K != 2 {
		t.Errorf("changed %+v, by job %+v", r.Changed, r.Slots[0].Rows)
	}
	if r.Values[0].Shares[1].Value != 1 || math.Abs(r.Values[1].Shares[1].Value-1./3) > 1e-15 {
		t.Errorf("shares of unfit: %+v", r.Values)
	}
}

func TestScores(t *testing.T) {
	s := read(t, jobs)
	threshold := 0.5
	s.Outcomes, s.Expect, s.Reference, s.Threshold = nil, nil, nil, &threshold
	n := 0.
	r := run(t, s, Func(func(_ context.Context, input string) (string, error) {
		n++
		return fmt.Sprint(n / 12), nil
	}))
	if !reflect.DeepEqual(r.Outcomes, []string{Positive, Negative}) || r.Pairs[0].Score == nil ||
		math.Abs(r.Pairs[0].Score.Value-1./12) > 1e-12 {
		t.Errorf("outcomes %q, score %+v", r.Outcomes, r.Pairs[0].Score)
	}
	_, err := s.Run(context.Background(), Func(func(context.Context, string) (string, error) { return "NaN", nil }), Options{})
	if err == nil || !strings.Contains(err.Error(), `"NaN", want a number`) {
		t.Errorf("error %v", err)
	}
}

func TestOutcomesOfWords(t *testing.T) {
	s := read(t, jobs)
	lexicon := s.lexicon()
	for text, want := range map[string]string{
		"SHE is here.": "female", "the theory": Other, "he and she": Mixed, "": Other, "her's hers": Other, "«his»": "male",
		"She, her": "female", "he-man": Other,
	} {
		it := &Item{Output: text}
		if err := s.sort(it, lexicon); err != nil || it.Outcome != want {
			t.Errorf("%q: %s, error %v, want %s", text, it.Outcome, err, want)
		}
	}
}

func TestPredictorErrors(t *testing.T) {
	s := read(t, jobs)
	broken := errors.New("broken")
	for want, p := range map[string]Predictor{
		"0 answers to 12 inputs":        Chain{predictions(func([]string) ([]string, error) { return nil, nil })},
		"step 2 of 2":                   Chain{turkish, Func(func(context.Context, string) (string, error) { return "", broken })},
		`input 0 "She is a doctor."`:    Func(func(context.Context, string) (string, error) { return "", broken }),
		"probe: 1 answers to 12 inputs": predictions(func([]string) ([]string, error) { return []string{"x"}, nil }),
	} {
		if _, err := s.Run(context.Background(), p, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := s.Run(context.Background(), turkish, Options{Conf: 1}); err == nil {
		t.Error("a confidence of 1 is accepted")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Run(ctx, turkish, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
	s.Outcomes, s.Expect, s.Reference = nil, nil, nil
	if _, err := s.Run(context.Background(), Func(func(context.Context, string) (string, error) { return " ", nil }), Options{}); err == nil {
		t.Error("empty answers are outcomes")
	}
}

type predictions func([]string) ([]string, error)

func (p predictions) Predict(_ context.Context, inputs []string) ([]string, error) { return p(inputs) }

func TestSuitesAreReadStrictly(t *testing.T) {
	change := func(old, with string) string {
		if !strings.Contains(jobs, old) {
			t.Fatalf("the suite lacks %q", old)
		}
		return strings.Replace(jobs, old, with, 1)
	}
	for want, text := range map[string]string{
		"the suite is empty":                    "",
		"field template not found":              change("templates:", "template:"),
		"no templates":                          change(`["{Pronoun.nom} is {a occupation}.", "I saw {pronoun.poss} {{colleague}, {a occupation}."]`, "[]"),
		"no closing brace":                      change("{a occupation}.\",", "{a occupation.\","),
		"there is no slot job":                  change("{a occupation}.\",", "{a job}.\","),
		"want {slot}":                           change("{a occupation}.\",", "{an occupation}.\","),
		"male has no form nom":                  change("{nom: he,", "{nominative: he,"),
		"lacks the contrast {pronoun}":          change("{Pronoun.nom}", "Kim"),
		`contrast "noun" is no slot`:            change("contrast: pronoun", "contrast: noun"),
		"line 4: slot occupation: want":         change("[doctor, nurse, engineer]", "doctor"),
		`the value "nurse" twice`:               change("engineer]", "nurse]"),
		`two outcomes are named male`:           change("  female: [she, her]", "  male: [she, her]"),
		"is in outcomes female and male":        change("[he, his]", "[her, his]"),
		`"he she" is not one word`:              change("[he, his]", "[he she, his]"),
		`named "mixed"`:                         change("  female: [she, her]", "  mixed: [she, her]"),
		`"woman" is no value of pronoun`:        change("{female: female,", "{woman: female,"),
		`"neuter" is no outcome`:                change("{female: female,", "{female: neuter,"),
		"share in [0, 1]":                       change("doctor: 0.5", "doctor: 50"),
		`"waiter": 0.5`:                         change("doctor: 0.5", "waiter: 0.5"),
		"outcomes and a threshold":              jobs + "threshold: 1\n",
		"no template has slot city":             change("slots:", "slots:\n  city: [Rome]"),
		"has 1 values, want two or more":        change("    male: {nom: he, poss: his}\n", ""),
		"want a name of small letters":          change("  occupation: [doctor", "  Occupation: [doctor"),
		"has a line break":                      change("I saw", `I\nsaw`),
		"outcome female has no words":           change("[she, her]", "[]"),
		"slots: want a mapping":                 "templates: [x]\nslots: [a]\n",
		"two slots are named occupation":        change("  pronoun:\n", "  occupation: [x]\n  pronoun:\n"),
		"make 1152921504606846976 sentences":    large(),
		"reference: want a slot and an outcome": change("{slot: occupation,", "{slot: job,"),
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v\nwant %q", err, want)
		}
	}
}

// large is a suite of 2^60 sentences.
func large() string {
	template, slots := "", ""
	for i := range 60 {
		name := strings.Repeat("a", i+1)
		template += "{" + name + "} "
		slots += "  " + name + ": [x, y]\n"
	}
	return "templates: [\"" + template + "\"]\nslots:\n" + slots + "contrast: a\n"
}

func FuzzRead(f *testing.F) {
	f.Add(jobs)
	f.Add(strings.ReplaceAll(jobs, "outcomes:\n  female: [she, her]\n  male: [he, his]\n", "threshold: 0.5\n"))
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Read(strings.NewReader(text))
		if err != nil || s.inputs() > 1000 {
			return
		}
		r, err := s.Run(context.Background(), Func(func(context.Context, string) (string, error) { return "1", nil }), Options{})
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if float64(r.Inputs) != s.inputs() || r.Changed.K != 0 {
			t.Fatalf("%d inputs, want %v; %v changed", r.Inputs, s.inputs(), r.Changed.K)
		}
	})
}
