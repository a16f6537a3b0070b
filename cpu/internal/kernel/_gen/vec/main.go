// Command vec generates the elementwise kernels: for each instruction set, arithmetic and comparisons, mathematical
// functions, and folds of columns.
package main

import (
	"github.com/mmcloughlin/avo/operand"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// set is an instruction set: all kernels are written once, for vectors of its width.
type set struct {
	file, suffix string
	bytes        int
}

var sets = []set{{"avx2", "AVX2", 32}, {"avx512", "AVX512", 64}}

func main() {
	for _, s := range sets {
		for file, emit := range map[string]func(*kernel){
			"arith": (*kernel).arithmetic, "math": (*kernel).functions, "column": (*kernel).columns,
		} {
			asm.File(file+"_"+s.file, func(c *asm.Context) { emit(newKernel(c, s)) })
		}
	}
	asm.File("convert_avx2", func(c *asm.Context) { newKernel(c, sets[0]).conversions() })
}

func newKernel(c *asm.Context, s set) *kernel {
	return &kernel{Context: c, set: s, constants: map[string]operand.Mem{}}
}
