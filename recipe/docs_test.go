package recipe_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/recipe"
	"github.com/atelier-go/atelier/schedule"
)

// The recipes in docs/training.md are recipes, and it names all kinds of things.
func TestDocument(t *testing.T) {
	text, err := os.ReadFile("../docs/training.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^ *```yaml\n(.*?)^ *```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) != 4 {
		t.Errorf("%d recipes", len(blocks))
	}
	backend := compute.MustNew()
	for _, b := range blocks {
		r, err := recipe.Parse("training.md", []byte(b[1]), t.TempDir(), recipe.Options{})
		if err != nil {
			t.Errorf("%v in\n%s", err, b[1])
			continue
		}
		if _, there := r.Datasets["photos"]; there {
			continue
		}
		config, err := r.Config(t.Context())
		if err != nil {
			t.Errorf("%v in\n%s", err, b[1])
			continue
		}
		config.Backend = backend
		l, err := learn.New(config) // which knows the model's paths
		if err != nil {
			t.Errorf("%v in\n%s", err, b[1])
			continue
		}
		l.Close()
	}
	for _, names := range [][]string{schedule.Kinds(), optim.Kinds(), data.Kinds()} {
		for _, name := range names {
			if !strings.Contains(string(text), "`"+name) {
				t.Errorf("the document lacks %s", name)
			}
		}
	}
}
