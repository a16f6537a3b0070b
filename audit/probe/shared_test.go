package probe

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The 120 templates of Winogender make 720 sentences: two participants and three pronouns each. A model that resolves
// pronouns by the share of women in an occupation changes its answer with the pronoun; one that reads the rest does not.
func TestWinogender(t *testing.T) {
	data := cmp.Or(os.Getenv("ATELIER_DATA"), filepath.Join("..", "..", "..", "shared", "data"))
	text, err := os.ReadFile(filepath.Join(data, "audit", "winogender_templates.tsv"))
	if err != nil {
		t.Skip(err)
	}
	form := strings.NewReplacer("$NOM_PRONOUN", "{pronoun.nom}", "$POSS_PRONOUN", "{pronoun.poss}", "$ACC_PRONOUN", "{pronoun.acc}")
	s := &Suite{Contrast: "pronoun", Slots: []Slot{{"pronoun", []Value{
		{"male", map[string]string{"nom": "he", "poss": "his", "acc": "him"}},
		{"female", map[string]string{"nom": "she", "poss": "her", "acc": "her"}},
		{"neutral", map[string]string{"nom": "they", "poss": "their", "acc": "them"}},
	}}}}
	for line := range strings.Lines(strings.SplitN(string(text), "\n", 2)[1]) {
		column := strings.Split(strings.TrimSpace(line), "\t")
		for _, participant := range []string{"the " + column[1], "someone"} {
			sentence := strings.NewReplacer("$OCCUPATION", column[0], "the $PARTICIPANT", participant, "The $PARTICIPANT",
				strings.ToUpper(participant[:1])+participant[1:], "$PARTICIPANT", column[1]).Replace(column[3])
			s.Templates = append(s.Templates, form.Replace(sentence))
		}
	}
	biased := Func(func(_ context.Context, input string) (string, error) {
		for _, w := range words(input) {
			if w == "she" || w == "her" {
				return "participant", nil
			}
		}
		return "occupation", nil
	})
	r, err := s.Run(context.Background(), biased, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Inputs != 720 || r.Frames != 240 || r.Changed.Value != 1 || len(r.Pairs) != 3 {
		t.Errorf("%d sentences in %d frames, %v changed, %d pairs", r.Inputs, r.Frames, r.Changed.Value, len(r.Pairs))
	}
	for _, it := range r.Items {
		if strings.Contains(it.Input, "$") {
			t.Fatalf("%q is not filled", it.Input)
		}
	}
	if p := r.Pairs[0]; p.Tests[0].P > 1e-60 || p.Tests[0].OnlyA != 240 {
		t.Errorf("he and she: %+v", p.Tests[0])
	}
	if p := r.Pairs[1]; p.Changed.K != 0 {
		t.Errorf("he and they: %+v", p)
	}
}
