//go:build unix && !solaris && !aix

package track

import (
	"os"
	"syscall"
)

// lock waits until no other process appends to the file. Closing the file unlocks it.
func lock(file *os.File) error {
	for {
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != syscall.EINTR {
			return err
		}
	}
}
