package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// set is an instruction set: its vectors, and the largest tile that its registers hold beside two vectors of B and
// two broadcast elements of A (12+4 of 16 registers, 28+4 of 32).
type set struct {
	name, file  string
	vectorBytes int
	rows        int
	vector      func(c *asm.Context) reg.VecVirtual
}

var sets = []set{
	{"AVX2", "avx2", 32, 6, func(c *asm.Context) reg.VecVirtual { return c.YMM() }},
	{"AVX512", "avx512", 64, 14, func(c *asm.Context) reg.VecVirtual { return c.ZMM() }},
}

// element is an element type and its instructions.
type element struct {
	name, file string
	goT        string
	bytes      int

	load, store          func(c *asm.Context, from, to operand.Op)
	broadcast, zero, add func(c *asm.Context, ops ...operand.Op)
	fma                  func(c *asm.Context, x, y, acc operand.Op)
}

var elements = []element{
	{
		name: "F32", file: "f32", goT: "float32", bytes: 4,
		load:      func(c *asm.Context, from, to operand.Op) { c.VMOVUPS(from, to) },
		store:     func(c *asm.Context, from, to operand.Op) { c.VMOVUPS(from, to) },
		broadcast: func(c *asm.Context, ops ...operand.Op) { c.VBROADCASTSS(ops...) },
		zero:      func(c *asm.Context, ops ...operand.Op) { c.VXORPS(ops...) },
		add:       func(c *asm.Context, ops ...operand.Op) { c.VADDPS(ops...) },
		fma:       func(c *asm.Context, x, y, acc operand.Op) { c.VFMADD231PS(x, y, acc) },
	},
	{
		name: "F64", file: "f64", goT: "float64", bytes: 8,
		load:      func(c *asm.Context, from, to operand.Op) { c.VMOVUPD(from, to) },
		store:     func(c *asm.Context, from, to operand.Op) { c.VMOVUPD(from, to) },
		broadcast: func(c *asm.Context, ops ...operand.Op) { c.VBROADCASTSD(ops...) },
		zero:      func(c *asm.Context, ops ...operand.Op) { c.VXORPD(ops...) },
		add:       func(c *asm.Context, ops ...operand.Op) { c.VADDPD(ops...) },
		fma:       func(c *asm.Context, x, y, acc operand.Op) { c.VFMADD231PD(x, y, acc) },
	},
}

// tile is one function under construction: mr rows by two vectors of columns.
type tile struct {
	*asm.Context
	set
	element
	mr int

	acc      [][2]reg.VecVirtual
	a, b     reg.Register
	csa, ldb reg.Register // in bytes
	row      []operand.Mem
}

// unroll is how many steps of k one turn of the main loop takes: a large tile hides the loop's own cost by itself.
func (t *tile) unroll() int {
	if t.mr > 6 {
		return 2
	}
	return 4
}

func (t *tile) emit() {
	nr := 2 * t.vectorBytes / t.bytes
	name := fmt.Sprintf("tile%dx%d%s%s", t.mr, nr, t.element.name, t.set.name)
	asm.Func(t.Context, name,
		fmt.Sprintf("func(k int, a *%[1]s, rsa, csa int, b *%[1]s, ldb int, c *%[1]s, ldc int, accumulate bool)", t.goT),
		fmt.Sprintf("%s is Micro.Run for %d rows of %d columns of %s.", name, t.mr, nr, t.goT))
	t.parameters()
	c := t.Load(t.Param("c"), t.GP64())
	ldc := t.stride("ldc")
	t.prefetchC(c, ldc)
	t.clear()
	t.loops()
	t.output(c, ldc)
	asm.Return(t.Context)
}

// stride loads a parameter that counts elements, as bytes.
func (t *tile) stride(name string) reg.Register {
	r := t.Load(t.Param(name), t.GP64())
	shift := map[int]uint64{4: 2, 8: 3}[t.bytes]
	t.SHLQ(operand.Imm(shift), r)
	return r
}

