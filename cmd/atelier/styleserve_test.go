package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The page is there while the painting is made, and ends with it when that is interrupted.
func TestStyleServe(t *testing.T) {
	dir := studioDir(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read, write := io.Pipe()
	code := make(chan int, 1)
	go func() {
		var stdout bytes.Buffer
		code <- run(ctx, quickly(dir, filepath.Join(dir, "photo.png"), filepath.Join(dir, "painting.png"), "-o", filepath.Join(dir, "out.png"),
			"--iterations", "100000", "--tolerance", "-1", "--serve", "127.0.0.1:0"), strings.NewReader(""), &stdout, write)
		write.Close()
	}()
	lines := bufio.NewReader(read)
	first, err := lines.ReadString('\n')
	must(t, err)
	go io.Copy(io.Discard, lines)
	url, ok := strings.CutPrefix(strings.TrimSpace(first), "watch at ")
	if !ok || !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Fatalf("the first line is %q", first)
	}
	events, err := http.Get(url + "events")
	must(t, err)
	defer events.Body.Close()
	for told := bufio.NewReader(events.Body); ; {
		line, err := told.ReadString('\n')
		must(t, err)
		if strings.Contains(line, `"picture":{`) {
			break
		}
	}
	picture, err := http.Get(url + "picture.jpg")
	must(t, err)
	picture.Body.Close()
	if picture.StatusCode != http.StatusOK {
		t.Errorf("the picture's status is %d", picture.StatusCode)
	}
	cancel()
	rest, err := io.ReadAll(events.Body)
	if err != nil || !strings.Contains(string(rest), "interrupted: the best so far is saved as ") || !strings.Contains(string(rest), `"last":true`) {
		t.Errorf("the last of the events is %.300s, %v", rest, err)
	}
	select {
	case got := <-code:
		if got != exitInterrupted {
			t.Errorf("exit %d", got)
		}
	case <-time.After(time.Minute):
		t.Fatal("the command does not end")
	}
	if _, err := http.Get(url); err == nil {
		t.Error("the page is still there")
	}
}

func TestStyleServeAddresses(t *testing.T) {
	dir := studioDir(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer taken.Close()
	address := taken.Addr().String()
	out := filepath.Join(dir, "out.png")
	for _, c := range []struct {
		flag string
		code int
		want string
	}{
		{"--serve=" + address, exitError, "--serve: " + address + " is in use: choose another port"},
		{"--serve=somewhere", exitUsage, `"somewhere" is no address`},
	} {
		code, _, stderr := atelier(t, quickly(dir, filepath.Join(dir, "photo.png"), "-o", out, c.flag)...)
		wantLine(t, code, c.code, stderr, c.want)
		if n := strings.Count(stderr, "\n"); n != 1 || exists(out) {
			t.Errorf("%s: %d lines, %s", c.flag, n, stderr)
		}
	}
}

// An address may follow --serve with a blank; a picture may not be taken for one.
func TestTakeAddress(t *testing.T) {
	t.Chdir(studioDir(t))
	for _, c := range []struct{ args, serve, rest string }{
		{"photo.png 8080 painting.png", "127.0.0.1:8080", "photo.png painting.png"},
		{"0.0.0.0:80", "0.0.0.0:80", ""},
		{"photo.png built-in:strokes", anyPort, "photo.png built-in:strokes"},
		{"", anyPort, ""},
	} {
		f := &styleFlags{serve: anyPort}
		if rest := strings.Join(f.takeAddress(strings.Fields(c.args)), " "); rest != c.rest || f.serve != c.serve {
			t.Errorf("%q: %q at %s, want %q at %s", c.args, rest, f.serve, c.rest, c.serve)
		}
	}
	f := &styleFlags{}
	if rest := f.takeAddress([]string{"8080"}); len(rest) != 1 {
		t.Errorf("without --serve: %q", rest)
	}
}
