package main

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/zoo"
)

func TestTable(t *testing.T) {
	got := table([]outcome{
		{"a", 1, 0.90, 60}, {"b", 1, math.NaN(), 30}, {"a", 2, 0.92, 120}, {"b", 2, 0.5, 30}, {"c", 1, math.NaN(), 6},
	})
	const want = `| variant | n | mean | sd | min | max | seeds | minutes a run |
|---|---|---|---|---|---|---|---|
| a | 2 | 91.00 | 1.41 | 90.00 | 92.00 | 90.00, 92.00 | 1.5 |
| b | 1 | 50.00 | 0.00 | 50.00 | 50.00 | diverged, 50.00 | 0.5 |
| c | 0 | | | | | diverged | 0.1 |
`
	if got != want {
		t.Errorf("table:\n%s\nwant:\n%s", got, want)
	}
}

// Every experiment's plan is one that can be trained, at any budget.
func TestExperimentsArePlans(t *testing.T) {
	const groups = 5
	for _, epochs := range []float64{0.5, 1, 6} {
		for _, e := range experiments(options{epochs: epochs}, groups) {
			seen := map[string]bool{}
			for _, v := range e.variants {
				if seen[v.name] {
					t.Errorf("%s has two variants %s", e.name, v.name)
				}
				seen[v.name] = true
				d := &learn.Data{Train: &data.Loader{Dataset: data.Shapes{N: 8192, Size: 16}, Batch: 128}}
				if _, err := learn.NewPlan(v.phases, d, groups); err != nil {
					t.Errorf("%s, %s, %v epochs: %v", e.name, v.name, epochs, err)
				}
			}
		}
	}
}

func TestFind(t *testing.T) {
	all := experiments(options{epochs: 1}, 5)
	e, err := find(all, "swa", "swa")
	if err != nil || strings.Join(e.names(), " ") != "swa" {
		t.Errorf("%v, %v, want the variant swa alone", e.names(), err)
	}
	for _, c := range []struct{ name, variants, want string }{
		{"no", "", `there is no experiment "no"`}, {"swa", "none,more", `swa has no variant "more"; there are none, swa`},
	} {
		if _, err := find(all, c.name, c.variants); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("find(%s, %s): %v, want %q", c.name, c.variants, err, c.want)
		}
	}
}

func TestBadFlags(t *testing.T) {
	for args, want := range map[string]string{
		"":                           "name an experiment",
		"-seeds=0 swa":               "-seeds is 0",
		"-epochs=0 swa":              "-epochs is 0",
		"-data=nowhere swa":          "nowhere",
		"-backend=cpu:threads=x swa": "threads",
	} {
		var out, errs strings.Builder
		if err := run(t.Context(), strings.Fields(args), &out, &errs); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("compare %s: %v, want %q", args, err, want)
		}
	}
}

// A comparison that is interrupted goes on where it was, and what is done is not done again.
func TestCompareIsResumed(t *testing.T) {
	if _, err := os.Stat(data.FashionMNISTDir); err != nil {
		t.Skip("Fashion-MNIST is not there (apt install dataset-fashion-mnist)")
	}
	backend, err := compute.NewWithConfig("cpu")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	sets, err := openFashion("")
	if err != nil {
		t.Fatal(err)
	}
	sets.train.Pictures, sets.train.Labels = sets.train.Pictures[:256], sets.train.Labels[:256]
	sets.test.Pictures, sets.test.Labels = sets.test.Pictures[:100], sets.test.Labels[:100]
	o := options{out: t.TempDir(), seeds: 2, epochs: 2}
	m, err := zoo.ByName(defaultNetwork, 10)
	if err != nil {
		t.Fatal(err)
	}
	e, err := find(experiments(o, len(m.Groups())), "swa", "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.run(ctx, backend, m, sets, o, t.Output()); err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Fatalf("error %v, want one that says that it was interrupted", err)
	}
	first, err := e.run(t.Context(), backend, m, sets, o, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	again, err := e.run(t.Context(), backend, m, sets, o, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	for i := range first {
		first[i].seconds, again[i].seconds = 0, 0 // of the last moments the checkpoint does not know
		if first[i] != again[i] {
			t.Errorf("the first time %+v, then %+v", first[i], again[i])
		}
	}
	h, err := learn.ReadHistory(filepath.Join(o.out, "swa", "both-seed1"))
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Steps) != 4 || len(first) != 4 {
		t.Errorf("%d steps in the history and %d outcomes, want 4 and 4", len(h.Steps), len(first))
	}
}