// parameters loads what the loops need and derives the addresses of A's rows: multiples of the row stride made of
// one index register times 1, 2, 4 or 8, so that a single pointer moves along k.
func (t *tile) parameters() {
	t.a = t.Load(t.Param("a"), t.GP64())
	t.b = t.Load(t.Param("b"), t.GP64())
	t.csa, t.ldb = t.stride("csa"), t.stride("ldb")
	t.row = make([]operand.Mem, t.mr)
	t.row[0] = operand.Mem{Base: t.a}
	if t.mr == 1 {
		return
	}
	odd := map[int]reg.Register{1: t.stride("rsa")}
	multiple := func(n, scale int) reg.Register {
		r := t.GP64()
		t.LEAQ(operand.Mem{Base: odd[n-scale], Index: odd[1], Scale: uint8(scale)}, r)
		odd[n] = r
		return r
	}
	for n := 3; n <= 7 && n < t.mr; n += 2 {
		multiple(n, 2)
	}
	base := [2]reg.Register{t.a, nil}
	for i := 1; i < t.mr; i++ {
		if i == 8 {
			r := t.GP64()
			t.LEAQ(operand.Mem{Base: t.a, Index: odd[1], Scale: 8}, r)
			base[1] = r
		}
		from, j := base[i/8], i%8
		if j == 0 {
			t.row[i] = operand.Mem{Base: from}
			continue
		}
		scale := 1
		for j%2 == 0 {
			j, scale = j/2, scale*2
		}
		t.row[i] = operand.Mem{Base: from, Index: odd[j], Scale: uint8(scale)}
	}
}

// prefetchC asks for the tile of C, which is next touched after the loops.
func (t *tile) prefetchC(c, ldc reg.Register) {
	p := t.GP64()
	t.MOVQ(c, p)
	for i := range t.mr {
		// The last element too: rows need not start on a cache line.
		t.PREFETCHT0(operand.Mem{Base: p})
		if t.vectorBytes == 64 {
			t.PREFETCHT0(operand.Mem{Base: p, Disp: 64})
		}
		t.PREFETCHT0(operand.Mem{Base: p, Disp: 2*t.vectorBytes - t.bytes})
		if i < t.mr-1 {
			t.ADDQ(ldc, p)
		}
	}
}

func (t *tile) clear() {
	t.acc = make([][2]reg.VecVirtual, t.mr)
	for i := range t.acc {
		for j := range t.acc[i] {
			t.acc[i][j] = t.vector(t.Context)
			v := t.acc[i][j]
			t.zero(t.Context, v, v, v)
		}
	}
}

func (t *tile) loops() {
	k := t.Load(t.Param("k"), t.GP64())
	turn := operand.Imm(uint64(t.unroll()))
	t.SUBQ(turn, k)
	t.JLT(operand.LabelRef("rest"))
	t.Label("loop")
	for range t.unroll() {
		t.step()
	}
	t.SUBQ(turn, k)
	t.JGE(operand.LabelRef("loop"))
	t.Label("rest")
	t.ADDQ(turn, k)
	t.JZ(operand.LabelRef("done"))
	t.Label("one")
	t.step()
	t.DECQ(k)
	t.JNZ(operand.LabelRef("one"))
	t.Label("done")
}

// step adds one column of A times one row of B. Broadcasts go to registers, not into the multiplications: each is
// used twice, and with 28 of them in 14 cycles the load ports would be the limit.
func (t *tile) step() {
	t.multiply(operand.Mem{Base: t.b})
	t.ADDQ(t.ldb, t.b)
	t.ADDQ(t.csa, t.a)
	if t.mr > 8 {
		t.ADDQ(t.csa, t.row[8].Base)
	}
}

func (t *tile) multiply(row operand.Mem) {
	var b [2]reg.VecVirtual
	for j := range b {
		b[j] = t.vector(t.Context)
		t.load(t.Context, row.Offset(j*t.vectorBytes), b[j])
	}
	for i := range t.mr {
		x := t.vector(t.Context)
		t.broadcast(t.Context, t.row[i], x)
		for j := range b {
			t.fma(t.Context, b[j], x, t.acc[i][j])
		}
	}
}

// output leaves c below the tile.
func (t *tile) output(c, ldc reg.Register) {
	flag := t.Load(t.Param("accumulate"), t.GP8())
	t.TESTB(flag, flag)
	t.JZ(operand.LabelRef("store"))
	p := t.GP64()
	t.MOVQ(c, p)
	for i := range t.mr {
		for j, v := range t.acc[i] {
			t.add(t.Context, operand.Mem{Base: p, Disp: j * t.vectorBytes}, v, v)
		}
		if i < t.mr-1 {
			t.ADDQ(ldc, p)
		}
	}
	t.Label("store")
	for i := range t.mr {
		for j, v := range t.acc[i] {
			t.store(t.Context, v, operand.Mem{Base: c, Disp: j * t.vectorBytes})
		}
		t.ADDQ(ldc, c)
	}
}
