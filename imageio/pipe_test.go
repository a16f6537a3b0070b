//go:build unix

package imageio

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A pipe that nobody writes to is refused, where opening it would wait forever.
func TestReadRefusesPipes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe.png")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	refused := make(chan error, 1)
	go func() {
		_, err := Read(path, Options{})
		refused <- err
	}()
	select {
	case err := <-refused:
		if err == nil || !strings.Contains(err.Error(), path+" is no regular file") {
			t.Errorf("error is %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it waits")
	}
}
