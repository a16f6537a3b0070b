package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/atelier-go/atelier/imageio"
	"github.com/atelier-go/atelier/style"
)

// No file that is read is written, whatever --force says, and nothing that is there is replaced without it.
func TestStyleKeepsFiles(t *testing.T) {
	dir := studioDir(t)
	file := func(name string) string { return filepath.Join(dir, name) }
	photo, paint, mask, out := file("photo.png"), file("painting.png"), file("mask.png"), file("out.png")
	must(t, imageio.Write(mask, waves(48, 64, 5), imageio.WriteOptions{}))
	if code, _, stderr := atelier(t, quickly(dir, photo, paint, "-o", out)...); code != exitOK {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	must(t, os.WriteFile(file("new-loss.png"), []byte("of another"), 0o600))
	must(t, imageio.Write(file("start-loss.png"), waves(48, 64, 5), imageio.WriteOptions{}))
	before := contents(t, dir)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--mask", mask, "-o", mask, "--force"}, "both what is painted and where it goes"},
		{[]string{"--init", out, "-o", out, "--force"}, "both what is painted and where it goes"},
		{[]string{"-o", file("new.png"), "--trace", photo, "--force"}, "--trace would write over it"},
		{[]string{"-o", file("new.png"), "--trace", file("net.safetensors"), "--force"}, "--trace would write over it"},
		{[]string{"-o", file("new.png"), "--trace", dir + "/./new.png"}, "choose another name"},
		{[]string{"-o", file("new.png"), "--plot"}, "new-loss.png is there already"},
		{[]string{"-o", file("start.png"), "--plot", "--init", file("start-loss.png"), "--force"}, "--plot would draw over it"},
	} {
		code, _, stderr := atelier(t, quickly(dir, append([]string{photo, paint}, c.args...)...)...)
		wantLine(t, code, exitError, stderr, c.want)
	}
	code, _, stderr := atelier(t, "style", "--replay", out, "-o", out, "--force")
	wantLine(t, code, exitError, stderr, "both what is painted and where it goes")
	for name, text := range contents(t, dir) {
		if !bytes.Equal(text, before[name]) {
			t.Errorf("%s has changed", name)
		}
	}
}

// contents are the files of a folder.
func contents(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		all[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name()))
		must(t, err)
	}
	return all
}

// A painting that was killed behind its last state makes iterations again, and its trace has them once.
func TestStyleTraceResumed(t *testing.T) {
	dir := studioDir(t)
	out, trace := filepath.Join(dir, "out.png"), filepath.Join(dir, "t.jsonl")
	args := quickly(dir, filepath.Join(dir, "photo.png"), filepath.Join(dir, "painting.png"), "-o", out, "--trace", trace,
		"--iterations", "40", "--tolerance", "-1", "--preview-every", "1")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for !exists(beside(out, ".preview")) && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if code := run(ctx, args, strings.NewReader(""), io.Discard, io.Discard); code != exitInterrupted {
		t.Fatalf("exit %d", code)
	}
	had, err := os.ReadFile(trace)
	must(t, err)
	last := regexp.MustCompile(`"scale":(\d+),.*"iteration":(\d+),.*\n$`).FindSubmatch(had)
	if last == nil {
		t.Fatalf("the trace is %s", had)
	}
	again := bytes.ReplaceAll(last[0], []byte(`"iteration":`+string(last[2])), []byte(`"iteration":`+string(last[2])+"0"))
	must(t, os.WriteFile(trace, append(append(had, '{'), append(again, `{"scale":2,"hei`...)...), 0o600))
	if code, _, stderr := atelier(t, append(args, "--resume")...); code != exitOK {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	file, err := os.Open(trace)
	must(t, err)
	defer file.Close()
	lines, err := style.ReadTrace(file)
	if err != nil || len(lines) != 80 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	for i, line := range lines {
		if line.Scale != 1+i/40 || line.Iteration != 1+i%40 {
			t.Fatalf("line %d is iteration %d of scale %d", i+1, line.Iteration, line.Scale)
		}
	}
}

// The last line says what the painting took beside what was expected, and a budget that leaves sizes out is said to.
func TestStyleTellsTimeAndMemory(t *testing.T) {
	dir := studioDir(t)
	photo, paint := filepath.Join(dir, "photo.png"), filepath.Join(dir, "painting.png")
	code, stdout, stderr := atelier(t, quickly(dir, photo, paint, "-o", filepath.Join(dir, "out.png"))...)
	_, expected, _ := strings.Cut(stderr, "expected: ")
	expected, _, _ = strings.Cut(expected, " of memory\n")
	if code != exitOK || !regexp.MustCompile(` in \S+ with \S+ [MG]iB of memory \(expected `+regexp.QuoteMeta(expected)+`\); style distance`).MatchString(stdout) {
		t.Errorf("exit %d, %q, where %q was expected", code, stdout, expected)
	}
	code, stdout, stderr = atelier(t, quickly(dir, photo, paint, "-o", filepath.Join(dir, "short.png"), "--time-budget", "1ms")...)
	if code != exitOK || !strings.Contains(stderr, "1ms is too short for 48 pixels: the painting gets 34") || !strings.Contains(stdout, "34 by 26 pixels") {
		t.Errorf("exit %d, %s, %s", code, stdout, stderr)
	}
}
