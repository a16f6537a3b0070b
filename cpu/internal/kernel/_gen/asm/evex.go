package asm

import (
	"encoding/binary"
	"fmt"

	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The instructions of AVX512-BF16. Go's assembler does not know them: generators emit them by the functions below as
// if it did, registers are allocated as for any other, and encode writes their bytes in their place. All operands are
// registers; sources come first, as in Go's other instructions.
var encodings = map[string]encoding{
	"VDPBF16PS":      {prefix: prefixF3, opcode: 0x52},
	"VCVTNE2PS2BF16": {prefix: prefixF2, opcode: 0x72},
	"VCVTNEPS2BF16":  {prefix: prefixF3, opcode: 0x72},
}

// encoding is that of a 512-bit instruction in the map of opcodes 0F38: EVEX.512.<prefix>.0F38.W0 <opcode> /r.
type encoding struct{ prefix, opcode byte }

const prefixF3, prefixF2 = 0b10, 0b11

// VDPBF16PS adds to each float32 of sum the products of two pairs of bfloat16: those of x and y at its place.
func VDPBF16PS(c *Context, x, y, sum reg.Register) {
	bf16(c, "VDPBF16PS", []operand.Op{x, y, sum}, []operand.Op{x, y, sum}, sum)
}

// VCVTNE2PS2BF16 rounds low to the lower half of dst and high to its upper half.
func VCVTNE2PS2BF16(c *Context, low, high, dst reg.Register) {
	bf16(c, "VCVTNE2PS2BF16", []operand.Op{low, high, dst}, []operand.Op{low, high}, dst)
}

// VCVTNEPS2BF16 rounds the 16 float32 of src to a vector of half its size.
func VCVTNEPS2BF16(c *Context, src, dst reg.Register) {
	bf16(c, "VCVTNEPS2BF16", []operand.Op{src, dst}, []operand.Op{src}, dst)
}

func bf16(c *Context, opcode string, operands, inputs []operand.Op, output operand.Op) {
	c.Instruction(&ir.Instruction{
		Opcode: opcode, Operands: operands, Inputs: inputs, Outputs: []operand.Op{output}, ISA: []string{"AVX512_BF16"},
	})
}

// encode replaces the instructions that the assembler does not know, after registers are allocated.
func encode(f *ir.File) {
	for _, fn := range f.Functions() {
		for _, i := range fn.Instructions() {
			e, ok := encodings[i.Opcode]
			if !ok {
				continue
			}
			text := i.Opcode
			var r []int
			for j, op := range i.Operands {
				separator := ", "
				if j == 0 {
					separator = " "
				}
				text += separator + op.Asm()
				r = append(r, int(op.(reg.Physical).PhysicalIndex()))
			}
			if len(r) == 2 {
				r = []int{r[0], 0, r[1]}
			}
			b := e.bytes(r[0], r[1], r[2])
			i.Opcode = fmt.Sprintf("LONG $0x%08x; WORD $0x%04x // %s",
				binary.LittleEndian.Uint32(b[:]), binary.LittleEndian.Uint16(b[4:]), text)
			i.Operands = nil
		}
	}
}

// bytes encodes dst = op(second, first) with Go's order of sources, as in the manual of the instruction set
// (Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, section 2.7.1): the numbers of registers
// are spread over several fields, most of them inverted.
func (e encoding) bytes(first, second, dst int) [6]byte {
	inverted := func(r, bit int) byte { return byte(^r>>bit) & 1 }
	return [6]byte{
		0x62,
		inverted(dst, 3)<<7 | inverted(first, 4)<<6 | inverted(first, 3)<<5 | inverted(dst, 4)<<4 | 0b010,
		byte(^second&15)<<3 | 1<<2 | e.prefix,
		0b10<<5 | inverted(second, 4)<<3,
		e.opcode,
		0b11<<6 | byte(dst&7)<<3 | byte(first&7),
	}
}
