// Package filelock keeps processes from working on the same file or folder at once. Locks are advisory: they hold off those
// who ask for them too. The system gives them back when the file is closed or the process ends, however it does.
//
// Where a system or a file system has no such locks, everybody gets one.
package filelock

import (
	"errors"
	"os"
)

// ErrLocked is wrapped by TryOpen's error where another process has the lock.
var ErrLocked = errors.New("another process works on it")

// TryOpen locks a folder, or a file that exists, without waiting. Close of the result gives the lock back.
func TryOpen(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := try(f); err != nil {
		f.Close()
		return nil, &os.PathError{Op: "lock", Path: path, Err: err}
	}
	return f, nil
}

// Wait waits until no other process has the lock of an open file, and takes it.
func Wait(f *os.File) error { return wait(f) }
