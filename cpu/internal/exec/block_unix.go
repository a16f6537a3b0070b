//go:build unix

package exec

import "syscall"

// newBlock returns n zeroed bytes that are not part of Go's heap: the collector, which lets the heap grow in
// proportion to what is alive, would otherwise let garbage grow in proportion to the arenas.
func newBlock(n int) ([]byte, error) {
	b, err := syscall.Mmap(-1, 0, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, err
	}
	adviseHugePages(b)
	return b, nil
}

// freeBlock gives a block of newBlock back to the system. It must not be used afterwards.
func freeBlock(b []byte) { _ = syscall.Munmap(b) }
