package recipe_test

import (
	"strings"
	"testing"

	"github.com/atelier-go/atelier/recipe"
)

func TestPrecision(t *testing.T) {
	if r, err := parse("phases: [{epochs: 1}]\n"); err != nil || r.Precision != "" {
		t.Errorf("without a precision: %q, %v", r.Precision, err)
	}
	text := "precision: bf16\nphases: [{epochs: 1}]\n"
	if r, err := parse(text); err != nil || r.Precision != "bf16" {
		t.Fatalf("%+v, %v", r, err)
	}
	// What is asked for besides comes first, and is written beside the results: a run goes on as it began.
	r, err := recipe.Parse("r.yaml", []byte(text), "", recipe.Options{Precision: "auto"})
	if err != nil {
		t.Fatal(err)
	}
	if again, err := parse(r.Text()); err != nil || again.Precision != "auto" {
		t.Errorf("%q, %v", again.Precision, err)
	}
}

func TestPrecisionMistakes(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"seed: 1\nprecision: fp16\n", `r.yaml:2: precision: "fp16" is not one of float32, bf16, auto`},
		{"precision: [bf16]\n", `r.yaml:1: precision: want a word`},
		{"precision: 16\n", `r.yaml:1: precision: "16" is not one of`},
	} {
		if _, err := parse(c.text); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s got %v\nwant %s", c.text, err, c.want)
		}
	}
	_, err := recipe.Parse("r.yaml", []byte("phases: [{epochs: 1}]\n"), "", recipe.Options{Precision: "half"})
	if err == nil || !strings.HasPrefix(err.Error(), `--precision half: precision: "half" is not one of`) {
		t.Errorf("got %v", err)
	}
}
