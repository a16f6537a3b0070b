package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/safetensors"
	"github.com/atelier-go/atelier/weights"
)

// partOfVGG is a file with the first two convolutions of VGG-19, as a part of the published file is kept.
func partOfVGG(t *testing.T) string {
	t.Helper()
	k, err := weights.Find("vgg19")
	if err != nil {
		t.Fatal(err)
	}
	zeros := func(name string, shape ...int) safetensors.Tensor {
		n := 1
		for _, d := range shape {
			n *= d
		}
		return safetensors.FromFloat32(name, shape, make([]float32, n))
	}
	path := filepath.Join(t.TempDir(), "part.safetensors")
	if err := safetensors.Save(path, []safetensors.Tensor{
		zeros("features.0.weight", 64, 3, 3, 3), zeros("features.0.bias", 64),
		zeros("features.2.weight", 64, 64, 3, 3), zeros("features.2.bias", 64),
	}, map[string]string{"source_sha256": k.SHA256, "preprocess": "BGR, 0..255, mean (1, 2, 3)"}); err != nil {
		t.Fatal(err)
	}
	return path
}

// modelsOutput runs a command line that must succeed and print all parts.
func modelsOutput(t *testing.T, args []string, parts ...string) string {
	t.Helper()
	code, stdout, stderr := atelier(t, append([]string{"models"}, args...)...)
	if code != exitOK {
		t.Fatalf("models %v: exit %d, %s", args, code, stderr)
	}
	for _, p := range parts {
		if !strings.Contains(stdout, p) {
			t.Errorf("models %v prints no %q:\n%s", args, p, stdout)
		}
	}
	return stdout
}

func TestModels(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	t.Setenv("ATELIER_WEIGHTS", dir)
	modelsOutput(t, []string{"verify"}, "nothing is installed", dir)
	if _, err := os.Stat(dir); err == nil {
		t.Error("looking makes the cache")
	}
	path := partOfVGG(t)
	modelsOutput(t, []string{"pull", "vgg19", "--from", path}, "to relu1_2", dir, "BSD-3-Clause")
	list := modelsOutput(t, []string{"list"}, "squeezenet1_1", "CC-BY-4.0", "to relu1_2, 0.2 MB")
	if n := strings.Count(list, "\n"); n != len(weights.All())+1 {
		t.Errorf("%d lines:\n%s", n, list)
	}
	var entries []modelEntry
	if err := json.Unmarshal([]byte(modelsOutput(t, []string{"list", "--json"})), &entries); err != nil || entries[0].Installed == nil || entries[1].Installed != nil {
		t.Errorf("%+v, %v", entries, err)
	}
	modelsOutput(t, []string{"verify"}, "vgg19  ok  to relu1_2")
	modelsOutput(t, []string{"show", "vgg19"}, "https://", "11aea017", filepath.Join(dir, "vgg19.safetensors"), "relu1_2  64        1       5")
	modelsOutput(t, []string{"show", "squeezenet1_0"}, "more are not published", "fire9")
	modelsOutput(t, []string{"show", path}, "vgg", "[0.01176 0.007843 0.003922]", "relu1_2")

	installed := filepath.Join(dir, "vgg19.safetensors")
	b, err := os.ReadFile(installed)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-1] ^= 1
	if err := os.WriteFile(installed, b, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"verify"}, exitError, "damaged"},
		{[]string{"verify", "vgg16"}, exitError, "not installed"},
		{[]string{"verify", "alexnet"}, exitUsage, "alexnet"},
		{[]string{"pull", "alexnet"}, exitUsage, "squeezenet1_1"},
		{[]string{"pull"}, exitUsage, "accepts 1 arg"},
		{[]string{"pull", "vgg16", "--from", path}, exitError, "SHA-256"},
		{[]string{"pull", "vgg16", "--from", filepath.Join(dir, "none")}, exitError, "no such file"},
		{[]string{"pull", "vgg16", "--from", path, "--whole"}, exitUsage, "--from"},
		{[]string{"pull", "vgg16", "--until", "relu1_1", "--whole"}, exitUsage, "--whole"},
		{[]string{"pull", "vgg16", "--until", "relu9_1"}, exitError, "relu5_3"},
		{[]string{"show", "alexnet"}, exitUsage, "no file"},
		{[]string{"show", "models.go"}, exitError, "safetensors"},
	} {
		code, _, stderr := atelier(t, append([]string{"models"}, c.args...)...)
		if code != c.code || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("models %v: exit %d, %q, want %d and one line with %q", c.args, code, stderr, c.code, c.want)
		}
	}
	// A record that was cut off is told, keeps nothing else from being listed, and is repaired by the same command as ever.
	record := filepath.Join(dir, "vgg19.json")
	if err := os.Truncate(record, 5); err != nil {
		t.Fatal(err)
	}
	modelsOutput(t, []string{"list"}, "damaged: pull again", "squeezenet1_1")
	code, _, stderr := atelier(t, "models", "verify")
	if code != exitError || !strings.Contains(stderr, record) || !strings.Contains(stderr, "atelier models pull vgg19") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit %d, %q", code, stderr)
	}
	modelsOutput(t, []string{"pull", "vgg19", "--from", path}, "to relu1_2")
	modelsOutput(t, []string{"verify"}, "vgg19  ok  to relu1_2")
}
