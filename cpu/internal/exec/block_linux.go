package exec

import "syscall"

// adviseHugePages asks for large pages, of which the processor's address cache needs fewer.
func adviseHugePages(b []byte) {
	const madvHugepage = 14
	_ = syscall.Madvise(b, madvHugepage) // advice: the block is as good without
}
