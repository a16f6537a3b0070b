// Command pool generates the kernels of pooling: windows of pixels folded channel by channel, and the passage of a
// gradient to the largest pixel of each window.
package main

import "github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"

// set is an instruction set: all kernels are written once, for vectors of its width.
type set struct {
	file, suffix string
	bytes        int
}

var sets = []set{{"avx2", "AVX2", 32}, {"avx512", "AVX512", 64}}

func main() {
	for _, s := range sets {
		asm.File(s.file, func(c *asm.Context) {
			k := &kernel{Context: c, set: s}
			k.fold("windowMax", "the largest", k.maxFold)
			k.fold("windowSum", "the sum", k.sumFold)
			k.scatterMax()
		})
	}
}
