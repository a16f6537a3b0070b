package race_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/race"
)

// entryJSON is an entry with what the format asks for, and further fields as lines of JSON.
func entryJSON(further ...string) string {
	lines := []string{
		`"version": "v1.0"`, `"author": "A. Author"`, `"authorEmail": "a@example.org"`, `"framework": "F 1.0"`, `"model": "Net"`,
		`"hardware": "1 V100"`, `"timestamp": "2018-04-18"`,
	}
	return "{\n" + strings.Join(append(lines, further...), ",\n") + "\n}\n"
}

// put writes a file into a folder, which is made.
func put(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// pair writes an entry of training and returns its JSON's path.
func pair(t *testing.T, dir, name, json, tsv string) string {
	t.Helper()
	put(t, dir, name+".tsv", tsv)
	return put(t, dir, name+".json", json)
}

// The times and costs of entries of DAWNBench, from its leaderboards: what was published as hours in the row that reached
// the goal and as a price gives the known seconds and dollars.
var known = []struct {
	task, name, price, tsv string
	seconds, cost, epoch   float64
}{
	{"CIFAR10", "apple", "", "epoch\thours\ttop1Accuracy\n14\t0.0025\t93.9\n15\t0.0026191027697911\t94.2\n16\t0.0027\t93.8\n", 9.43, 0, 15},
	{"CIFAR10", "baidu", "1.0632", "epoch\thours\ttop1Accuracy\n23\t0.0191\t93.97\n24\t0.01994991\t94.1\n", 71.82, 0.0212, 24},
	{"CIFAR10", "davidcpage", "3.06", "epoch\thours\ttop1Accuracy\n24\t0.02056706\t94.08\n", 74.04, 0.0629, 24},
	{"CIFAR10", "fastai", "24.48", "epoch\thours\ttop1Accuracy\r\n34\t0.047\t93.98\r\n35\t0.04832193278\t94.03\r\n36\t0.0497\t94.1\r\n", 173.96, 1.183, 35},
	{"CIFAR10", "basenet", "3.06", "epoch\thours\ttop1Accuracy\n30\t0.0946198488606\t94.08\n", 340.6, 0.2895, 30},
	{"CIFAR10", "fastai-single", "2.30", "epoch\thours\ttop1Accuracy\n26\t0.1122453639\t94.04\n", 404.1, 0.258, 26},
	{"CIFAR10", "kres", "", "\ufeffepoch\thours\ttop1Accuracy\n55\t0.593383\t94.0\n", 2136.2, 0, 55},
	{"CIFAR10", "tensorflow", "null", "epoch\thours\ttop1Accuracy\n150.144\t2.7969454\t94.01\n\n", 10069, 0, 150.144},
	{"ImageNet", "alibaba", "329.6", "epoch\thours\ttop1Accuracy\ttop5Accuracy\n27\t0.0437638890\t75.9\t93.04\n", 157.55, 14.42, 27},
	{"ImageNet", "fastai", "24.48", "hours\tepoch\ttop1Accuracy\ttop5Accuracy\n2.9\t40\t75.9\t92.99\n2.9575331928\t41\t76.1\t93.002\n", 10647.1, 72.40, 41},
	{"ImageNet", "fastai-16", "391.68", "epoch\thours\ttop1Accuracy\ttop5Accuracy\n38\t0.3014392770\t75.8\t93.11\n", 1085.18, 118.07, 38},
	{"SQuAD", "drqa", "0.9", "epoch\tf1Score\thours\n9\t0.7444002\t  1.2286042622222224      \n10\t0.7584450\t  1.3650755286111111      \n", 4914.3, 1.2286, 10},
}

func TestKnownTimesAndCosts(t *testing.T) {
	dir := t.TempDir()
	for _, k := range known {
		var further []string
		if k.price != "" {
			further = append(further, `"costPerHour": `+k.price, `"misc": "free text"`, `"usedBlacklist": true`)
		}
		path := pair(t, filepath.Join(dir, k.task, "train"), k.name, entryJSON(further...), k.tsv)
		e, err := race.Read(path)
		if err != nil {
			t.Error(err)
			continue
		}
		s := e.Standing()
		if !s.Reached || math.Abs(s.Seconds/k.seconds-1) > 1e-3 || math.Abs(s.Cost-k.cost) > 1e-3*k.cost || s.Epoch != k.epoch || e.Task != k.task {
			t.Errorf("%s %s: %+v, want %v s and $%v in epoch %v", k.task, k.name, s, k.seconds, k.cost, k.epoch)
		}
		if e.UsedBlacklist != (k.price != "") {
			t.Errorf("%s: usedBlacklist is %v", k.name, e.UsedBlacklist)
		}
	}
	entries, err := race.ReadAll(dir, filepath.Join(dir, "CIFAR10"))
	if err != nil || len(entries) != len(known) {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	for _, c := range []struct {
		by    race.Order
		first []string // of each board
		last  string   // of the first
	}{
		{race.ByTime, []string{"apple", "alibaba", "drqa"}, "tensorflow"},
		{race.ByCost, []string{"baidu", "alibaba", "drqa"}, "tensorflow"},
	} {
		boards := race.Boards(entries, c.by)
		if len(boards) != 3 || boards[0].Title() != "CIFAR10 training to top1Accuracy 94 %" {
			t.Fatalf("%d boards, %q", len(boards), boards[0].Title())
		}
		for i, b := range boards {
			if got := filepath.Base(b.Standings[0].Entry.File); got != c.first[i]+".json" {
				t.Errorf("by %s %s is first for %s, want %s", c.by, got, b.Task, c.first[i])
			}
		}
		if s := boards[0].Standings; filepath.Base(s[len(s)-1].Entry.File) != c.last+".json" {
			t.Errorf("by %s %s is last", c.by, s[len(s)-1].Entry.File)
		}
	}
}

func TestInference(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "CIFAR10/inference/a.json", entryJSON(`"latency": 0.828`, `"cost": null`, `"top1Accuracy": 94.53`))
	put(t, dir, "CIFAR10/inference/b.json", entryJSON(`"latency": 43.45`, `"cost": 1e-6`, `"top1Accuracy": 94.45`))
	put(t, dir, "CIFAR10/inference/c.json", entryJSON(`"latency": 0.1`, `"cost": 1e-9`, `"top1Accuracy": 93.9`))
	put(t, dir, "SQuAD/inference/d.json", entryJSON(`"latency": 100`, `"f1Score": 0.758`))
	put(t, dir, "SQuAD/inference/e.json", entryJSON(`"latency": 10`, `"f1Score": 82.5`)) // percent, as a published one has it
	put(t, dir, "package.json", `{"name": "something else"}`)
	entries, err := race.ReadAll(dir)
	if err != nil || len(entries) != 5 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	var order []string
	for _, b := range race.Boards(entries, race.ByTime) {
		if !b.Inference {
			t.Errorf("%s is training", b.Title())
		}
		for _, s := range b.Standings {
			order = append(order, filepath.Base(s.Entry.File))
		}
	}
	if want := []string{"a.json", "b.json", "c.json", "e.json", "d.json"}; !reflect.DeepEqual(order, want) {
		t.Errorf("the order is %v, want %v: the third did not reach 94 %%", order, want)
	}
	s := race.Boards(entries, race.ByCost)[0].Standings
	if s[0].Cost != 1e-6 || s[0].Seconds != 0.04345 || s[2].Reached {
		t.Errorf("%+v", s)
	}
	if _, err := race.Figure(race.Boards(entries, race.ByTime)); err == nil {
		t.Error("inference was drawn")
	}
}

func TestMistakesHaveTheirLine(t *testing.T) {
	const header = "epoch\thours\ttop1Accuracy\n"
	good := header + "1\t0.5\t94\n"
	for _, c := range []struct{ json, tsv, want string }{
		{"{\n\"version\": \"v1.0\",\n}\n", good, "e.json:3: this is not JSON: "},
		{"", good, "e.json:1: this is not JSON: "},
		{"[1]", good, "e.json:1: want a JSON object"},
		{entryJSON() + "{}", good, "e.json:10: this is not JSON: "},
		{entryJSON(`"author": "B"`), good, "e.json:9: author is there twice"},
		{strings.Replace(entryJSON(), `"v1.0"`, `"v2.0"`, 1), good, `e.json:2: version is "v2.0": want "v1.0"`},
		{strings.Replace(entryJSON(), `"v1.0"`, `1`, 1), good, `e.json:2: version is 1: want text`},
		{strings.Replace(entryJSON(), `"hardware"`, `"hardwear"`, 1), good, `e.json:1: hardware is missing`},
		{strings.Replace(entryJSON(), `"2018-04-18"`, `"April 2018"`, 1), good, `e.json:8: timestamp is "April 2018": want a date as in 2018-04-18`},
		{entryJSON(`"costPerHour": "24.48"`), good, `e.json:9: costPerHour is "24.48": want a number`},
		{entryJSON(`"costPerHour": -1`), good, `e.json:9: costPerHour is -1: want 0 to 1e+12`},
		{entryJSON(`"usedBlacklist": "no"`), good, `e.json:9: usedBlacklist is "no": want true or false`},
		{entryJSON(), "", "e.tsv:1: there are no epochs"},
		{entryJSON(), header, "e.tsv:1: there are no epochs"},
		{entryJSON(), "epoch\thours\n1\t2\n", "e.tsv:1: the columns are epoch, hours: want epoch, hours and at least one score"},
		{entryJSON(), "epoch hours top1Accuracy\n1 2 3\n", "e.tsv:1: the columns are epoch hours top1Accuracy: want"},
		{entryJSON(), "epoch\thours\thours\ttop1Accuracy\n", `e.tsv:1: the column "hours" is there twice`},
		{entryJSON(), "epoch\thours\t\ttop1Accuracy\n", "e.tsv:1: a column has no name"},
		{entryJSON(), "epoch\thours\taccuracy\n1\t1\t1\n", `e.tsv:1: there is no column "top1Accuracy", only accuracy`},
		{entryJSON(), header + "1\t0.5\n", "e.tsv:2: 2 values, the header has 3 columns"},
		{entryJSON(), header + "\n1\t0.5\t9O\n", `e.tsv:3: top1Accuracy is "9O": want a number`},
		{entryJSON(), header + "1\tNaN\t90\n", `e.tsv:2: hours is "NaN": want a number`},
		{entryJSON(), header + "1\t1\tInf\n", `e.tsv:2: top1Accuracy is "Inf": want a number`},
		{entryJSON(), header + "1\t-1\t90\n", "e.tsv:2: hours is -1: want 0 to 1e+06"},
		{entryJSON(), header + "1\t1\t101\n", "e.tsv:2: top1Accuracy is 101: want 0 to 100"},
		{entryJSON(), "epoch\thours\tf1Score\n1\t1\t75\n", "e.tsv:2: f1Score is 75: want 0 to 1"},
		{entryJSON(), header + "1\t1e300\t90\n", "e.tsv:2: hours is 1e+300: want 0 to 1e+06"},
		{entryJSON(`"costPerHour": 1e308`), header + "1\t2\t90\n", "e.json:9: costPerHour is 1e+308: want 0 to 1e+12"},
		{entryJSON(), header + "1\t2\t90\n2\t1\t95\n", "e.tsv:3: hours are 1 after 2: want hours of training since the start"},
	} {
		path := pair(t, t.TempDir(), "e", c.json, c.tsv)
		_, err := race.Read(path)
		if err == nil || !strings.HasPrefix(err.Error(), filepath.Dir(path)+string(filepath.Separator)+c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q and %q:\n got %v\nwant %s", c.json, c.tsv, err, c.want)
			continue
		}
		if _, ok := errors.AsType[*race.FormatError](err); !ok {
			t.Errorf("%v is no FormatError", err)
		}
	}
	inference := func(further ...string) error {
		_, err := race.Read(put(t, t.TempDir(), "CIFAR10/inference/e.json", entryJSON(further...)))
		return err
	}
	for want, err := range map[string]error{
		"e.json:1: latency is missing":       inference(`"cost": 1`, `"top1Accuracy": 94`),
		"e.json:1: top1Accuracy is missing":  inference(`"latency": 1`),
		"top1Accuracy is 940: want 0 to 100": inference(`"latency": 1`, `"top1Accuracy": 940`),
		"e.tsv is missing beside it":         inference(),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// What is wrong with some entries does not hide the others.
func TestOthersAreRead(t *testing.T) {
	dir := t.TempDir()
	pair(t, dir, "good", entryJSON(), "epoch\thours\ttop1Accuracy\n1\t0.5\t94\n")
	pair(t, dir, "bad", "{", "epoch\thours\ttop1Accuracy\n1\t0.5\t94\n")
	pair(t, dir, "worse", strings.Replace(entryJSON(), `"model"`, `"mode"`, 1), "epoch\thours\ttop1Accuracy\n1\t0.5\t94\n")
	put(t, dir, "alone.tsv", "epoch\thours\ttop1Accuracy\n1\t0.5\t94\n")
	put(t, dir, "lonely.json", entryJSON())
	put(t, dir, "other.tsv", "word\tcount\n")
	put(t, dir, "other.json", "{}")
	put(t, dir, ".git/broken.json", "{")
	entries, err := race.ReadAll(dir, filepath.Join(dir, "none"), filepath.Join(dir, "other.tsv"))
	if len(entries) != 1 || filepath.Base(entries[0].File) != "good.json" {
		t.Errorf("%d entries", len(entries))
	}
	text := ""
	if err != nil {
		text = err.Error()
	}
	for _, want := range []string{
		"bad.json:1: ", "worse.json:1: model is missing", "alone.tsv: alone.json is missing beside it",
		"lonely.json: lonely.tsv is missing beside it", "none: no such file", "other.tsv: want a folder, or the JSON file of an entry",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if n := strings.Count(text, "\n") + 1; n != 6 {
		t.Errorf("%d lines, want 6:\n%s", n, text)
	}
}

func TestSpotPricesAreRefused(t *testing.T) {
	tsv := "epoch\thours\ttop1Accuracy\n1\t0.5\t94\n"
	for _, c := range []struct {
		further []string
		refused bool
	}{
		{[]string{`"misc": {"pricing": "AWS spot instance"}`}, true},
		{[]string{`"misc": "cost is the Spot price"`}, true},
		{[]string{`"misc": {"notes": ["preemptible TPU"]}`}, true},
		{[]string{`"misc": {"spot": true}`}, true},
		{[]string{`"misc": {"spotPricePerHour": 0.9}`}, true},
		{[]string{`"pricing": {"kind": "spot"}`}, true},
		{[]string{`"hardware2": "p3.2xlarge (spot)"`}, true},
		{[]string{`"misc": {"spot": "yes"}`}, true},
		{[]string{`"misc": {"preemptible": "true"}`}, true},
		{[]string{`"misc": {"spotPrice": "0.92"}`}, true},
		{[]string{`"misc": {"spotPrice": "$0.92 an hour"}`}, true},
		{[]string{`"misc": {"spot": {"price": 0.92}}`}, true},
		{[]string{`"misc": {"spot": ["p3.2xlarge"]}`}, true},
		{[]string{`"spot": "yes"`}, true},
		{[]string{`"misc": {"spot": "no"}`}, false},
		{[]string{`"misc": {"spot": "None"}`}, false},
		{[]string{`"misc": {"preemptible": "false"}`}, false},
		{[]string{`"misc": {"spotPrice": "0"}`}, false},
		{[]string{`"misc": {"spotPrice": "$0.00"}`}, false},
		{[]string{`"misc": {"spotPrice": 0}`}, false},
		{[]string{`"misc": {"spot": ""}`}, false},
		{[]string{`"misc": {"spot": "on-demand"}`}, false},
		{[]string{`"misc": {"spot": "we did not use spot instances"}`}, false},
		{[]string{`"misc": {"spot": {}}`}, false},
		{[]string{`"misc": {"spot": []}`}, false},
		{[]string{`"misc": {"spot": {"used": false, "price": null}}`}, false},
		{[]string{`"misc": {"nonPreemptible": "yes"}`}, false},
		{[]string{`"misc": {"spot": false}`}, false},
		{[]string{`"misc": {"spot": null}`}, false},
		{[]string{`"misc": "non-preemptible instance"`}, false},
		{[]string{`"misc": "ran on spot instances; the price is on-demand"`}, false},
		{[]string{`"misc": "on-demand (spot is 0.9)"`}, false},
		{[]string{`"misc": "not a spot price"`}, false},
		{[]string{`"misc": "without spot prices"`}, false},
		{[]string{`"misc": "we did not use spot instances"`}, false},
		{[]string{`"misc": "on-demand instead of spot"`}, false},
		{[]string{`"misc": "costPerHour is the spot price, not the on-demand one"`}, true},
		{[]string{`"misc": "spot price (on demand would be 3.06)"`}, true},
		{[]string{`"misc": "the price is not on-demand but spot"`}, true},
		{[]string{`"misc": "a pre-emptible machine"`}, true},
		{[]string{`"misc": {"spotInstance": true}`}, true},
		{[]string{`"misc": "a low-priority VM"`}, true},
		{[]string{`"misc": {"spots": "we spotted hotspots"}`}, false},
		{[]string{`"codeURL": "https://example.org/spot"`}, false},
	} {
		_, err := race.Read(pair(t, t.TempDir(), "e", entryJSON(append(c.further, `"costPerHour": 0.92`)...), tsv))
		if refused := err != nil; refused != c.refused {
			t.Errorf("%s: %v", c.further, err)
		}
		if c.refused && (!strings.Contains(err.Error(), "e.json:9: ") || !strings.Contains(err.Error(), "spot prices are refused, want the on-demand price")) {
			t.Errorf("%s: %v", c.further, err)
		}
		// Without a price there is nothing to refuse.
		if _, err := race.Read(pair(t, t.TempDir(), "e", entryJSON(c.further...), tsv)); err != nil {
			t.Errorf("without a price: %v", err)
		}
	}
	hardware := strings.Replace(entryJSON(`"costPerHour": 1`), "1 V100", "8 V100 (spot)", 1)
	if _, err := race.Read(pair(t, t.TempDir(), "e", hardware, tsv)); err == nil || !strings.Contains(err.Error(), "e.json:7: hardware says") {
		t.Errorf("%v", err)
	}
}

// A folder that is a link is entered, what is below it has the link's name, and is there once.
func TestLinkedFolder(t *testing.T) {
	dir := t.TempDir()
	tsv := "epoch\thours\ttop1Accuracy\n1\t0.5\t94\n"
	pair(t, filepath.Join(dir, "there", "deep"), "good", entryJSON(), tsv)
	pair(t, filepath.Join(dir, "there"), "bad", "{", tsv)
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "there"), link); err != nil {
		t.Skip(err)
	}
	for _, given := range [][]string{{link}, {link + string(filepath.Separator)}, {link, filepath.Join(dir, "there")}} {
		entries, err := race.ReadAll(given...)
		if len(entries) != 1 || entries[0].File != filepath.Join(link, "deep", "good.json") {
			t.Errorf("%v: %d entries", given, len(entries))
		}
		if err == nil || !strings.HasPrefix(err.Error(), filepath.Join(link, "bad.json")+":1: ") {
			t.Errorf("%v: error %v", given, err)
		}
	}
}

// ofRun is what misc has of a run whose goal was of a metric.
func ofRun(metric string) string {
	return `"misc": {"until": {"column": "top1Accuracy", "value": 94}, "metric": "` + metric + `", "data": "CIFAR10"}`
}

// Accuracies of several views, or of averaged weights, are not ranked with those measured plainly, as published ones are.
func TestBoardsAreOfOneMetric(t *testing.T) {
	dir := t.TempDir()
	tsv := "epoch\thours\ttop1Accuracy\ttop5Accuracy\n1\t0.5\t94\t99\n"
	train := filepath.Join(dir, "CIFAR10", "train")
	pair(t, train, "published", entryJSON(`"misc": {"metric": "tta_valid_accuracy"}`), tsv) // that of somebody else
	pair(t, train, "plain", entryJSON(ofRun("valid_accuracy")), tsv)
	pair(t, train, "views", entryJSON(ofRun("tta_valid_accuracy")), tsv)
	pair(t, train, "viewsOf5", entryJSON(ofRun("tta_valid_top5")), tsv)
	pair(t, train, "averaged", entryJSON(ofRun("ema_valid_loss")), tsv)
	pair(t, train, "loss", entryJSON(ofRun("train_loss")), tsv)
	entries, err := race.ReadAll(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, b := range race.Boards(entries, race.ByTime) {
		for _, s := range b.Standings {
			key := b.Title() + ", " + b.Metric
			got[key] = append(got[key], strings.TrimSuffix(filepath.Base(s.Entry.File), ".json"))
		}
	}
	want := map[string][]string{
		"CIFAR10 training to top1Accuracy 94 %, ":                                               {"loss", "plain", "published"},
		"CIFAR10 training with several views to top1Accuracy 94 %, tta_valid_accuracy":          {"views", "viewsOf5"},
		"CIFAR10 training with averaged weights (ema) to top1Accuracy 94 %, ema_valid_accuracy": {"averaged"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("boards %q, want %q", got, want)
	}
	for _, e := range entries { // a column of its own says how it was measured
		if m := e.Metric("valid_loss"); m != "" {
			t.Errorf("%s: the metric of valid_loss is %q", e.File, m)
		}
		if want := strings.HasPrefix(filepath.Base(e.File), "views"); (e.Metric(race.Top5) == "tta_valid_top5") != want {
			t.Errorf("%s: the metric of %s is %q", e.File, race.Top5, e.Metric(race.Top5))
		}
	}
}

// What is written is read back, with every digit.
func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	e := &race.Entry{
		File: filepath.Join(dir, "dawnbench.json"), Framework: "Atelier <1>", Model: "resnet9", Hardware: "CPU / 2 threads / 4 GB",
		Date: "2026-01-02", CostPerHour: 0.1,
		Progress: &race.Progress{
			Columns: []string{race.Top1, "valid_loss"},
			Rows:    []race.Row{{1, 1.0 / 3, []float64{50.1, 1e-9}}, {2, 2.0 / 3, []float64{93.99, 0.25}}},
		},
		Notes: &race.Notes{Until: race.Goal{Column: "valid_loss", Value: 0.3}, Metric: "valid_loss", Reached: true, Data: "photos", Epochs: 2, FLOPs: 1e15, Threads: 2},
	}
	if err := e.Write(); err != nil {
		t.Fatal(err)
	}
	got, err := race.Read(e.File)
	if err != nil {
		t.Fatal(err)
	}
	e.Task, e.Goal = "photos", e.Notes.Until
	if !reflect.DeepEqual(got, e) {
		t.Errorf("read\n%+v, %+v\nwrote\n%+v, %+v", got, got.Progress, e, e.Progress)
	}
	if s := got.Standing(); !s.Reached || s.Epoch != 1 || s.Seconds != 1200 || math.Abs(s.Cost-0.1/3) > 1e-15 {
		t.Errorf("a loss of 1e-9 reaches 0.3: %+v", s)
	}
	// Beside DAWNBench's tasks the task's goal holds, whatever the notes say.
	e.File = filepath.Join(dir, "CIFAR10", "train", "e.json")
	if err := os.MkdirAll(filepath.Dir(e.File), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := e.Write(); err != nil {
		t.Fatal(err)
	}
	if got, err := race.Read(e.File); err != nil || got.Goal.Value != 94 || got.Standing().Reached || got.Standing().Score != 93.99 {
		t.Errorf("%+v, %v", got, err)
	}
	if err := (&race.Entry{File: e.File}).Write(); err == nil {
		t.Error("an entry without epochs was written")
	}
}

func TestFigure(t *testing.T) {
	dir := t.TempDir()
	for _, k := range known {
		further := []string{}
		if k.price != "" {
			further = append(further, `"costPerHour": `+k.price)
		}
		pair(t, filepath.Join(dir, k.task, "train"), k.name, entryJSON(further...), k.tsv)
	}
	entries, err := race.ReadAll(dir)
	if err != nil {
		t.Fatal(err)
	}
	boards := race.Boards(entries, race.ByTime)
	f, err := race.Figure(boards)
	if err != nil || len(f.Panels) != 6 {
		t.Fatalf("%d panels, %v; want time and cost of three tasks", len(f.Panels), err)
	}
	// A line for each entry and one for the goal; on the panel of costs those with a price.
	if n, priced := len(f.Panels[0].Lines), len(f.Panels[1].Lines); n != 9 || priced != 6 {
		t.Errorf("%d and %d lines", n, priced)
	}
	if m := f.Panels[1].Marks[0]; m.Label != "Net, $0.0212" || math.Abs(m.X-0.0212) > 1e-4 || m.Y != 94.1 {
		t.Errorf("the first mark is %+v", m)
	}
	path := filepath.Join(dir, "f.svg")
	if err := f.Save(path); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || !strings.Contains(string(text), "CIFAR10 training: hours of training") {
		t.Errorf("%v", err)
	}
	for i := range 11 {
		boards = append(boards, boards[0])
		boards[len(boards)-1].Goal.Value = float64(i)
	}
	if _, err := race.Figure(boards); err == nil || !strings.Contains(err.Error(), "room for 10 boards") {
		t.Errorf("%v", err)
	}
}

func TestWords(t *testing.T) {
	for want, got := range map[string]string{
		"9.43s": race.Duration(9.4287), "2m54s": race.Duration(173.96), "0.828ms": race.Duration(0.000828), "2h57m27s": race.Duration(10647.1),
		"1m0s": race.Duration(59.96), "1s": race.Duration(0.9996), "3e+10h": race.Duration(3600 * 3e10),
		"$0.0212": race.Dollars(0.02121), "$118.07": race.Dollars(118.068), "$1.00": race.Dollars(1),
		"290 TFLOP": race.FLOPs(0.29e15), "12.5 PFLOP": race.FLOPs(12.5e15), "1 GFLOP": race.FLOPs(999.6e6), "0 FLOP": race.FLOPs(0),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func FuzzTSV(f *testing.F) {
	for _, k := range known {
		f.Add([]byte(k.tsv))
	}
	f.Add([]byte("epoch\thours\ttop1Accuracy\n1\t-0\t1e2\n2\t0x1p-2\t100\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := race.ReadTSV("f.tsv", text)
		if err != nil {
			if e, ok := errors.AsType[*race.FormatError](err); !ok || e.Line < 1 || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%v", err)
			}
			return
		}
		// What was read has every property that standings count on, and survives being written.
		for i, r := range p.Rows {
			if len(r.Scores) != len(p.Columns) || !(r.Hours >= 0) || math.IsInf(r.Hours, 0) || i > 0 && r.Hours < p.Rows[i-1].Hours {
				t.Fatalf("row %d is %+v", i, r)
			}
		}
		var b strings.Builder
		if err := p.WriteTSV(&b); err != nil {
			t.Fatal(err)
		}
		again, err := race.ReadTSV("f.tsv", []byte(b.String()))
		if err != nil || !reflect.DeepEqual(again, p) {
			t.Fatalf("%+v, %v, want %+v", again, err, p)
		}
	})
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte(entryJSON(`"costPerHour": 1`, `"misc": {"a": [1, "spot"]}`)))
	f.Add([]byte(entryJSON(`"latency": 1`, `"cost": 2`, `"top1Accuracy": 95`)))
	f.Add([]byte(entryJSON(`"misc": {"until": {"column": "top1Accuracy", "value": 3}, "metric": "m"}`)))
	f.Add([]byte("{"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(dir, "e.json")
		for _, tsv := range []string{"", "epoch\thours\ttop1Accuracy\n1\t0.5\t94\n"} {
			os.Remove(filepath.Join(dir, "e.tsv"))
			if tsv != "" {
				put(t, dir, "e.tsv", tsv)
			}
			put(t, dir, "e.json", string(text))
			e, err := race.Read(path)
			if err != nil {
				continue
			}
			s := e.Standing()
			if math.IsNaN(s.Seconds) || s.Seconds < 0 || math.IsNaN(s.Cost) || s.Cost < 0 || e.Model == "" && !strings.Contains(string(text), `"model"`) {
				t.Fatalf("%+v of %s", s, text)
			}
			if _, err := json.Marshal(race.Boards([]*race.Entry{e}, race.ByCost)); err != nil {
				t.Fatalf("%v of %s", err, text)
			}
		}
	})
}
