package recipe_test

import (
	"context"
	"errors"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/atelier-go/atelier/recipe"
)

// drawPicture writes a small picture.
func drawPicture(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(png.Encode(f, image.NewGray(image.Rect(0, 0, 8, 8))), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// A label file is one beside the recipe, wherever the command is given, or else one inside of the folder.
func TestLabelFiles(t *testing.T) {
	const text = "datasets:\n  a:\n    train: {folder: {path: photos, labels: labels.csv}}\nphases: [{epochs: 1}]\n"
	for name, place := range map[string]string{"beside": "labels.csv", "inside": "photos/labels.csv"} {
		dir := t.TempDir()
		for _, file := range []string{"1.png", "2.png", "3.png", "4.png"} {
			drawPicture(t, filepath.Join(dir, "photos", file))
		}
		if err := os.WriteFile(filepath.Join(dir, place), []byte("1.png,cat\n2.png,dog\n3.png,cat\n4.png,dog\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "r.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Chdir(t.TempDir())
		r, err := recipe.Load(file, recipe.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Plan(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		// What is written beside results holds elsewhere too.
		again, err := recipe.Parse("again", []byte(r.Text()), t.TempDir(), recipe.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := again.Plan(); err != nil {
			t.Errorf("%s, from elsewhere: %v", name, err)
		}
	}
}

// Reading pictures into memory ends when it is told to.
func TestLoadingEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := parse("datasets:\n  a:\n    train: {shapes: {n: 100}, memory: true}\n    valid: {shapes: {n: 100}, memory: true}\nphases: [{epochs: 1}]\n")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Config(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Config: %v", err)
	}
	if _, err := r.Evaluation(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("Evaluation: %v", err)
	}
}
