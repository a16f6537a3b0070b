package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// panel is a kernel whose block of C has rows×cols tiles. The eight tiles are four of sums, two of A and two of B.
type panel struct {
	*asm.Context
	rows, cols int
}

const (
	edge      = 16   // rows of a tile, and its columns of float32
	tileBytes = 1024 // 16 rows of 64 bytes
	rowBytes  = 64
)

func (p *panel) sum(row, col int) tile { return tile(2*row + col) }
func (p *panel) a(row int) tile        { return tile(4 + row) }
func (p *panel) b(col int) tile        { return tile(6 + col) }

// The registers, chosen by hand: the bytes of an instruction are written before avo allocates any. R14, R15, BP and SP
// are left to Go.
var (
	blockA, lowerA = reg.RSI, reg.R13 // the panels of A of a block: lowerA is the second one's tile
	panelB         = reg.RDX
	blockC, lowerC = reg.RDI, reg.R8
	blocks, tiles  = reg.R9, reg.R10
	apartA         = reg.R11 // bytes from a panel of A to the next
	apartC         = reg.R12 // bytes from a row of C to the next
	apart          = reg.RBX // bytes from a row of a tile of A to the next, half of those of B
	tileA, tileB   = reg.RAX, reg.RCX
	count          = reg.R8 // of tiles, while lowerC is not needed
)

func (p *panel) name() string { return fmt.Sprintf("panel%dx%dBF16AMX", edge*p.rows, edge*p.cols) }

func (p *panel) emit() {
	asm.Func(p.Context, p.name(),
		"func(config *byte, panels, blocks, tiles int, a *uint16, panelA int, b *uint16, panelB int, c *float32, ldc int, accumulate bool)",
		fmt.Sprintf("%s computes blocks of %d by %d elements of C, or as many of them as config's tiles", p.name(), edge*p.rows, edge*p.cols),
		"have, below each other for each panel of B. It configures the tiles and releases them.")
	p.arguments()
	p.Label("panel")
	p.beginPanel()
	p.Label("block")
	p.begin()
	p.Label("tile")
	p.multiply()
	p.DECQ(count)
	p.JNZ(operand.LabelRef("tile"))
	p.store()
	p.DECQ(blocks)
	p.JNZ(operand.LabelRef("block"))
	p.nextPanel()
	p.JMP(operand.LabelRef("panel"))
	p.Label("release")
	emit(p.Context, tilerelease(), "TILERELEASE")
	p.RET()
}

// arguments loads the arguments, with distances in bytes, and configures the tiles.
func (p *panel) arguments() {
	config := reg.RAX
	p.Load(p.Param("config"), config)
	emit(p.Context, ldtilecfg(operand.Mem{Base: config}), "LDTILECFG (%s)", config.Asm())
	p.Load(p.Param("tiles"), tiles)
	p.Load(p.Param("panelA"), apartA)
	p.Load(p.Param("ldc"), apartC)
	p.SHLQ(operand.U8(1), apartA)
	p.SHLQ(operand.U8(2), apartC)
	p.MOVQ(operand.U32(rowBytes), apart)
}

// beginPanel points at the first block of a panel of B.
func (p *panel) beginPanel() {
	p.Load(p.Param("blocks"), blocks)
	p.Load(p.Param("a"), blockA)
	p.Load(p.Param("b"), panelB)
	p.Load(p.Param("c"), blockC)
}

// nextPanel moves the arguments b and c, which are the function's own memory, to the next panel, if there is one.
func (p *panel) nextPanel() {
	p.Load(p.Param("panels"), count)
	p.DECQ(count)
	p.JZ(operand.LabelRef("release"))
	p.Store(count, p.Param("panels"))
	p.Load(p.Param("b"), panelB)
	p.Load(p.Param("panelB"), tileB)
	p.SHLQ(operand.U8(1), tileB)
	p.ADDQ(tileB, panelB)
	p.Store(panelB, p.Param("b"))
	p.Load(p.Param("c"), blockC)
	p.ADDQ(operand.U32(2*rowBytes), blockC)
	p.Store(blockC, p.Param("c"))
}

