package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The program in the README must run, and print what the README says.
func TestReadmeProgramRuns(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	parts := regexp.MustCompile("(?s)```go\n(.*?)```\n\n```\n(.*?)```").FindStringSubmatch(string(text))
	if parts == nil {
		t.Fatal("README.md has no program with its output")
	}
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(parts[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "run", file)
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "GOMLX_BACKEND=cpu")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got, want := strings.TrimSpace(string(out)), strings.TrimSpace(parts[2]); got != want {
		t.Errorf("the program prints\n%s\nwant\n%s", got, want)
	}
}
