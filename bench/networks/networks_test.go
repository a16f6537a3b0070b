package main

import (
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/imageio"
	"github.com/atelier-go/atelier/style"
	"github.com/atelier-go/atelier/zoo"
)

func TestTable(t *testing.T) {
	rs := results{all: []*result{
		{Pair: "a+b", Network: unpainted, S: 2},
		{Pair: "a+b", Network: judgeName, S: 0.1, C: 0.2},
		{Pair: "a+b", Network: embeddedName, S: 0.05, C: 0.4},
		{Pair: "a+b", Network: embeddedName, S: 0.29, C: 0.21},
		{Pair: "c+b", Network: unpainted, S: 1},
	}}
	const want = `| pair | S before | VGG-19: S | C | embedded: S | C | of the reduction | random: S | C | of the reduction |
|---|---|---|---|---|---|---|---|---|---|
| a+b | 2.000 | 0.1000 | 0.200 | 0.2900 | 0.210 | 90.0 % | | | |
`
	if got := rs.table([]pair{{"x/a.jpg", "y/b.png"}, {"c.jpg", "b.png"}}, 0); got != want {
		t.Errorf("table:\n%s\nwant:\n%s", got, want)
	}
	rs.all = append(rs.all, &result{Pair: "a+b", Network: judgeName, S: 0.05, C: 0.41})
	const nearer = "| a+b | 2.000 | 0.0500 | 0.410 | 0.0500 | 0.400 | 100.0 % | | | |\n"
	if got := rs.table([]pair{{"x/a.jpg", "y/b.png"}}, 0.4); !strings.HasSuffix(got, nearer) {
		t.Errorf("table at 0.4:\n%s\nwant the line\n%s", got, nearer)
	}
}

// Results are read back as they were written, and a painting with another network is another.
func TestResults(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.jsonl")
	rs, err := readResults(path)
	if err != nil {
		t.Fatal(err)
	}
	r := result{Pair: "a+b", Network: embeddedName, Hash: "1", Content: 0.125, S: 0.5, C: 0.25, Seconds: 3, Settings: []byte(`{"content_weight":0.125}`)}
	if err := rs.add(r); err != nil {
		t.Fatal(err)
	}
	if rs, err = readResults(path); err != nil {
		t.Fatal(err)
	}
	if got := rs.find(r); got == nil || !reflect.DeepEqual(*got, r) {
		t.Errorf("found %+v, want %+v", got, r)
	}
	for name, change := range map[string]func(*result){
		"pair":     func(r *result) { r.Pair = "a+c" },
		"network":  func(r *result) { r.Network = judgeName },
		"hash":     func(r *result) { r.Hash = "2" },
		"settings": func(r *result) { r.Settings = []byte(`{"content_weight":0.126}`) },
	} {
		other := r
		change(&other)
		if got := rs.find(other); got != nil {
			t.Errorf("with another %s: %+v, want nothing", name, got)
		}
	}
}

func TestBadFlags(t *testing.T) {
	for args, want := range map[string]string{
		"-judge=x":                            "name pairs",
		"-judge=x a":                          `"a" is no pair`,
		"-judge=x a+":                         `"a+" is no pair`,
		"-judge=x a.png+b.png c/a.jpg+b.tif":  "two pairs a+b",
		"a+b":                                 "-judge is missing",
		"-judge=x -iterations=3,x a+b":        "-iterations is",
		"-judge=x -tries=0 a+b":               "-tries is 0",
		"-judge=x -tolerance=0 a+b":           "-tolerance is 0",
		"-judge=x -tv=-1 a+b":                 "-tv is -1",
		"-judge=x -content-distance=-1 a+b":   "-content-distance is -1",
		"-judge=x -content-weight=-1 a+b":     "-content-weight is -1",
		"-judge=no.safetensors a.png+b.png":   "no.safetensors",
		"-judge=x -backend=cpu:threads=x a+b": "threads",
	} {
		var out, errs strings.Builder
		if err := run(t.Context(), strings.Fields(args), &out, &errs); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("networks %s: %v, want %q", args, err, want)
		}
	}
}

// Random weights have He's variance, and are the same each time.
func TestRandomFeatures(t *testing.T) {
	net, err := zoo.FeaturesByName("vgg19")
	if err != nil {
		t.Fatal(err)
	}
	if net, err = net.Until("relu1_2"); err != nil {
		t.Fatal(err)
	}
	first, err := randomFeatures(net)
	if err != nil {
		t.Fatal(err)
	}
	second, err := randomFeatures(net)
	if err != nil {
		t.Fatal(err)
	}
	if first.Hash != second.Hash {
		t.Error("random weights differ from time to time")
	}
	v := first.Store.GetVariable("/features/2/weight")
	if v == nil || v.Shape().Size() != 9*64*64 {
		t.Fatalf("the second convolution's weight is %v", v)
	}
	value, err := v.Value()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, w := range value.Value().([][][][]float32) {
		for _, row := range w {
			for _, in := range row {
				for _, x := range in {
					sum += float64(x) * float64(x)
				}
			}
		}
	}
	if variance, want := sum/(9*64*64), 2.0/(9*64); math.Abs(variance/want-1) > 0.05 {
		t.Errorf("variance %v, want %v", variance, want)
	}
}

// Nothing is painted again when the command is repeated.
func TestComparisonIsResumed(t *testing.T) {
	dir := t.TempDir()
	content, painting := filepath.Join(dir, "photo.png"), filepath.Join(dir, "style.png")
	for i, path := range []string{content, painting} {
		p := imageio.NewFloat(24, 32)
		for k := range p.RGB {
			p.RGB[k] = float32(0.5 + 0.5*math.Sin(float64(k)*[]float64{0.01, 0.7}[i]))
		}
		if err := imageio.Write(path, p, imageio.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	backend, err := compute.NewWithConfig("cpu")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	net, err := zoo.FeaturesByName("vgg19")
	if err != nil {
		t.Fatal(err)
	}
	if net, err = net.Until("relu3_4"); err != nil {
		t.Fatal(err)
	}
	judge, err := randomFeatures(net)
	if err != nil {
		t.Fatal(err)
	}
	compare := func() results {
		t.Helper()
		c := &comparison{options: options{out: dir, size: 32, content: 1, tries: 2, tolerance: 0.01},
			iterations: []int{2}, backend: backend, log: t.Output()}
		c.judgeNet, c.painter = style.NewNetwork(backend, judge), c.network(judge, judgeName)
		c.others = append(c.others, c.network(judge, randomName))
		var err error
		if c.done, err = readResults(filepath.Join(dir, "results.jsonl")); err != nil {
			t.Fatal(err)
		}
		if err := c.pair(t.Context(), pair{content, painting}); err != nil {
			t.Fatal(err)
		}
		return c.done
	}
	first := compare()
	if len(first.all) != 3 {
		t.Fatalf("%d results, want the photo, the judge's painting, and one of a network that is as far from the photo", len(first.all))
	}
	if before, after := first.all[0].S, first.all[1].S; !(after < before) {
		t.Errorf("style distance %v before and %v after painting", before, after)
	}
	if again := compare(); len(again.all) != len(first.all) {
		t.Errorf("%d results after the second time, want %d", len(again.all), len(first.all))
	}
}
