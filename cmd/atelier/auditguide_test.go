package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// The guide names every flag of the audit, and its commands are command lines whose flags exist.
func TestAuditGuide(t *testing.T) {
	text, err := os.ReadFile("../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	guide := string(text)
	newAudit().Flags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" && !regexp.MustCompile("--"+regexp.QuoteMeta(f.Name)+`\b`).MatchString(guide) {
			t.Errorf("the guide lacks --%s", f.Name)
		}
	})
	guide = strings.ReplaceAll(guide, "\\\n", " ")
	commands := regexp.MustCompile(`(?m)^atelier (.*)$`).FindAllStringSubmatch(guide, -1)
	if len(commands) < 10 {
		t.Errorf("the guide has %d commands", len(commands))
	}
	for _, c := range commands {
		line, _, _ := strings.Cut(c[1], "#")
		line, _, _ = strings.Cut(line, " > ")
		var started bool
		cmd, rest, err := newRoot(&started).Find(strings.Fields(strings.ReplaceAll(line, `"`, "")))
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		for _, word := range rest {
			if name, ok := strings.CutPrefix(word, "--"); ok && cmd.Flags().Lookup(name) == nil {
				t.Errorf("%s: there is no --%s", line, name)
			}
		}
	}
}
