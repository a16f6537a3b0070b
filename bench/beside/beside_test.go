package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/bench"
)

// A small network of the same kind has the losses of PyTorch's, over freezing, slow weights and the ends of epochs: to
// rounding at first, and closely after 32 steps.
func TestBesideTorch(t *testing.T) {
	if _, err := bench.FindTorch(context.Background()); err != nil {
		t.Skip(err)
	}
	if os.Getenv("ATELIER_DATA") == "" {
		t.Setenv("ATELIER_DATA", filepath.Join("..", "..", "..", "shared", "data"))
	}
	if _, err := os.Stat(filepath.Join(os.Getenv("ATELIER_DATA"), "cifar10-jpeg")); err != nil {
		t.Skip(err)
	}
	file := filepath.Join(t.TempDir(), "steps.csv")
	args := []string{"-steps", "32", "-csv", file}
	for _, set := range []string{"model=airbench94-8", "datasets.cifar10.batch=64", "datasets.cifar10.train.limit=512", "phases.0.epochs=4",
		"lookahead.start=1", "phases.0.freeze_after.0.epochs=2", "phases.0.kilostep.over.one_cycle.pct=0.21875"} {
		args = append(args, "-set", set)
	}
	var out, stderr bytes.Buffer
	if err := run(context.Background(), args, &out, &stderr); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	if !strings.Contains(out.String(), "32 pairs of steps, beside PyTorch") {
		t.Errorf("printed %s", out.String())
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(rows) != 33 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for step, row := range rows[1:] {
		ours, err := strconv.ParseFloat(row[1], 64)
		theirs, err2 := strconv.ParseFloat(row[2], 64)
		limit := 1e-5
		if step > 0 {
			limit = 2e-2 // rounding grows from step to step
		}
		if d := math.Abs(ours-theirs) / theirs; err != nil || err2 != nil || !(d <= limit) {
			t.Errorf("step %d: loss %v, PyTorch's %v", step, ours, theirs)
		}
	}
}

func TestFlags(t *testing.T) {
	for _, args := range [][]string{{"-steps", "2"}, {"-warm", "-1"}, {"-threads", "0"}, {"more"}} {
		if err := run(context.Background(), args, &bytes.Buffer{}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "want two steps more") {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// Ratios and differences of pairs that are known.
func TestReport(t *testing.T) {
	pairs := []pair{{0, 2, 2, 9, 1}, {1, 2.2, 2, 1, 2}, {2, 1, 1, 1, 2}, {3, 1, 1, 2, 4}}
	times := compareTimes(pairs[1:])
	if math.Abs(times.ratio-0.5) > 1e-12 || math.Abs(times.low-0.5) > 1e-12 || math.Abs(times.high-0.5) > 1e-12 || times.ours != 1 || times.theirs != 2 {
		t.Errorf("times %+v", times)
	}
	l := compareLosses(pairs)
	if l.first != 0 || math.Abs(l.most-0.1) > 1e-12 || l.at != 1 || math.Abs(l.mean-0.025) > 1e-12 || math.Abs(l.noise-1.0/3) > 1e-12 {
		t.Errorf("losses %+v", l)
	}
}
