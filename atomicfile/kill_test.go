package atomicfile_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/atelier-go/atelier/atomicfile"
)

// With this variable the test binary is a process that writes the file it names over and over.
const victim = "ATOMICFILE_VICTIM"

// fileSize takes several writes, so that most kills fall into the middle of a file.
const fileSize = 4 << 20

func TestMain(m *testing.M) {
	path := os.Getenv(victim)
	if path == "" {
		os.Exit(m.Run())
	}
	for letter := byte('a'); ; letter = 'a' + (letter-'a'+1)%26 {
		err := atomicfile.Write(path, func(w io.Writer) error {
			piece := bytes.Repeat([]byte{letter}, 1<<16)
			for range fileSize / len(piece) {
				if _, err := w.Write(piece); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// A process that is killed while it writes leaves a whole file, and nothing else that is taken for one.
func TestKilled(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "weights.bin")
	old := bytes.Repeat([]byte{'0'}, fileSize)
	if err := os.WriteFile(path, old, 0o666); err != nil {
		t.Fatal(err)
	}
	// Twenty times, and on until a kill fell into the middle of a write: with a slow disk few do.
	for n := 0; n < 20 || n < 200 && len(filesIn(t, folder)) < 2; n++ {
		kill(t, path)
		checkWhole(t, path, fileSize)
	}
	if found, err := filepath.Glob(filepath.Join(folder, "*.bin")); err != nil || len(found) != 1 {
		t.Errorf("files that look written: %v (%v)", found, err)
	}

	files := filesIn(t, folder)
	if len(files) < 2 {
		t.Error("no kill fell into the middle of a write: this test shows nothing")
	}
	for _, n := range files {
		if n != "weights.bin" && !strings.HasPrefix(n, ".weights.bin.") {
			t.Errorf("a temporary file is called %q", n)
		}
	}
	removed, err := atomicfile.Sweep(folder)
	if err != nil || len(removed) != len(files)-1 {
		t.Errorf("Sweep removed %v, %v; want %d files", removed, err, len(files)-1)
	}
	expectFiles(t, folder, "weights.bin")
}

// kill starts a process that writes path, and kills it at some moment once it has begun.
func kill(t *testing.T, path string) {
	t.Helper()
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victim+"="+path)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if now, err := os.Stat(path); err == nil && !os.SameFile(before, now) {
			break
		}
	}
	time.Sleep(rand.N(20 * time.Millisecond))
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if stderr.Len() > 0 {
		t.Fatalf("the writer failed: %s", stderr.Bytes())
	}
}

// Sweep removes temporary files and nothing that looks a little like them.
func TestSweep(t *testing.T) {
	folder := t.TempDir()
	keep := []string{".hidden", ".hidden.tmp", ".x.0123456789abcde.tmp", "x.0123456789abcdef.tmp", "x.tmp"}
	for _, name := range append(keep, ".x.0123456789abcdef.tmp") {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, ".y.0123456789abcdef.tmp"), 0o777); err != nil {
		t.Fatal(err)
	}
	removed, err := atomicfile.Sweep(folder)
	if err != nil || len(removed) != 1 || removed[0] != ".x.0123456789abcdef.tmp" {
		t.Errorf("removed %v, %v", removed, err)
	}
	expectFiles(t, folder, ".hidden", ".hidden.tmp", ".x.0123456789abcde.tmp", ".y.0123456789abcdef.tmp",
		"x.0123456789abcdef.tmp", "x.tmp")
	if _, err := atomicfile.Sweep(filepath.Join(folder, "none")); err == nil {
		t.Error("no error for a folder that is not there")
	}
}
