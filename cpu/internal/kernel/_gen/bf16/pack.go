package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// source is what is packed: float32, which is rounded, or bfloat16, which is copied.
type source struct {
	of     string // in functions' names
	goType string
	shift  uint8 // element bytes, as a power of two
	verb   string
}

var (
	floats = source{"", "float32", 2, "rounds"}
	halves = source{"Halves", "uint16", 1, "copies"}
)

func (s source) name(function string) string { return function + s.of + "AVX512" }

func (s source) signature(sizes string) string {
	return fmt.Sprintf("func(dst *uint16, src *%s, %s int)", s.goType, sizes)
}

// mask selects the lowest n of 32 elements. n is at most 32 and is clobbered.
type mask struct{ low, high reg.OpmaskVirtual }

// mask makes the masks for loads of the source's type: two of 16 float32, or one of 32 bfloat16.
func (s source) mask(c *asm.Context, n reg.Register) mask {
	m := mask{low: c.K(), high: c.K()}
	bits, limit := c.GP64(), c.GP64()
	c.MOVQ(operand.U32(0xffffffff), limit)
	c.MOVQ(operand.U32(0xffffffff), bits)
	c.SHLXQ(n, bits, bits)
	c.NOTQ(bits)
	c.ANDQ(limit, bits)
	if s == halves {
		c.KMOVD(bits.As32(), m.low)
		return m
	}
	c.KMOVW(bits.As32(), m.low)
	c.SHRQ(operand.Imm(16), bits)
	c.KMOVW(bits.As32(), m.high)
	return m
}

// load makes a vector of 32 bfloat16 of as many elements at from, those of a mask, or all if it is nil.
func (s source) load(c *asm.Context, from operand.Mem, m *mask, dst reg.VecVirtual) {
	if s == halves {
		if m == nil {
			c.VMOVUPS(from, dst)
		} else {
			c.VMOVDQU16_Z(from, m.low, dst)
		}
		return
	}
	upper, high := c.ZMM(), from.Offset(64)
	if m == nil {
		c.VMOVUPS(from, dst)
		c.VMOVUPS(high, upper)
	} else {
		c.VMOVUPS_Z(from, m.low, dst)
		c.VMOVUPS_Z(high, m.high, upper)
	}
	asm.VCVTNE2PS2BF16(c, dst, upper, dst)
}

// loadPair makes vectors of 16 bfloat16 of one row and then as many of a second, zeros if that is nil: low of elements 0
// to 15 of the rows, high of 16 to 31.
func (s source) loadPair(c *asm.Context, first operand.Mem, second *operand.Mem, m *mask, low, high reg.VecVirtual) {
	x, y := c.ZMM(), c.ZMM()
	if s == halves {
		s.load(c, first, m, x)
		if second != nil {
			s.load(c, *second, m, y)
		} else {
			c.VPXORD(y, y, y)
		}
		c.VSHUFI64X2(operand.Imm(0x44), y, x, low)
		c.VSHUFI64X2(operand.Imm(0xee), y, x, high)
		return
	}
	c.VMOVUPS_Z(first, m.low, low)
	c.VMOVUPS_Z(first.Offset(64), m.high, high)
	if second != nil {
		c.VMOVUPS_Z(*second, m.low, x)
		c.VMOVUPS_Z(second.Offset(64), m.high, y)
	} else {
		c.VPXORD(x, x, x)
		c.VPXORD(y, y, y)
	}
	asm.VCVTNE2PS2BF16(c, low, x, low)
	asm.VCVTNE2PS2BF16(c, high, y, high)
}

// emitPackRows writes the packing of rows of A that are contiguous.
func emitPackRows(c *asm.Context, s source) {
	name := s.name("packRows")
	asm.Func(c, name, s.signature("ld, rows, k"),
		name+" "+s.verb+" a number of rows of k elements, ld apart, into rows of tiles: element p of row i goes to",
		"dst[(p/32·16 + i)·32 + p%32]. The last tile is filled up with zeros. rows and k are at least 1.")
	dst := c.Load(c.Param("dst"), c.GP64())
	src := c.Load(c.Param("src"), c.GP64())
	ld := c.Load(c.Param("ld"), c.GP64())
	rows := c.Load(c.Param("rows"), c.GP64())
	k := c.Load(c.Param("k"), c.GP64())
	c.SHLQ(operand.Imm(uint64(s.shift)), ld)
	rest := c.GP64()
	c.MOVQ(k, rest)
	c.ANDQ(operand.U32(31), rest)
	c.SHRQ(operand.Imm(5), k)
	last := s.mask(c, rest)
	from, to, left := c.GP64(), c.GP64(), c.GP64()
	a := c.ZMM()

	c.Label("row")
	c.MOVQ(src, from)
	c.MOVQ(dst, to)
	c.MOVQ(k, left)
	c.TESTQ(left, left)
	c.JZ(operand.LabelRef("rest"))
	c.Label("tile")
	s.load(c, operand.Mem{Base: from}, nil, a)
	c.VMOVUPS(a, operand.Mem{Base: to})
	c.ADDQ(operand.U32(32<<s.shift), from)
	c.ADDQ(operand.U32(tileBytes), to)
	c.DECQ(left)
	c.JNZ(operand.LabelRef("tile"))
	c.Label("rest")
	c.KTESTW(last.low, last.low)
	c.JZ(operand.LabelRef("done"))
	s.load(c, operand.Mem{Base: from}, &last, a)
	c.VMOVUPS(a, operand.Mem{Base: to})
	c.Label("done")
	c.ADDQ(ld, src)
	c.ADDQ(operand.Imm(rowBytes), dst)
	c.DECQ(rows)
	c.JNZ(operand.LabelRef("row"))
	asm.Return(c)
}

