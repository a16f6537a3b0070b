package atomicfile_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/atelier-go/atelier/atomicfile"
)

func content(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

// expect checks what a file holds and that its folder holds nothing else.
func expect(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s holds %q, want %q", path, got, want)
	}
	expectFiles(t, filepath.Dir(path), filepath.Base(path))
}

func expectFiles(t *testing.T, folder string, want ...string) {
	t.Helper()
	if got := filesIn(t, folder); !slices.Equal(got, want) {
		t.Errorf("the folder holds %v, want %v", got, want)
	}
}

func filesIn(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.bin")
	for _, want := range []string{"one", strings.Repeat("two", 1<<18), ""} {
		if err := atomicfile.Write(path, content(want)); err != nil {
			t.Fatal(err)
		}
		expect(t, path, want)
	}
}

// A relative path without a folder is in the working directory.
func TestWriteHere(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := atomicfile.Write("a.bin", content("x")); err != nil {
		t.Fatal(err)
	}
	expect(t, "a.bin", "x")
}

// The longest name that file systems allow leaves no room for what the temporary file adds to it.
func TestWriteLongName(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("a", 255))
	if err := atomicfile.Write(path, content("x")); err != nil {
		t.Fatal(err)
	}
	expect(t, path, "x")
}

func TestWriteFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.bin")
	if err := atomicfile.Write(path, content("old")); err != nil {
		t.Fatal(err)
	}
	cause := errors.New("cause")
	err := atomicfile.Write(path, func(w io.Writer) error {
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			return err
		}
		return cause
	})
	if !errors.Is(err, cause) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want one that names the file and wraps fill's", err)
	}
	expect(t, path, "old")

	func() {
		defer func() {
			if recover() != cause {
				t.Error("a panic of fill does not go through")
			}
		}()
		_ = atomicfile.Write(path, func(io.Writer) error { panic(cause) })
	}()
	expect(t, path, "old")
}

func TestWriteRefuses(t *testing.T) {
	folder := t.TempDir()
	dangling := filepath.Join(folder, "dangling")
	if err := os.Symlink("nowhere", dangling); err != nil {
		t.Skip(err)
	}
	for name, path := range map[string]string{
		"a folder":            folder,
		"a folder not there":  filepath.Join(folder, "none", "a.bin"),
		"a link to nowhere":   dangling,
		"a folder that isn't": filepath.Join(folder, "dangling", "a.bin"),
		"no name":             "",
	} {
		called := false
		err := atomicfile.Write(path, func(io.Writer) error { called = true; return nil })
		if err == nil || called {
			t.Errorf("%s: error %v, fill called: %v; want an error and no call", name, err, called)
		}
	}
	expectFiles(t, folder, "dangling")
}

func TestWriteKeepsPermissions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.bin")
	if err := os.WriteFile(path, nil, 0o640); err != nil {
		t.Fatal(err)
	}
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(t.TempDir(), "fresh")
	for _, p := range []string{path, fresh} {
		if err := atomicfile.Write(p, content("x")); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := mode(t, path), mode(t, plain)&0o640; got != want {
		t.Errorf("an existing file has mode %v, want %v", got, want)
	}
	if got, want := mode(t, fresh), mode(t, plain); got != want {
		t.Errorf("a new file has mode %v, want %v as any other", got, want)
	}
}

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

func TestWriteFollowsLinks(t *testing.T) {
	folder, elsewhere := t.TempDir(), t.TempDir()
	path, target := filepath.Join(folder, "link"), filepath.Join(elsewhere, "a.bin")
	if err := os.WriteFile(target, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, path); err != nil {
		t.Skip(err)
	}
	if err := atomicfile.Write(path, content("new")); err != nil {
		t.Fatal(err)
	}
	expect(t, target, "new")
	if _, err := os.Readlink(path); err != nil {
		t.Errorf("the link is no link any more: %v", err)
	}
}

// Readers and writers at once: each reader sees a whole file.
func TestConcurrent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.bin")
	write := func(letter byte) {
		text := bytes.Repeat([]byte{letter}, 100_000)
		if err := atomicfile.Write(path, content(string(text))); err != nil {
			t.Error(err)
		}
	}
	write('a')
	var group sync.WaitGroup
	for letter := byte('b'); letter < 'f'; letter++ {
		group.Go(func() {
			for range 5 {
				write(letter)
				checkWhole(t, path, 100_000)
			}
		})
	}
	group.Wait()
	expectFiles(t, filepath.Dir(path), "a.bin")
}

// checkWhole checks that a file holds size copies of one byte.
func checkWhole(t *testing.T, path string, size int) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
		return
	}
	if len(got) != size || bytes.Count(got, got[:1]) != size {
		t.Errorf("the file has %d bytes, not all the same; want %d of one kind", len(got), size)
	}
}
