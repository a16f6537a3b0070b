package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/cpu"
	"github.com/atelier-go/atelier/style"
)

// TestPrecisionIsReplayed paints again with the precision that a painting was made with, wherever that came from.
func TestPrecisionIsReplayed(t *testing.T) {
	for _, args := range [][]string{{"--precision", "bf16"}, {"--backend-config", "precision=bf16"}} {
		f, cmd := newStyleFlags()
		if err := cmd.ParseFlags(args); err != nil {
			t.Fatal(err)
		}
		record := style.Record{Precision: f.usedPrecision(), Network: style.Source{Name: "embedded"}}
		again, _ := newStyleFlags()
		if _, err := again.fromRecord(record, nil); err != nil {
			t.Fatal(err)
		}
		if got := again.usedPrecision(); got != "bf16" {
			t.Errorf("%v is replayed with precision %q", args, got)
		}
	}
}

// TestRecipesPrecisionIsTheBackends takes a recipe's precision, and the flag's before it.
func TestRecipesPrecisionIsTheBackends(t *testing.T) {
	for _, c := range []struct {
		flag, set, want string
	}{{"", "", ""}, {"", "precision=bf16", "bf16"}, {"auto", "precision=bf16", "auto"}, {"bf16", "", "bf16"}} {
		f := recipeFlags{threads: 1, precision: c.flag}
		if c.set != "" {
			f.sets = []string{c.set}
		}
		if _, err := f.load(""); err != nil {
			t.Fatal(err)
		}
		if config, err := cpu.ParseConfig(f.settings()); err != nil || config.Precision != c.want {
			t.Errorf("--precision %q and %q: the backend's is %q, %v", c.flag, c.set, config.Precision, err)
		}
	}
}

// TestEvalIsAsPreciseAsTheRun judges a checkpoint with the precision of its run, unless the flag or a setting has another: at
// a level without products of bfloat16 it says that there are none.
func TestEvalIsAsPreciseAsTheRun(t *testing.T) {
	dir, file := write(t, quick)
	out := filepath.Join(dir, "run")
	if code, _, stderr := atelier(t, "train", file, "--out", out, "--set", "precision=bf16"); code != exitOK {
		t.Fatal(stderr)
	}
	for _, c := range []struct {
		args []string
		says bool
	}{{nil, true}, {[]string{"--precision", "float32"}, false}, {[]string{"--set", "precision=float32"}, false}} {
		code, _, stderr := atelier(t, append([]string{"eval", out, "--isa", "avx2"}, c.args...)...)
		if code != exitOK && strings.Contains(stderr, "avx2") {
			t.Skip(stderr)
		}
		if says := strings.Contains(stderr, "bf16"); code != exitOK || says != c.says {
			t.Errorf("eval %v: exit %d, %q; it is to speak of bf16: %v", c.args, code, stderr, c.says)
		}
	}
}

// TestNotice says once what is not to be had, and nothing else.
func TestNotice(t *testing.T) {
	for config, want := range map[string]int{"": 0, "isa=portable,precision=bf16": 0, "isa=portable,precision=auto": 1} {
		c, err := cpu.ParseConfig(config)
		if err != nil {
			t.Fatal(err)
		}
		var stderr strings.Builder
		notice(&stderr, c)
		if got := strings.Count(stderr.String(), "\n"); got != want {
			t.Errorf("%q: %d lines of notice, want %d: %s", config, got, want, stderr.String())
		}
	}
}
