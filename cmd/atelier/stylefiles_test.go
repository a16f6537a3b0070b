package main

import (
	"bytes"
	"context"
	"errors"
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
	must(t, imageio.Write(file("cat.preview.png"), waves(48, 64, 5), imageio.WriteOptions{}))
	must(t, imageio.Write(file("out.preview.png"), waves(48, 64, 5), imageio.WriteOptions{}))
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
		{[]string{"-o", file("new.png"), "--trace", dir + "/./new.preview.png"}, "choose another name"},
		{[]string{"-o", file("cat.png")}, "cat.preview.png is there already, and previews would replace it"},
		{[]string{"-o", file("cat.png"), "--mask", file("cat.preview.png"), "--force"}, "cat.preview.png is read, and previews would replace it"},
		{[]string{"-o", file("new.png"), "--plot"}, "new-loss.png is there already"},
		{[]string{"-o", file("start.png"), "--plot", "--init", file("start-loss.png"), "--force"}, "--plot would draw over it"},
	} {
		code, _, stderr := atelier(t, quickly(dir, append([]string{photo, paint}, c.args...)...)...)
		wantLine(t, code, exitError, stderr, c.want)
	}
	code, _, stderr := atelier(t, quickly(dir, file("cat.preview.png"), paint, "-o", file("cat.png"), "--force")...)
	wantLine(t, code, exitError, stderr, "cat.preview.png is read, and previews would replace it")
	code, _, stderr = atelier(t, "style", "--replay", out, "-o", out, "--force")
	wantLine(t, code, exitError, stderr, "both what is painted and where it goes")
	for name, text := range contents(t, dir) {
		if !bytes.Equal(text, before[name]) {
			t.Errorf("%s has changed", name)
		}
	}
	// Without previews, a file of a preview's name is neither written nor taken away.
	code, _, stderr = atelier(t, quickly(dir, file("cat.preview.png"), paint, "-o", file("cat.png"), "--preview-every", "0")...)
	if code != exitOK || !bytes.Equal(contents(t, dir)["cat.preview.png"], before["cat.preview.png"]) {
		t.Errorf("exit %d, %s; the preview's namesake is another, or gone", code, stderr)
	}
}

// A painting that is killed leaves a preview beside its state, and goes on over it.
func TestStyleResumesOverPreview(t *testing.T) {
	dir := studioDir(t)
	out := filepath.Join(dir, "out.png")
	args := quickly(dir, filepath.Join(dir, "photo.png"), filepath.Join(dir, "painting.png"), "-o", out,
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
	must(t, imageio.Write(beside(out, ".preview"), waves(36, 48, 5), imageio.WriteOptions{}))
	if code, _, stderr := atelier(t, append(args, "--resume")...); code != exitOK || exists(beside(out, ".preview")) {
		t.Errorf("exit %d, %s; a preview is left: %v", code, stderr, exists(beside(out, ".preview")))
	}
}

// A record that a JPEG has no room for is told before there is a painting; one that cannot be written after all does not
// keep the painting from being saved.
func TestStyleRecordThatDoesNotFit(t *testing.T) {
	dir := studioDir(t)
	photo, paint, out := filepath.Join(dir, "photo.png"), filepath.Join(dir, "painting.png"), filepath.Join(dir, "out.jpg")
	code, _, stderr := atelier(t, quickly(dir, photo, paint, "-o", out, "--iterations", "4"+strings.Repeat(",4", 40000))...)
	wantLine(t, code, exitError, stderr, out, "JPEG has room for")
	if exists(out) || strings.Contains(stderr, "scale 1 of 2") {
		t.Errorf("it painted: %s", stderr)
	}
	var said bytes.Buffer
	p := painting{studio: &studio{f: &styleFlags{quality: 90}, stderr: &said}, job: job{out: out}, bits: 8}
	w := waves(8, 8, 2)
	for name, c := range map[string]struct {
		metadata   imageio.Metadata
		unrecorded error
		want       string
	}{
		"too long":     {imageio.Metadata{Text: map[string]string{"k": strings.Repeat("k", 1<<17)}}, nil, "JPEG has room for"},
		"no character": {imageio.Metadata{Text: map[string]string{"k": "n\xe4t"}}, nil, "byte 1 is of no character"},
		"none":         {imageio.Metadata{}, errors.New("no numbers"), "no numbers"},
	} {
		said.Reset()
		if err := p.save(style.Picture{H: 8, W: 8, Pixels: w.RGB}, c.metadata, c.unrecorded); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		m, err := imageio.ReadMetadata(out)
		if err != nil || !m.Synthetic || len(m.Text) != 0 {
			t.Errorf("%s: metadata are %+v, %v", name, m, err)
		}
		if text := said.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, out+" gets no record") || !strings.Contains(text, c.want) {
			t.Errorf("%s: it says %q", name, text)
		}
	}
}

// A network whose file has a name in another encoding, and a record that is not to be trusted.
func TestStyleRecordsOfAnyKind(t *testing.T) {
	dir := studioDir(t)
	photo, paint, out := filepath.Join(dir, "photo.png"), filepath.Join(dir, "painting.png"), filepath.Join(dir, "out.png")
	net := filepath.Join(dir, "n\xe4t.safetensors")
	if err := os.Rename(filepath.Join(dir, "net.safetensors"), net); err != nil {
		t.Skip(err)
	}
	code, _, stderr := atelier(t, append(quickly(dir, photo, paint, "-o", out), "--net-weights", net)...)
	if code != exitOK {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	m, err := imageio.ReadMetadata(out)
	must(t, err)
	r, err := style.ParseRecord(m.Text)
	if err != nil || r.Network.Name != filepath.Join(dir, "n\ufffdt.safetensors") {
		t.Errorf("%+v, %v", r.Network, err)
	}
	r.Masks = []*style.Source{{Name: "-"}}
	text, err := r.Text()
	must(t, err)
	must(t, imageio.Write(out, waves(36, 48, 5), imageio.WriteOptions{Metadata: imageio.Metadata{Text: text}}))
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{nil, exitError, `mask 1 is named "-"`},
		{[]string{"", paint}, exitUsage, "has no name"},
	} {
		code, _, stderr = atelier(t, append([]string{"style", "--replay", out, "--net-weights", net, "-o", filepath.Join(dir, "again.png")}, c.args...)...)
		wantLine(t, code, c.code, stderr, c.want)
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
