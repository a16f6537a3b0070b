package report_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/audit/report"
)

func TestCardIsShown(t *testing.T) {
	file := filepath.Join(t.TempDir(), "card.yaml")
	text := `# about a model
model_details:
  name: Scores
  owners: [One, Two]
questions:
  should_we: |
    First paragraph,
    two lines.

    Second paragraph.
datasheet:
  motivation:
    purpose: To measure.
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	card, err := report.ReadCard(file)
	if err != nil {
		t.Fatal(err)
	}
	page := written(t, report.Of(compas(), report.Options{Card: card}).WriteHTML)
	contains(t, page, "Audit of Scores", "<p>One</p><p>Two</p>", "<p>Second paragraph.</p>", "<p>To measure.</p>",
		`<dt>Contact</dt><dd><span class="missing">Missing.</span> Where do people send questions`)
	for _, section := range []string{
		"Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data", "Quantitative analyses",
		"Ethical considerations", "Caveats and recommendations",
	} {
		contains(t, page, "<h3>"+section+"</h3>")
	}
	for _, section := range []string{
		"Motivation", "Composition", "Collection process", "Preprocessing, cleaning and labelling", "Uses", "Distribution", "Maintenance",
	} {
		contains(t, page, "<h3>"+section+"</h3>")
	}
	if all := len((report.Card{}).Missing()); len(card.Missing()) != all-4 {
		t.Errorf("%d of %d are missing, want 4 fewer", len(card.Missing()), all)
	}
}

// The card to fill in has every name, and is itself a card without any text.
func TestEmptyCard(t *testing.T) {
	text := written(t, report.WriteEmptyCard)
	card, err := report.ParseCard([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	missing := card.Missing()
	if len(missing) != len((report.Card{}).Missing()) {
		t.Errorf("texts appeared: only %d are missing", len(missing))
	}
	for _, key := range missing {
		if name := key[strings.LastIndex(key, ".")+1:]; !strings.Contains(text, " "+name+":  # ") {
			t.Errorf("no %s in\n%s", key, text)
		}
	}
}

func TestCardMistakes(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"model_details:\n  nam: x", "line 2: there is no model_details.nam; model_details has name, overview,"},
		{"cards: x", "line 1: there is no cards; a card has model_details,"},
		{"model_details: x", "line 1: model_details: want names and texts below it"},
		{"model_details:\n  name: {a: b}", "line 2: model_details.name: want a text"},
		{"model_details:\n  name: [[a]]", "line 2: model_details.name: want a text"},
		{"caveats: {text: a}\ncaveats: {text: b}", "line 2: caveats is there twice"},
		{"- a", "line 1: a card: want names"},
		{"datasheet: {uses: {other: a, more: b}}", "there is no datasheet.uses.more; datasheet.uses has other"},
		{"a: &x b\nmodel_details: *x", "aliases"},
		{"a: [", "card: yaml:"},
	} {
		_, err := report.ParseCard([]byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
	}
	if _, err := report.ReadCard("nowhere.yaml"); err == nil {
		t.Error("a card that does not exist was read")
	}
}

func FuzzCard(f *testing.F) {
	f.Add([]byte("model_details: {name: x}"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		card, err := report.ParseCard(text)
		if err != nil {
			return
		}
		if err := report.Of(manyClasses(), report.Options{Card: card}).WriteHTML(io.Discard); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}
