package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/filelock"
	"github.com/atelier-go/atelier/learn"
)

// quick is a recipe that trains in a moment; learn far enough to be better than chance.
const quick = `
data: drawn
model: cifar+resnet-8x1-16x1+concat
datasets:
  drawn:
    train: {shapes: {n: 256, size: 16, seed: 1}, memory: true}
    valid: {shapes: {n: 64, size: 16, seed: 2}, memory: true}
    batch: 32
    normalise: {mean: 0.5, std: 0.25}
phases:
  - {epochs: 2, lr: {cosine: 0.02}, optimizer: adam}
checkpoint: {every: 3, best: valid_accuracy}
ema: {decay: 0.9}
swa: {start: 1}
metrics: [accuracy, top5]
`

// write puts a recipe into a new folder.
func write(t *testing.T, text string) (dir, file string) {
	t.Helper()
	dir = t.TempDir()
	file = filepath.Join(dir, "quick.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, file
}

func TestTrainAndEvaluate(t *testing.T) {
	dir, file := write(t, quick)
	out := filepath.Join(dir, "run")
	code, stdout, stderr := atelier(t, "train", file, "--out", out, "--threads", "2", "--set", "seed=5")
	if code != exitOK {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	for _, want := range []string{"valid accuracy", "valid top5", "ema valid loss", "swa valid loss", "16 steps", "weights-ema.safetensors"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	for _, name := range []string{
		"recipe.yaml", "history.jsonl", "checkpoint-00000015.safetensors", "checkpoint-00000016.safetensors", "best.safetensors",
		"weights.safetensors", "weights-ema.safetensors", "weights-swa.safetensors", "schedule.png", "history.png", "loss-over-rate.png",
	} {
		if info, err := os.Stat(filepath.Join(out, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	text, err := os.ReadFile(filepath.Join(out, "recipe.yaml"))
	if err != nil || !strings.Contains(string(text), "seed: 5") {
		t.Errorf("the folder's recipe lacks what was set: %v\n%s", err, text)
	}

	h, err := learn.ReadHistory(out)
	if err != nil {
		t.Fatal(err)
	}
	last := h.Epochs[len(h.Epochs)-1].Metrics
	for _, c := range []struct{ path, weights, metric string }{
		{out, "raw", "valid_accuracy"}, {out, "ema", "ema_valid_accuracy"}, {out, "swa", "swa_valid_accuracy"},
		{filepath.Join(out, "checkpoint-00000016.safetensors"), "ema", "ema_valid_accuracy"},
		{filepath.Join(out, "weights.safetensors"), "raw", "valid_accuracy"},
		{filepath.Join(out, "weights-ema.safetensors"), "raw", "ema_valid_accuracy"},
		{filepath.Join(out, "weights-swa.safetensors"), "raw", "swa_valid_accuracy"},
	} {
		code, stdout, stderr := atelier(t, "eval", c.path, "--weights", c.weights, "--json")
		var e evaluation
		if err := json.Unmarshal([]byte(stdout), &e); code != exitOK || err != nil {
			t.Errorf("eval %s: exit %d, %v, %s", c.path, code, err, stderr)
			continue
		}
		if e.Metrics["accuracy"] != last[c.metric] || len(e.Confusion) != 8 || e.Examples != 64 {
			t.Errorf("eval %s --weights %s: %+v, the run measured %v", c.path, c.weights, e, last[c.metric])
		}
	}
	code, stdout, stderr = atelier(t, "eval", out, "--data", "{shapes: {n: 16, size: 16, seed: 9}}", "--set", "datasets.drawn.valid_batch=7")
	if code != exitOK || !strings.Contains(stdout, "16 pictures") || !strings.Contains(stdout, "half disc") {
		t.Errorf("exit %d, %s%s", code, stdout, stderr)
	}
	testDamaged(t, out)
	testMistakes(t, dir, file, out)
}

// A damaged checkpoint is said to be, and the one before it is used.
func testDamaged(t *testing.T, out string) {
	newest := filepath.Join(out, "checkpoint-00000016.safetensors")
	whole, err := os.ReadFile(newest)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-100] ^= 1
	for _, damaged := range [][]byte{flipped, whole[:len(whole)/2], whole[:5], {}} {
		if err := os.WriteFile(newest, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := atelier(t, "eval", out)
		if code != exitOK || !strings.Contains(stderr, "damaged") || !strings.Contains(stderr, "using checkpoint-00000015") ||
			!strings.Contains(stdout, "checkpoint-00000015") {
			t.Errorf("%d bytes: exit %d, %s%s", len(damaged), code, stdout, stderr)
		}
		code, _, stderr = atelier(t, "eval", newest)
		if code != exitError || !strings.Contains(stderr, "damaged") {
			t.Errorf("%d bytes: exit %d, %s", len(damaged), code, stderr)
		}
	}
	// Going on from there ends where the run ended before.
	code, stdout, stderr := atelier(t, "train", "--resume", "--out", out)
	if code != exitOK || !strings.Contains(stderr, "using checkpoint-00000015") || !strings.Contains(stderr, "resumed after step 15 of 16") {
		t.Fatalf("exit %d, %s%s", code, stdout, stderr)
	}
	if again, err := learn.ReadHistory(out); err != nil || len(again.Steps) != 16 {
		t.Errorf("%d steps, %v", len(again.Steps), err)
	}
}

// testMistakes knows a folder with a run.
func testMistakes(t *testing.T, dir, file, out string) {
	odd, empty := filepath.Join(dir, "odd.yaml"), t.TempDir()
	if err := os.WriteFile(odd, []byte("phases:\n  - {epocs: 1, lr: x}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code int
		args []string
		want []string // a line each
	}{
		{exitError, []string{"train", file, "--out", out}, []string{out + " has a run already: go on with it by --resume, or choose another folder with --out"}},
		{exitError, []string{"train", "--resume", "--out", filepath.Join(dir, "none")}, []string{"there is no run to resume in " + filepath.Join(dir, "none")}},
		{exitError, []string{"train", file, "--resume", "--out", filepath.Join(dir, "none")}, []string{"there is no run to resume in "}},
		{exitError, []string{"train", file, "--resume", "--out", out, "--set", "phases.0.lr=1", "--set", "seed=5"}, []string{"phase 1 is not the one that the checkpoint was trained with"}},
		{exitError, []string{"train", file, "--resume", "--out", out, "--set", "seed=9"}, []string{"the checkpoint's seed is 5, this run's is 9"}},
		{exitError, []string{"train", odd}, []string{odd + `:2: unknown field "epocs" in phases.0: did you mean "epochs"?`, odd + `:2: phases.0.lr: want a number, got "x"`}},
		{exitError, []string{"train", "nothing"}, []string{"there is no recipe nothing; built in are annealing, "}},
		{exitError, []string{"schedule", filepath.Join(dir, "nothing.yaml")}, []string{"there is no recipe "}},
		{exitError, []string{"train", file, "--set", "phases.0"}, []string{"--set phases.0: want a path and a value"}},
		{exitError, []string{"train", file, "--out", filepath.Join(file, "x")}, []string{"not a directory"}},
		{exitUsage, []string{"train", file, "--out", filepath.Join(dir, "x"), "--isa", "sse"}, []string{"isa=sse"}},
		{exitUsage, []string{"train", file, "other"}, []string{"accepts at most 1 arg"}},
		{exitUsage, []string{"schedule"}, []string{"accepts 1 arg"}},
		{exitUsage, []string{"schedule", file, "--plot", "x.gif"}, []string{"--plot x.gif: want a name that ends in .png or .svg"}},
		{exitUsage, []string{"schedule", file, "--hide-text"}, []string{"are about --plot, which is missing"}},
		{exitUsage, []string{"lr-find", file, "--plot", "x"}, []string{"--plot x"}},
		{exitUsage, []string{"lr-find", file, "--from", "1", "--to", "0.1"}, []string{"--from is 1 and --to 0.1"}},
		{exitUsage, []string{"lr-find", file, "--steps", "1"}, []string{"--steps is 1"}},
		{exitUsage, []string{"lr-find", file, "--steps", "9", "--epochs", "1"}, []string{"--steps and --epochs exclude each other"}},
		{exitUsage, []string{"lr-find", file, "--stop-div", "0.5"}, []string{"--stop-div is 0.5"}},
		{exitUsage, []string{"lr-find", file, "--phase", "2"}, []string{"--phase is 2, want 1 to 1"}},
		{exitError, []string{"lr-find", file, "--weight-decay", "-1"}, []string{"weight decay -1: want a number that is not negative"}},
		{exitError, []string{"eval", filepath.Join(dir, "none")}, []string{"no such file"}},
		{exitError, []string{"eval", dir}, []string{dir + " has no checkpoints"}},
		{exitError, []string{"eval", file}, []string{file + ": the checkpoint is damaged"}},
		{exitUsage, []string{"eval", out, "--weights", "best"}, []string{"--weights best: want raw, ema or swa"}},
		{exitUsage, []string{"eval", out, "--top", "-1"}, []string{"--top is -1"}},
		{exitError, []string{"eval", filepath.Join(out, "weights.safetensors"), "--weights", "ema"}, []string{"wants a checkpoint"}},
		{exitError, []string{"eval", out, "--data", "nowhere"}, []string{`there is no dataset and no file "nowhere"; the recipe's datasets are drawn, shapes`}},
		{exitError, []string{"eval", out, "--data", "{shapes: {m: 1}}"}, []string{`{shapes: {m: 1}}:1: unknown field "m" in shapes`}},
		{exitError, []string{"eval", out, "--data", empty}, []string{"has no pictures"}},
	} {
		code, _, stderr := atelier(t, c.args...)
		lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
		if code != c.code || len(lines) != len(c.want) {
			t.Errorf("atelier %s: exit %d, want %d:\n%s", strings.Join(c.args, " "), code, c.code, stderr)
			continue
		}
		for i, line := range lines {
			if !strings.HasPrefix(line, "atelier: ") || !strings.Contains(line, c.want[i]) {
				t.Errorf("atelier %s: line %q, want %q", strings.Join(c.args, " "), line, c.want[i])
			}
		}
	}
}

func TestTrainThatDiverges(t *testing.T) {
	dir, file := write(t, quick)
	code, _, stderr := atelier(t, "train", file, "--out", filepath.Join(dir, "run"), "--set", "phases.0={steps: 9, lr: 1.0e+30}")
	if code != exitError || !strings.HasSuffix(stderr, "lower the learning rate, or clip gradients\n") || strings.Count(stderr, "atelier: training diverged: ") != 1 {
		t.Errorf("exit %d, %s", code, stderr)
	}
	// What led there is in the history and in the plots.
	h, err := learn.ReadHistory(filepath.Join(dir, "run"))
	if err != nil || len(h.Steps) == 0 || !math.IsNaN(float64(h.Steps[len(h.Steps)-1].Loss)) {
		t.Errorf("history %+v, %v", h, err)
	}
}

// A picture that is not one ends a run with its name, or is left out and counted.
func TestCorruptPictures(t *testing.T) {
	dir, file := write(t, `
datasets:
  photos: {train: {folder: {path: photos}}, batch: 4}
phases: [{epochs: 2}]
model: cifar+resnet-8x1-16x1+concat
`)
	for _, name := range []string{"a/1.png", "a/2.png", "a/3.png", "b/1.png", "b/2.png"} {
		path := filepath.Join(dir, "photos", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		var picture bytes.Buffer
		if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 12, 12))); err != nil {
			t.Fatal(err)
		}
		if name == "a/2.png" {
			picture.Truncate(40)
		}
		if err := os.WriteFile(path, picture.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, _, stderr := atelier(t, "train", file, "--out", filepath.Join(dir, "fails"))
	if code != exitError || strings.Count(stderr, "atelier: ") != 1 || !strings.Contains(stderr, filepath.Join("photos", "a", "2.png")) {
		t.Errorf("exit %d, %s", code, stderr)
	}
	code, stdout, stderr := atelier(t, "train", file, "--out", filepath.Join(dir, "skips"), "--set", "datasets.photos.skip_corrupt=true")
	if code != exitOK || !strings.Contains(stdout, "2 pictures could not be read and were skipped") {
		t.Errorf("exit %d, %s%s", code, stdout, stderr)
	}
	code, _, stderr = atelier(t, "train", file, "--out", filepath.Join(dir, "small"), "--set", "datasets.photos.skip_corrupt=true", "--set", "model=resnet18")
	if code != exitError || !strings.Contains(stderr, "pictures [2 12 12 3]: zoo: resnet+resnet18+average: backbone resnet18: ") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

// interrupter cancels a context when the progress says a word.
type interrupter struct {
	bytes.Buffer
	word   string
	cancel context.CancelFunc
}

func (i *interrupter) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(i.word)) {
		i.cancel()
	}
	return i.Buffer.Write(p)
}

// An interrupted run saves, says how to go on, and ends with the same weights as one that was not interrupted.
func TestInterruptedTraining(t *testing.T) {
	dir, file := write(t, quick)
	out := filepath.Join(dir, "a run")
	ctx, cancel := context.WithCancel(t.Context())
	stderr := &interrupter{word: "epoch 1", cancel: cancel}
	code := run(ctx, []string{"train", file, "--out", out}, strings.NewReader(""), io.Discard, stderr)
	if code != exitInterrupted || !strings.Contains(stderr.String(), "interrupted after step 8 of 16") ||
		!strings.Contains(stderr.String(), "train --resume --out '"+out+"'\n") {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	if code, _, stderr := atelier(t, "train", "--resume", "--out", out); code != exitOK || !strings.Contains(stderr, "resumed after step 8 of 16") {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	whole := filepath.Join(dir, "whole")
	if code, _, stderr := atelier(t, "train", file, "--out", whole); code != exitOK {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	for _, name := range []string{"weights.safetensors", "weights-ema.safetensors", "weights-swa.safetensors"} {
		a, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(whole, name))
		if err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs from that of a run without interruption (%v)", name, err)
		}
	}
}

// Two processes do not train in one folder, and what one that was killed was writing goes.
func TestTrainLocksItsFolder(t *testing.T) {
	dir, file := write(t, quick)
	out := filepath.Join(dir, "run")
	if err := os.Mkdir(out, 0o777); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(out, ".checkpoint-00000003.safetensors.0123456789abcdef.tmp")
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	lock, err := filelock.TryOpen(out)
	if err != nil {
		t.Fatal(err)
	}
	code, _, stderr := atelier(t, "train", file, "--out", out)
	entries, err := os.ReadDir(out)
	if code != exitError || !strings.Contains(stderr, "atelier: another process is training in "+out+": wait for it") || err != nil || len(entries) != 1 {
		t.Errorf("exit %d, %s%v %v", code, stderr, entries, err)
	}
	lock.Close()
	if code, _, stderr := atelier(t, "train", file, "--out", out, "--until", "loss=100"); code != exitOK {
		t.Errorf("exit %d, %s", code, stderr)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", left, err)
	}
}

// The recipe that was read is not replaced by that of the results.
func TestTrainSparesItsRecipe(t *testing.T) {
	dir, file := write(t, quick)
	own := filepath.Join(dir, "recipe.yaml")
	if err := os.Rename(file, own); err != nil {
		t.Fatal(err)
	}
	for _, more := range []string{"--set=seed=2", "--resume"} {
		code, _, stderr := atelier(t, "train", own, "--out", dir, more)
		if code != exitError || !strings.Contains(stderr, "would replace "+own+", the recipe that was read: choose another folder with --out") {
			t.Errorf("%s: exit %d, %s", more, code, stderr)
		}
	}
	if text, err := os.ReadFile(own); err != nil || string(text) != quick {
		t.Errorf("the recipe has changed: %v\n%s", err, text)
	}
}

// What went wrong beside an interruption is said.
func TestErrorsBesideInterrupts(t *testing.T) {
	full := errors.New("the disk is full; the painting is saved as /elsewhere")
	for _, c := range []struct {
		err  error
		want []string
	}{
		{context.Canceled, nil},
		{fmt.Errorf("loading: %w", context.Canceled), nil},
		{errors.Join(context.Canceled, full), []string{full.Error()}},
		{errors.Join(errors.Join(fmt.Errorf("step: %w", context.Canceled), nil), full), []string{full.Error()}},
		{full, []string{full.Error()}},
	} {
		if got := lines(besidesInterrupt(c.err)); !slices.Equal(got, c.want) {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}

func TestScheduleCommand(t *testing.T) {
	dir, file := write(t, quick)
	plot := filepath.Join(dir, "s.svg")
	code, stdout, stderr := atelier(t, "schedule", file, "--plot", plot, "--hide-momentum")
	if code != exitOK || !strings.Contains(stdout, "0 to 15") || !strings.Contains(stdout, "adam") || !strings.Contains(stdout, "16 steps") {
		t.Errorf("exit %d, %s%s", code, stdout, stderr)
	}
	if text, err := os.ReadFile(plot); err != nil || !bytes.Contains(text, []byte("learning rate")) || bytes.Contains(text, []byte("momentum")) {
		t.Errorf("plot: %v", err)
	}
	code, stdout, _ = atelier(t, "schedule", file, "--csv")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if code != exitOK || len(lines) != 17 || !strings.HasPrefix(lines[0], "step,phase,data,epoch,optimizer,lr_1,momentum_1,beta2_1,weight_decay_1,lr_2") ||
		!strings.HasPrefix(lines[1], "0,phase 1,drawn,0,adam,0.02,0.9,0.999,0,0.02") {
		t.Errorf("exit %d, %d lines, %v", code, len(lines), lines[:2])
	}
	// A plan needs no pictures, so a cycle shows its peak.
	code, stdout, _ = atelier(t, "schedule", "shapes")
	if code != exitOK || !strings.Contains(stdout, "0.0008 to 0.008 to 8.") || !strings.Contains(stdout, "0.95 to 0.85 to 0.95") {
		t.Errorf("exit %d, %s", code, stdout)
	}
	// Data that are not here are counted as they are said to be, and groups that are frozen have no rate.
	code, stdout, stderr = atelier(t, "schedule", "imagenet-resnet50", "--pictures", "1281167")
	if code != exitOK || !strings.Contains(stdout, "56340 steps") || !strings.Contains(stdout, "288 pixels") {
		t.Errorf("exit %d, %s%s", code, stdout, stderr)
	}
	code, stdout, stderr = atelier(t, "schedule", "fine-tune", "--pictures", "320")
	if code != exitOK || !strings.Contains(stdout, "head   0 to 9    pictures  frozen     1 to 2") || !strings.Contains(stdout, "adamw      3 ") {
		t.Errorf("exit %d, %s%s", code, stdout, stderr)
	}
	code, _, stderr = atelier(t, "schedule", "fine-tune")
	if code != exitError || !strings.Contains(stderr, "say how many there are: --pictures N") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	for _, n := range []string{"-1", "9000000000"} {
		if code, _, stderr = atelier(t, "schedule", "shapes", "--pictures", n); code != exitUsage || !strings.Contains(stderr, "want 1 to 100000000") {
			t.Errorf("%s pictures: exit %d, %s", n, code, stderr)
		}
	}
}

func TestLRFindCommand(t *testing.T) {
	dir, file := write(t, quick)
	plot := filepath.Join(dir, "f.png")
	code, stdout, stderr := atelier(t, "lr-find", file, "--plot", plot, "--steps", "30", "--weight-decay", "1e-2,1e-4", "--stop-div", "0")
	if code != exitOK || strings.Count(stdout, "\n") != 3 || !strings.Contains(stdout, "0.0001") || !strings.Contains(stdout, "steepest") {
		t.Errorf("exit %d, %s%s", code, stdout, stderr)
	}
	if info, err := os.Stat(plot); err != nil || info.Size() < 1000 {
		t.Errorf("plot: %v", err)
	}
}
