package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/race"
	"github.com/atelier-go/atelier/zoo"
)

// easy is a goal that the quick recipe reaches in its first epoch, hard one that it never does.
const (
	easy = "top5=0.2"
	hard = "valid_loss=0.000001"
)

func TestTrainUntil(t *testing.T) {
	dir, file := write(t, quick)
	out := filepath.Join(dir, "run")
	code, stdout, stderr := atelier(t, "train", file, "--out", out, "--threads", "2", "--until", easy, "--price-per-hour", "3600")
	if code != exitOK || !strings.Contains(stderr, "stopped: valid_top5 is ") || !strings.Contains(stdout, "8 steps") {
		t.Fatalf("exit %d, %s%s", code, stdout, stderr)
	}
	if !regexp.MustCompile(`valid_top5 reached 0.2 in epoch 1 after [0-9.]+m?s of training, [0-9.]+ [MG]FLOP, \$[0-9.]+; in .*dawnbench.json`).MatchString(stdout) {
		t.Errorf("no record in\n%s", stdout)
	}
	e, err := race.Read(filepath.Join(out, "dawnbench.json"))
	if err != nil {
		t.Fatal(err)
	}
	s, n := e.Standing(), e.Notes
	if !s.Reached || s.Epoch != 1 || !(s.Seconds > 0) || s.Cost != s.Seconds/3600*3600 || n.Threads != 2 || n.Processor == "" || n.Kernels == "" ||
		n.Data != "drawn" || n.Metric != "valid_top5" || !(n.ElapsedSeconds > n.TrainingSeconds) || e.Goal != (race.Goal{Column: race.Top5, Value: 20}) {
		t.Errorf("%+v, %+v", s, n)
	}
	if got := strings.Join(e.Progress.Columns, " "); got != "top1Accuracy top5Accuracy" {
		t.Errorf("columns %s", got)
	}
	// Three times the forward pass of an epoch's 256 pictures, a multiplication with its addition being two.
	if want := macs(t, "cifar+resnet-8x1-16x1+concat") * 6 * 256; n.FLOPs != want {
		t.Errorf("%v FLOPs, want %v", n.FLOPs, want)
	}
	text, err := os.ReadFile(filepath.Join(out, "dawnbench.json"))
	if host, _ := os.Hostname(); err != nil || host != "" && len(host) > 3 && strings.Contains(string(text), host) {
		t.Errorf("the record has the host's name: %s, %v", text, err)
	}
	testResumedUntil(t, out, s.Seconds)
	testBoards(t, dir, out)
}

// macs are a network's for the quick recipe's pictures.
func macs(t *testing.T, name string) float64 {
	t.Helper()
	m, err := zoo.ByName(name, 8)
	if err != nil {
		t.Fatal(err)
	}
	counts, err := zoo.Count(compute.MustNew(), m, 16, 16, 3)
	if err != nil {
		t.Fatal(err)
	}
	return float64(counts.MACs)
}

