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
	lineBytes = 64 // of a cache
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
	ahead          = reg.R11 // what of the next panel of B is asked for
	apartC         = reg.R12 // bytes from a row of C to the next
	apart          = reg.RBX // bytes from a row of a tile of A to the next, half of those of B
	tileA, tileB   = reg.RAX, reg.RCX
	count          = reg.R8 // of tiles, while lowerC is not needed
)

// linesAhead is the cache lines of the next panel of B that are asked for in the time of a tile of k, which has 32 of them:
// seven blocks below each other ask for a whole panel.
const linesAhead = 5

func (p *panel) name() string { return fmt.Sprintf("panel%dx%dBF16AMX", edge*p.rows, edge*p.cols) }

func (p *panel) emit() {
	pace := "There is one panel alone, and pace is not used."
	if p.prefetches() {
		pace = fmt.Sprintf("With each tile of k it asks for %d cache lines of the next panel and moves on by pace bytes.", linesAhead)
	}
	asm.Func(p.Context, p.name(),
		"func(config *byte, panels, blocks, tiles int, a *uint16, panelA int, b *uint16, panelB int, c *float32, ldc, pace int, accumulate bool)",
		fmt.Sprintf("%s computes blocks of %d by %d elements of C, or as many of them as config's tiles", p.name(), edge*p.rows, edge*p.cols),
		"have, below each other for each panel of B. It configures the tiles and releases them.", pace)
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

// arguments loads the arguments and configures the tiles. Distances are made bytes; those between panels stay in the
// function's own memory.
func (p *panel) arguments() {
	config := reg.RAX
	p.Load(p.Param("config"), config)
	emit(p.Context, ldtilecfg(operand.Mem{Base: config}), "LDTILECFG (%s)", config.Asm())
	p.Load(p.Param("tiles"), tiles)
	for _, name := range []string{"panelA", "panelB"} {
		p.Load(p.Param(name), apart)
		p.SHLQ(operand.U8(1), apart)
		p.Store(apart, p.Param(name))
	}
	p.Load(p.Param("ldc"), apartC)
	p.SHLQ(operand.U8(2), apartC)
	p.MOVQ(operand.U32(rowBytes), apart)
}

// argument is where the parameter of that name lies.
func (p *panel) argument(name string) operand.Mem {
	parameter, err := p.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return parameter.Addr
}

// beginPanel points at the first block of a panel of B. Beside the last panel it is asked for itself, which costs no memory
// any traffic.
func (p *panel) beginPanel() {
	p.Load(p.Param("blocks"), blocks)
	p.Load(p.Param("a"), blockA)
	p.Load(p.Param("b"), panelB)
	p.Load(p.Param("c"), blockC)
	if !p.prefetches() {
		return
	}
	p.MOVQ(panelB, ahead)
	p.Load(p.Param("panels"), count)
	p.DECQ(count)
	p.JZ(operand.LabelRef("last"))
	p.ADDQ(p.argument("panelB"), ahead)
	p.Label("last")
}

// prefetches reports whether there may be a next panel: of narrow ones there is one alone.
func (p *panel) prefetches() bool { return p.cols == 2 }

// nextPanel moves the arguments b and c, which are the function's own memory, to the next panel, if there is one.
func (p *panel) nextPanel() {
	p.Load(p.Param("panels"), count)
	p.DECQ(count)
	p.JZ(operand.LabelRef("release"))
	p.Store(count, p.Param("panels"))
	p.Load(p.Param("b"), panelB)
	p.ADDQ(p.argument("panelB"), panelB)
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
		p.MOVQ(blockA, lowerA)
		p.ADDQ(p.argument("panelA"), lowerA)
	}
	p.MOVQ(panelB, tileB)
	p.MOVQ(tiles, count)
}

// multiply adds the products of a tile, or two, of A with a tile, or two, of B, and points at the next. Each tile is
// loaded as late as possible, so that its load runs beside the products before it. The rows of A pass once for each panel
// of B, but TILELOADDT1, which hints that they should not stay in the first-level cache, would be the wrong way to say so:
// by Intel's tables one can begin every 33 cycles, beside 8 of TILELOADD, and the four products of a step take 64. The next
// panel of B is asked for to the second-level cache: the first one is full of this panel.
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
	if !p.prefetches() {
		return
	}
	for line := range linesAhead {
		p.PREFETCHT1(operand.Mem{Base: ahead, Disp: line * lineBytes})
	}
	p.ADDQ(p.argument("pace"), ahead)
}

// store writes the sums of a block and points at the next one.
func (p *panel) store() {
	p.findLowerC()
	p.eachSum(func(t tile, m operand.Mem) {
		emit(p.Context, tilestored(t, m), "TILESTORED %s, %s", t, m.Asm())
	})
	if p.rows == 1 {
		p.ADDQ(p.argument("panelA"), blockA)
		p.MOVQ(apartC, tileA)
		p.SHLQ(operand.U8(4), tileA)
		p.ADDQ(tileA, blockC)
		return
	}
	p.Load(p.Param("panelA"), tileB)
	p.LEAQ(operand.Mem{Base: blockA, Index: tileB, Scale: 2}, blockA)
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
