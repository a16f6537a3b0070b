//go:build unix && !solaris && !aix

package filelock_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/atelier-go/atelier/filelock"
)

// Of two that ask for a folder one gets it, until it gives it back. Locks belong to open files, so that one process can try.
func TestTryOpen(t *testing.T) {
	dir := t.TempDir()
	first, err := filelock.TryOpen(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := filelock.TryOpen(dir); !errors.Is(err, filelock.ErrLocked) {
		t.Errorf("the second gets %v, want ErrLocked", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := filelock.TryOpen(dir)
	if err != nil {
		t.Fatalf("after the first is done: %v", err)
	}
	again.Close()
	if _, err := filelock.TryOpen(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v, want that there is none", err)
	}
}

func TestWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	first, err := filelock.TryOpen(path)
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	got := make(chan error, 1)
	go func() { got <- filelock.Wait(second) }()
	select {
	case err := <-got:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	first.Close()
	if err := <-got; err != nil {
		t.Error(err)
	}
}
