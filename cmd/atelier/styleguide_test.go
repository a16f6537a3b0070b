package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

func styleGuide(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/style.md")
	must(t, err)
	return string(text)
}

// The guide has every flag, with its default.
func TestStyleGuideHasTheFlags(t *testing.T) {
	cells := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `--([a-z-]+)`.*? \\| ?(.*?) \\|").FindAllStringSubmatch(styleGuide(t), -1) {
		cells[row[1]] = row[2]
	}
	flags := newStyle().Flags()
	flags.VisitAll(func(f *pflag.Flag) {
		cell, ok := cells[f.Name]
		delete(cells, f.Name)
		value := strings.Trim(f.DefValue, "[]")
		switch {
		case !ok:
			t.Errorf("the guide lacks --%s", f.Name)
		case f.Name == "threads", f.Name == "time-budget", f.Name == "tile", f.Name == "bits", value == "":
			// Their defaults are words.
		case cell != value:
			t.Errorf("the guide says that --%s is %s by default, and it is %s", f.Name, cell, value)
		}
	})
	for name := range cells {
		t.Errorf("the guide has --%s, which does not exist", name)
	}
}

// The guide's commands are command lines.
func TestStyleGuideCommands(t *testing.T) {
	variables := map[string]string{}
	n := 0
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(styleGuide(t), -1) {
		for line := range strings.Lines(strings.ReplaceAll(block[1], "\\\n", " ")) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
			if name, value, ok := strings.Cut(line, "="); ok && regexp.MustCompile(`^[a-z]+$`).MatchString(name) {
				variables[name] = strings.Trim(value, `"`)
				continue
			}
			line = os.Expand(line, func(name string) string { return variables[name] })
			words := strings.Fields(line)
			if len(words) < 2 || words[0] != "atelier" || words[1] != "style" {
				continue
			}
			n++
			f, cmd := newStyleFlags()
			if err := cmd.ParseFlags(words[2:]); err != nil {
				t.Errorf("%s: %v", line, err)
				continue
			}
			if err := f.checkFlags(cmd.Flags()); err != nil {
				t.Errorf("%s: %v", line, err)
			}
			if _, _, err := f.pictures(cmd.Flags().Args()); err != nil && f.replay == "" {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
	if n < 15 {
		t.Errorf("the guide has %d commands", n)
	}
}