// Beside a proxy the model trains on half of an epoch's 256 pictures; the proxy looks at them all, and trains in two of its
// eight steps. A run that is resumed counts the same.
func TestTrainUntilWithProxy(t *testing.T) {
	dir, file := write(t, quick)
	out := filepath.Join(dir, "run")
	proxy := "proxy={model: cifar+resnet-4x1+average, keep: 0.5, every: 4}"
	code, _, stderr := atelier(t, "train", file, "--out", out, "--until", easy, "--set", proxy)
	if code != exitOK || !strings.Contains(stderr, "drawn, the hardest 50 % of every batch\n") {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	epoch := macs(t, "cifar+resnet-8x1-16x1+concat")*6*128 + macs(t, "cifar+resnet-4x1+average")*(2*256+4*64)
	for epochs := 1; epochs <= 2; epochs++ {
		e, err := race.Read(filepath.Join(out, "dawnbench.json"))
		if err != nil {
			t.Fatal(err)
		}
		if n := e.Notes; n.Proxy != "cifar+resnet-4x1+average" || n.Epochs != epochs || n.FLOPs != float64(epochs)*epoch {
			t.Errorf("%d epochs: %+v, want %v FLOPs", epochs, n, float64(epochs)*epoch)
		}
		atelier(t, "train", "--resume", "--out", out, "--until", hard)
	}
}

// testResumedUntil goes on with a run that was at its goal.
func testResumedUntil(t *testing.T, out string, before float64) {
	was, err := race.Read(filepath.Join(out, "dawnbench.json"))
	if err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := atelier(t, "train", "--resume", "--out", out, "--threads", "3")
	if code != exitOK || !strings.Contains(stdout, "8 steps") || !strings.Contains(stdout, "valid_top5 reached 0.2 in epoch 1 ") {
		t.Errorf("the goal was reached already: exit %d, %s%s", code, stdout, stderr)
	}
	if e, err := race.Read(filepath.Join(out, "dawnbench.json")); err != nil || e.Hardware != was.Hardware || e.Notes.Threads != was.Notes.Threads {
		t.Errorf("%v: a machine that has trained nothing is in the record: %q", err, e.Hardware)
	}
	code, _, stderr = atelier(t, "train", "--resume", "--out", out, "--until", hard, "--threads", "3")
	if code != exitError || strings.Count(stderr, "atelier: ") != 1 || !strings.Contains(stderr, "atelier: the goal was not reached in 2 epochs: valid_loss came to ") ||
		!strings.Contains(stderr, ", want 1e-06\n") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	e, err := race.Read(filepath.Join(out, "dawnbench.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(e.Hardware, was.Hardware+", then ") || !strings.Contains(e.Hardware, " / 3 threads") {
		t.Errorf("hardware %q, want that of both sessions", e.Hardware)
	}
	rows := e.Progress.Rows
	if len(rows) != 2 || rows[0].Hours*3600 != before || !(rows[1].Hours > rows[0].Hours) || e.Notes.Reached || e.CostPerHour != 3600 ||
		e.Goal.Column != "valid_loss" || e.Notes.Epochs != 2 {
		t.Errorf("%+v, %+v: want the time of the first epoch, %v s, and the price as they were", rows, e.Notes, before)
	}
}

func testBoards(t *testing.T, dir, out string) {
	code, stdout, stderr := atelier(t, "leaderboard", dir)
	if code != exitOK || !strings.HasPrefix(stdout, "drawn training to valid_loss 1e-06\n") || !strings.Contains(stdout, out) {
		t.Errorf("exit %d, %s%s", code, stdout, stderr)
	}
	plot := filepath.Join(dir, "p.svg")
	entry(t, filepath.Join(dir, "other"), "a", "", "1\t0.5\t94\n")
	code, stdout, stderr = atelier(t, "leaderboard", dir, "--until", "loss=9")
	if code != exitOK || !strings.Contains(stderr, "1 of 2 entries have no epochs with valid_loss and are left out\n") || strings.Count(stdout, "\n") != 3 {
		t.Errorf("exit %d, %s%s", code, stdout, stderr)
	}
	code, stdout, stderr = atelier(t, "leaderboard", out, "--until", "top1=0.01", "--json", "--plot", plot)
	var boards []race.Board
	if err := json.Unmarshal([]byte(stdout), &boards); code != exitOK || err != nil || len(boards) != 1 || !boards[0].Standings[0].Reached || boards[0].Goal.Value != 1 {
		t.Errorf("exit %d, %v, %s%s", code, err, stdout, stderr)
	}
	if text, err := os.ReadFile(plot); err != nil || !strings.Contains(string(text), "drawn training: USD") {
		t.Errorf("the plot: %v", err)
	}
}

// entry writes a small entry of training.
func entry(t *testing.T, dir, name, price, tsv string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	text := `{"version": "v1.0", "author": "A", "authorEmail": "a@example.org", "framework": "F", "model": "` + name + `",
"hardware": "1 GPU", "timestamp": "2018-04-18"` + price + `}`
	for ending, content := range map[string]string{".json": text, ".tsv": "epoch\thours\ttop1Accuracy\n" + tsv} {
		if err := os.WriteFile(filepath.Join(dir, name+ending), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLeaderboardCommand(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "CIFAR10", "train")
	entry(t, dir, "fast", `, "costPerHour": 24.48`, "34\t0.047\t93.9\n35\t0.0483219\t94.03\n")
	entry(t, dir, "cheap", `, "costPerHour": 2.30`, "26\t0.1122454\t94.04\n")
	entry(t, dir, "never", "", "1\t0.5\t93.99\n")
	code, stdout, stderr := atelier(t, "leaderboard", dir)
	lines := strings.Split(stdout, "\n")
	if code != exitOK || lines[0] != "CIFAR10 training to top1Accuracy 94 %" || !regexp.MustCompile(`^2m54s +\$1\.18 +94\.03 +35 +- +fast +1 GPU +2018-04-18`).MatchString(lines[2]) ||
		!regexp.MustCompile(`^6m44s +\$0\.258 .* cheap `).MatchString(lines[3]) || !regexp.MustCompile(`^- +- +93\.99 +1 .* never `).MatchString(lines[4]) {
		t.Errorf("exit %d, %s%s", code, stdout, stderr)
	}
	_, stdout, _ = atelier(t, "leaderboard", dir, "--by", "cost")
	if strings.Index(stdout, "cheap") > strings.Index(stdout, "fast") {
		t.Errorf("by cost:\n%s", stdout)
	}
	_, stdout, _ = atelier(t, "leaderboard", dir, "--until", "top1=0.939")
	if !strings.HasPrefix(stdout, "CIFAR10 training to top1Accuracy 93.9 %\n") || !strings.Contains(stdout, "30m0s") {
		t.Errorf("to 93.9:\n%s", stdout)
	}
	// One that is wrong has its line; the others are shown.
	entry(t, dir, "spot", `, "costPerHour": 1, "misc": "spot price"`, "1\t0.5\t94\n")
	entry(t, dir, "odd", "", "1\t0.5\tmany\n")
	code, stdout, stderr = atelier(t, "leaderboard", dir)
	if code != exitError || strings.Count(stdout, "\n") != 5 || strings.Count(stderr, "\n") != 2 ||
		!strings.Contains(stderr, "spot.json:2: misc says") || !strings.Contains(stderr, `odd.tsv:2: top1Accuracy is "many": want a number`) {
		t.Errorf("exit %d, %s%s", code, stdout, stderr)
	}
	for _, c := range []struct {
		code int
		args []string
		want string
	}{
		{exitUsage, []string{"leaderboard"}, "requires at least 1 arg"},
		{exitUsage, []string{"leaderboard", dir, "--by", "luck"}, "want time, cost"},
		{exitUsage, []string{"leaderboard", dir, "--plot", "x.gif"}, "leaderboard: --plot x.gif: want a name that ends in .png or .svg"},
		{exitUsage, []string{"leaderboard", dir, "--until", "top1"}, "is not a goal"},
		{exitUsage, []string{"leaderboard", dir, "--until", "top1=94"}, "top1 is a share: want more than 0 and at most 1"},
		{exitError, []string{"leaderboard", t.TempDir()}, "there are no entries in "},
		{exitError, []string{"leaderboard", filepath.Join(dir, "none")}, "no such file"},
		{exitError, []string{"leaderboard", filepath.Join(dir, "fast.json"), "--until", "valid_loss=1"}, "none of the 1 entries has epochs with valid_loss"},
	} {
		code, stdout, stderr := atelier(t, c.args...)
		if code != c.code || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.want) {
			t.Errorf("atelier %s: exit %d, %q, %q", strings.Join(c.args, " "), code, stdout, stderr)
		}
	}
}

// A goal of several views or averaged weights selects the entries that were measured so, and a plain one the others.
func TestLeaderboardOfMetrics(t *testing.T) {
	dir := t.TempDir()
	of := func(metric string) string {
		return `, "misc": {"until": {"column": "top1Accuracy", "value": 90}, "metric": "` + metric + `", "data": "drawn"}`
	}
	entry(t, dir, "plain", of("valid_accuracy"), "1\t0.5\t91\n")
	entry(t, dir, "views", of("tta_valid_accuracy"), "1\t0.5\t92\n")
	entry(t, dir, "swaps", of("swa_valid_top5"), "1\t0.5\t93\n")
	code, stdout, stderr := atelier(t, "leaderboard", dir)
	for _, want := range []string{"drawn training to top1Accuracy 90 %\n", "drawn training with several views to top1Accuracy 90 %\n",
		"drawn training with averaged weights (swa) to top1Accuracy 90 %\n"} {
		if code != exitOK || !strings.Contains(stdout, want) {
			t.Errorf("exit %d, no %q in %s%s", code, want, stdout, stderr)
		}
	}
	for until, only := range map[string]string{"top1=0.9": "plain", "valid_top1=0.9": "plain", "tta_top1=0.9": "views", "tta_valid_accuracy=0.9": "views", "swa_accuracy=0.9": "swaps"} {
		code, stdout, stderr := atelier(t, "leaderboard", dir, "--until", until, "--json")
		var boards []race.Board
		if err := json.Unmarshal([]byte(stdout), &boards); code != exitOK || err != nil || len(boards) != 1 || len(boards[0].Standings) != 1 ||
			boards[0].Standings[0].Entry.Model != only || !boards[0].Standings[0].Reached || !strings.Contains(stderr, "2 of 3 entries have no epochs with ") {
			t.Errorf("%s: exit %d, %v, %s%s", until, code, err, stdout, stderr)
		}
	}
	code, _, stderr = atelier(t, "leaderboard", filepath.Join(dir, "views.json"), "--until", "ema_top1=0.9")
	if code != exitError || !strings.Contains(stderr, "none of the 1 entries has epochs with ema_valid_accuracy, only with tta_valid_accuracy\n") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

// What is wrong with a goal is said before anything is written.
func TestUntilMistakes(t *testing.T) {
	dir, file := write(t, quick)
	out := filepath.Join(dir, "run")
	for _, c := range []struct {
		code int
		args []string
		want string
	}{
		{exitUsage, []string{"--until", "top1"}, `"top1" is not a goal: want a metric and a value, as in top1=0.94`},
		{exitError, []string{"--until", "top3=0.5"}, `atelier: --until top3=0.5: until: "top3" is not measured; there are train_loss, `},
		{exitError, []string{"--until", "top1=94"}, "atelier: --until top1=94: until: valid_accuracy is a share"},
		{exitError, []string{"--price-per-hour", "1"}, "atelier: --price-per-hour 1: there is a price per hour, and no goal"},
		{exitUsage, []string{"--until", easy, "--price-per-hour", "0"}, "train: --price-per-hour is 0, want USD above 0"},
		{exitUsage, []string{"--until", easy, "--price-per-hour", "NaN"}, "--price-per-hour is NaN"},
		{exitError, []string{"--until", easy, "--set", "checkpoint={}", "--set", "datasets.drawn={train: {shapes: {n: 64, size: 16, seed: 1}}}"},
			`learn: Until: "top5" is not measured; there are train_loss, train_accuracy, train_top5`},
	} {
		code, _, stderr := atelier(t, append([]string{"train", file, "--out", out}, c.args...)...)
		if code != c.code || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.want) {
			t.Errorf("atelier train %s: exit %d, %q, want %q", strings.Join(c.args, " "), code, stderr, c.want)
		}
		if _, err := os.Stat(out); err == nil {
			t.Fatalf("atelier train %s has written something", strings.Join(c.args, " "))
		}
	}
}