// begin loads or zeroes the sums of a block and points at its first tiles.
func (p *panel) begin() {
	p.findLowerC()
	p.Load(p.Param("accumulate"), tileA.As8())
	p.TESTB(tileA.As8(), tileA.As8())
	p.JZ(operand.LabelRef("zero"))
	p.eachSum(func(t tile, m operand.Mem) {
		emit(p.Context, tileloadd(t, m), "TILELOADD %s, %s", m.Asm(), t)
	})
	p.JMP(operand.LabelRef("loaded"))
	p.Label("zero")
	p.eachSum(func(t tile, _ operand.Mem) {
		emit(p.Context, tilezero(t), "TILEZERO %s", t)
	})
	p.Label("loaded")
	p.MOVQ(blockA, tileA)
	if p.rows == 2 {
		p.LEAQ(operand.Mem{Base: blockA, Index: apartA, Scale: 1}, lowerA)
	}
	p.MOVQ(panelB, tileB)
	p.MOVQ(tiles, count)
}

// multiply adds the products of a tile, or two, of A with a tile, or two, of B, and points at the next. Each tile is
// loaded as late as possible, so that its load runs beside the products before it. The rows of A pass once for each panel
// of B, but TILELOADDT1, which hints that they should not stay in the first-level cache, would be the wrong way to say so:
// by Intel's tables one can begin every 33 cycles, beside 8 of TILELOADD, and the four products of a step take 64.
func (p *panel) multiply() {
	for row := range p.rows {
		from := operand.Mem{Base: []reg.Register{tileA, lowerA}[row], Index: apart, Scale: 1}
		for col := range p.cols {
			if row == 0 {
				m := operand.Mem{Base: tileB, Index: apart, Scale: 2, Disp: col * rowBytes}
				emit(p.Context, tileloadd(p.b(col), m), "TILELOADD %s, %s", m.Asm(), p.b(col))
			}
			if col == 0 {
				emit(p.Context, tileloadd(p.a(row), from), "TILELOADD %s, %s", from.Asm(), p.a(row))
			}
			s := p.sum(row, col)
			emit(p.Context, tdpbf16ps(s, p.a(row), p.b(col)), "TDPBF16PS %s, %s, %s", p.b(col), p.a(row), s)
		}
	}
	p.ADDQ(operand.U32(tileBytes), tileA)
	if p.rows == 2 {
		p.ADDQ(operand.U32(tileBytes), lowerA)
	}
	p.ADDQ(operand.U32(2*tileBytes), tileB)
}

// store writes the sums of a block and points at the next one.
func (p *panel) store() {
	p.findLowerC()
	p.eachSum(func(t tile, m operand.Mem) {
		emit(p.Context, tilestored(t, m), "TILESTORED %s, %s", t, m.Asm())
	})
	if p.rows == 1 {
		p.ADDQ(apartA, blockA)
		p.MOVQ(apartC, tileA)
		p.SHLQ(operand.U8(4), tileA)
		p.ADDQ(tileA, blockC)
		return
	}
	p.LEAQ(operand.Mem{Base: blockA, Index: apartA, Scale: 2}, blockA)
	p.MOVQ(apartC, tileA)
	p.SHLQ(operand.U8(5), tileA)
	p.ADDQ(tileA, blockC)
}

// findLowerC points at row 16 of a block of C.
func (p *panel) findLowerC() {
	if p.rows == 1 {
		return
	}
	p.MOVQ(apartC, lowerC)
	p.SHLQ(operand.U8(4), lowerC)
	p.ADDQ(blockC, lowerC)
}

func (p *panel) eachSum(do func(t tile, m operand.Mem)) {
	for row := range p.rows {
		for col := range p.cols {
			base := []reg.Register{blockC, lowerC}[row]
			do(p.sum(row, col), operand.Mem{Base: base, Index: apartC, Scale: 1, Disp: col * rowBytes})
		}
	}
}
