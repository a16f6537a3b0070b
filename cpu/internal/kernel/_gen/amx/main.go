// Command amx generates the micro-kernels that multiply bfloat16 on AMX tiles. The assembler has no mnemonics for them:
// encode.go writes their bytes, and nothing else in the project does.
package main

import (
	"fmt"
	"strings"

	"github.com/mmcloughlin/avo/ir"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

func main() {
	asm.File("tiles", func(c *asm.Context) {
		for _, rows := range []int{2, 1} {
			for _, cols := range []int{2, 1} {
				(&panel{c, rows, cols}).emit()
			}
		}
		emitLimit(c)
		emitConfiguration(c)
		emitEnabled(c)
	})
}

// emit writes the bytes of an instruction, and what they mean behind them.
func emit(c *asm.Context, code []byte, format string, args ...any) {
	parts := make([]string, len(code))
	for i, b := range code {
		parts[i] = fmt.Sprintf("BYTE $%#02x", b)
	}
	c.Instruction(&ir.Instruction{Opcode: strings.Join(parts, "; ") + " // " + fmt.Sprintf(format, args...)})
}