// interleaving is the order of 16-bit elements that puts those of the upper half of a vector between the lower ones.
func interleaving(c *asm.Context) operand.Mem {
	at := c.StaticGlobal("interleaving")
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range 16 {
		c.AddDatum(4*i, operand.U32(i|(i+16)<<16))
	}
	return at
}

// emitPackPairs writes the packing of a panel of B whose rows are contiguous.
func emitPackPairs(c *asm.Context, s source, order operand.Mem) {
	name := s.name("packPairs")
	asm.Func(c, name, s.signature("ld, columns, k"),
		name+" "+s.verb+" k rows of a number of columns, at most 32, ld apart, into pairs: element (p,j) goes to",
		"dst[(p/2·32 + j)·2 + p%2]. Further columns of a pair, and its second row if there is none, are zeros. k and columns",
		"are at least 1.")
	dst := c.Load(c.Param("dst"), c.GP64())
	src := c.Load(c.Param("src"), c.GP64())
	ld := c.Load(c.Param("ld"), c.GP64())
	columns := c.Load(c.Param("columns"), c.GP64())
	k := c.Load(c.Param("k"), c.GP64())
	c.SHLQ(operand.Imm(uint64(s.shift)), ld)
	m := s.mask(c, columns)
	words, low, high := c.ZMM(), c.ZMM(), c.ZMM()
	c.VMOVUPS(order, words)
	store := func() {
		for j, v := range []reg.VecVirtual{low, high} {
			c.VPERMW(v, words, v)
			c.VMOVUPS(v, operand.Mem{Base: dst, Disp: 64 * j})
		}
	}
	first, second := operand.Mem{Base: src}, operand.Mem{Base: src, Index: ld, Scale: 1}
	c.SUBQ(operand.Imm(2), k)
	c.JL(operand.LabelRef("last"))
	c.Label("pair")
	s.loadPair(c, first, &second, &m, low, high)
	store()
	c.LEAQ(operand.Mem{Base: src, Index: ld, Scale: 2}, src)
	c.ADDQ(operand.Imm(pairBytes), dst)
	c.SUBQ(operand.Imm(2), k)
	c.JGE(operand.LabelRef("pair"))
	c.Label("last")
	c.ADDQ(operand.Imm(1), k)
	c.JNZ(operand.LabelRef("done"))
	s.loadPair(c, first, nil, &m, low, high)
	store()
	c.Label("done")
	asm.Return(c)
}

// transposed is a packing in which a square of 16 by 16 pairs changes rows and columns.
type transposed struct {
	name string
	doc  []string
	// load makes 16 vectors of 16 pairs from the tile at src; store takes result i.
	load func(t *transposing) [16]reg.VecVirtual
	step int // bytes of dst between results
	next int // bytes of dst between tiles
}

// transposing is one such function under construction.
type transposing struct {
	*asm.Context
	source
	src, ld, n, k reg.Register
	words         operand.Mem
}

var transposeToPairs = transposed{
	name: "transposeToPairs",
	doc: []string{
		"a number n of columns of k elements, ld apart, at most 16, into half a panel of B: element p of",
		"column j goes to dst[(p/2·32 + j)·2 + p%2]. Further columns and the rest of the last tile are zeros.",
	},
	load: (*transposing).columns,
	step: pairBytes, next: deepBytes,
}

var transposeToRows = transposed{
	name: "transposeToRows",
	doc: []string{
		"k rows of a number n of elements, ld apart, at most 16, into a panel of A: element i of row p goes",
		"to dst[(p/32·16 + i)·32 + p%32]. Further rows of tiles and the rest of the last tile are zeros.",
	},
	load: (*transposing).rows,
	step: rowBytes, next: tileBytes,
}

func emitTransposed(c *asm.Context, f transposed, s source, order operand.Mem) {
	t := &transposing{Context: c, source: s, words: order}
	name := s.name(f.name)
	asm.Func(c, name, s.signature("ld, n, k"), name+" "+s.verb+" "+f.doc[0], f.doc[1]+" n and k are", "at least 1.")
	dst := c.Load(c.Param("dst"), c.GP64())
	t.src = c.Load(c.Param("src"), c.GP64())
	t.ld = c.Load(c.Param("ld"), c.GP64())
	t.n = c.Load(c.Param("n"), c.GP64())
	t.k = c.Load(c.Param("k"), c.GP64())
	c.SHLQ(operand.Imm(uint64(s.shift)), t.ld)
	c.Label("tile")
	v := f.load(t)
	for i, x := range transpose(c, v) {
		c.VMOVUPS(x, operand.Mem{Base: dst, Disp: i * f.step})
	}
	c.ADDQ(operand.U32(f.next), dst)
	c.SUBQ(operand.Imm(32), t.k)
	c.JG(operand.LabelRef("tile"))
	asm.Return(c)
}

