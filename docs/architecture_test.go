// Package docs_test holds the code to what the documents say.
package docs_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/atelier-go/atelier/"

// row is a line of the table of packages.
type row struct {
	name    string
	imports []string
}

var quoted = regexp.MustCompile("`([^`]+)`")

// table reads the table of packages from architecture.md.
func table(t *testing.T) []row {
	t.Helper()
	text, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "| package | what lives there | imports |\n|---|---|---|\n")
	if !found {
		t.Fatal("architecture.md has no table of packages")
	}
	var rows []row
	for line := range strings.Lines(rest) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 {
			break
		}
		name := quoted.FindStringSubmatch(cells[1])
		if name == nil {
			t.Fatalf("no package in %q", line)
		}
		r := row{name: name[1]}
		for _, m := range quoted.FindAllStringSubmatch(cells[3], -1) {
			r.imports = append(r.imports, m[1])
		}
		if (len(r.imports) == 0) != (strings.TrimSpace(cells[3]) == "nothing") {
			t.Errorf("%s imports %q: want packages in backquotes, or the word nothing", r.name, cells[3])
		}
		rows = append(rows, r)
	}
	return rows
}

// imports lists the module's packages as the Go tool sees them, with those of the module that each imports, without
// tests. A package of test files alone is not part of it.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,GoFiles", "./...")
	cmd.Dir = ".."
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string][]string{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath       string
			Imports, GoFiles []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) == 0 {
			continue
		}
		name := strings.TrimPrefix(p.ImportPath, module)
		packages[name] = []string{}
		for _, i := range p.Imports {
			if ours, ok := strings.CutPrefix(i, module); ok {
				packages[name] = append(packages[name], ours)
			}
		}
	}
}

func TestPackagesImportWhatTheTableSays(t *testing.T) {
	rows := table(t)
	var above []string
	packages := imports(t)
	for _, r := range rows {
		for _, i := range r.imports {
			if !slices.Contains(above, i) {
				t.Errorf("the table lets %s import %s, which is not above it", r.name, i)
			}
		}
		above = append(above, r.name)
		got, exists := packages[r.name]
		if !exists {
			t.Errorf("the table has %s, which does not exist", r.name)
			continue
		}
		for _, i := range got {
			if !slices.Contains(r.imports, i) {
				t.Errorf("%s imports %s, which the table does not allow", r.name, i)
			}
		}
		for _, i := range r.imports {
			if !slices.Contains(got, i) {
				t.Errorf("the table says that %s imports %s, which it does not", r.name, i)
			}
		}
	}
	for name := range packages {
		if !slices.Contains(above, name) {
			t.Errorf("the table lacks %s", name)
		}
	}
}

// Names of files and folders that the documents link to must exist.
func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)\)`)
	for _, c := range []struct{ dir, file string }{
		{"..", "README.md"}, {"..", "CONTRIBUTING.md"}, {"..", "CHANGELOG.md"}, {".", "architecture.md"}, {".", "training.md"}, {".", "audit.md"}, {".", "style.md"},
	} {
		text, err := os.ReadFile(c.dir + "/" + c.file)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(c.dir + "/" + m[1]); err != nil {
				t.Errorf("%s links to %s: %v", c.file, m[1], err)
			}
		}
	}
}