// columns loads 32 elements of each of n columns: pairs of a column are neighbours.
func (t *transposing) columns() (v [16]reg.VecVirtual) {
	count, limit := t.GP64(), t.GP64()
	t.MOVQ(operand.U32(32), limit)
	t.MOVQ(t.k, count)
	t.CMPQ(count, limit)
	t.CMOVQGT(limit, count)
	m := t.mask(t.Context, count)
	p, left := t.GP64(), t.GP64()
	t.MOVQ(t.src, p)
	t.MOVQ(t.n, left)
	for i := range v {
		v[i] = t.ZMM()
		t.VPXORD(v[i], v[i], v[i])
	}
	for i := range v {
		t.source.load(t.Context, operand.Mem{Base: p}, &m, v[i])
		t.ADDQ(t.ld, p)
		t.DECQ(left)
		t.JZ(operand.LabelRef("loaded"))
	}
	t.Label("loaded")
	t.ADDQ(operand.U32(32<<t.shift), t.src)
	return v
}

// rows loads n elements of each of 32 rows and joins them in pairs.
func (t *transposing) rows() (v [16]reg.VecVirtual) {
	count := t.GP64()
	t.MOVQ(t.n, count)
	m := t.mask(t.Context, count)
	left := t.GP64()
	t.MOVQ(t.k, left)
	a, words := t.ZMM(), t.ZMM()
	t.VMOVUPS(t.words, words)
	for i := range v {
		v[i] = t.ZMM()
		t.VPXORD(v[i], v[i], v[i])
	}
	for i := range v {
		t.row(operand.Mem{Base: t.src}, m, v[i])
		t.VPXORD(a, a, a)
		t.CMPQ(left, operand.Imm(1))
		alone := fmt.Sprintf("alone%d", i)
		t.JE(operand.LabelRef(alone))
		t.row(operand.Mem{Base: t.src, Index: t.ld, Scale: 1}, m, a)
		t.Label(alone)
		if t.source == halves {
			t.VINSERTI64X4(operand.Imm(1), a.AsY(), v[i], v[i])
		} else {
			asm.VCVTNE2PS2BF16(t.Context, v[i], a, v[i])
		}
		t.VPERMW(v[i], words, v[i])
		t.LEAQ(operand.Mem{Base: t.src, Index: t.ld, Scale: 2}, t.src)
		t.SUBQ(operand.Imm(2), left)
		t.JLE(operand.LabelRef("loaded"))
	}
	t.Label("loaded")
	return v
}

// row loads up to 16 elements as they are.
func (t *transposing) row(from operand.Mem, m mask, dst reg.VecVirtual) {
	if t.source == halves {
		t.VMOVDQU16_Z(from, m.low, dst.AsY())
		return
	}
	t.VMOVUPS_Z(from, m.low, dst)
}

// transpose turns 16 vectors of 16 elements of 32 bits into their columns.
func transpose(c *asm.Context, v [16]reg.VecVirtual) [16]reg.VecVirtual {
	// Within the quarters of the vectors: pairs of rows, then fours. b[4·i+j] has in its quarter q columns 4·q+j of rows
	// 4·i to 4·i+3.
	var a, b [16]reg.VecVirtual
	for i := 0; i < 16; i += 2 {
		a[i], a[i+1] = c.ZMM(), v[i+1]
		c.VPUNPCKLDQ(v[i+1], v[i], a[i])
		c.VPUNPCKHDQ(v[i+1], v[i], a[i+1])
	}
	for i := 0; i < 16; i += 4 {
		for j := range 2 {
			b[i+2*j], b[i+2*j+1] = c.ZMM(), a[i+2+j]
			c.VPUNPCKLQDQ(a[i+2+j], a[i+j], b[i+2*j])
			c.VPUNPCKHQDQ(a[i+2+j], a[i+j], b[i+2*j+1])
		}
	}
	// Quarters of four vectors change places with each other.
	var out [16]reg.VecVirtual
	for j := range 4 {
		evens, odds := [2]reg.VecVirtual{}, [2]reg.VecVirtual{}
		for h := range 2 {
			x, y := b[8*h+j], b[8*h+4+j]
			evens[h], odds[h] = c.ZMM(), y
			c.VSHUFI32X4(operand.Imm(0x88), y, x, evens[h]) // quarters 0 and 2 of x and y
			c.VSHUFI32X4(operand.Imm(0xdd), y, x, odds[h])  // quarters 1 and 3
		}
		for q, from := range [][2]reg.VecVirtual{evens, odds} {
			out[4*q+j], out[4*(q+2)+j] = c.ZMM(), from[1]
			c.VSHUFI32X4(operand.Imm(0x88), from[1], from[0], out[4*q+j])
			c.VSHUFI32X4(operand.Imm(0xdd), from[1], from[0], out[4*(q+2)+j])
		}
	}
	return out
}
