package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// taps emits dst[c] = Σ_t src[from[t]+c]·k[at[t]+c].
func (k *kernel) taps() {
	name := "taps" + k.suffix
	asm.Func(k.Context, name, "func(dst, src, k *float32, from, at *int64, taps, n int)",
		name+" is tapsPortable for n channels, a multiple of the vector's.")
	dst, src, w, from, at := k.arg("dst"), k.arg("src"), k.arg("k"), k.arg("from"), k.arg("at")
	taps, n := k.arg("taps"), k.arg("n")
	k.chunks(n, func(vectors int) {
		acc := k.zeros(vectors)
		t, f, a := k.GP64(), k.GP64(), k.GP64()
		k.XORQ(t, t)
		loop := fmt.Sprintf("taps%d", vectors)
		k.Label(loop)
		k.MOVQ(operand.Mem{Base: from, Index: t, Scale: 8}, f)
		k.MOVQ(operand.Mem{Base: at, Index: t, Scale: 8}, a)
		for i := range acc {
			x := k.vec()
			k.VMOVUPS(operand.Mem{Base: src, Index: f, Scale: 4, Disp: i * k.bytes}, x)
			k.VFMADD231PS(operand.Mem{Base: w, Index: a, Scale: 4, Disp: i * k.bytes}, x, acc[i])
		}
		k.INCQ(t)
		k.CMPQ(t, taps)
		k.JL(operand.LabelRef(loop))
		for i, v := range acc {
			k.VMOVUPS(v, operand.Mem{Base: dst, Disp: i * k.bytes})
		}
		for _, p := range []reg.GPVirtual{dst, src, w} {
			k.ADDQ(operand.U32(vectors*k.bytes), p)
		}
	})
	asm.Return(k.Context)
}

// directTile is the pixels and vectors of channels of a tile: 128 bytes of each pixel, so that memory is read in runs.
func (k *kernel) directTile() (rows, vectors int) {
	if k.bytes == 64 {
		return 6, 2
	}
	return 3, 4
}

// tapTiles emits dst[i·dstStep+c] = Σ_t src[i·srcStep+from[t]+c]·k[at[t]+c] for whole tiles of pixels i. A weight is
// loaded once for a tile.
func (k *kernel) tapTiles() {
	name := "tapTiles" + k.suffix
	rows, vectors := k.directTile()
	asm.Func(k.Context, name, "func(dst, src, k *float32, from, at *int64, taps, dstStep, srcStep, tiles, n int)",
		fmt.Sprintf("%s is taps for whole tiles of %d pixels and n channels, a multiple of %d; all at least 1.", name, rows, vectors*k.lanes()))
	dst, src, w, tiles := k.arg("dst"), k.arg("src"), k.GP64(), k.arg("tiles")
	odd, dstStep := k.multiples("srcStep", 6), k.bytesOf("dstStep")
	channels, from, at, left := k.GP64(), k.GP64(), k.GP64(), k.GP64()
	x, y := k.GP64(), k.GP64()
	k.Label("tile")
	k.Load(k.Param("k"), w)
	k.Load(k.Param("n"), channels)
	k.Label("panel")
	acc := k.zeros(rows * vectors)
	k.Load(k.Param("from"), from)
	k.Load(k.Param("at"), at)
	k.Load(k.Param("taps"), left)
	k.Label("tap")
	k.MOVQ(operand.Mem{Base: from}, x)
	k.LEAQ(operand.Mem{Base: src, Index: x, Scale: 4}, x)
	k.MOVQ(operand.Mem{Base: at}, y)
	ws := make([]reg.VecVirtual, vectors)
	for v := range ws {
		ws[v] = k.vec()
		k.VMOVUPS(operand.Mem{Base: w, Index: y, Scale: 4, Disp: v * k.bytes}, ws[v])
	}
	k.ADDQ(operand.Imm(8), from)
	k.ADDQ(operand.Imm(8), at)
	for i := range rows {
		m := strided(x, nil, odd, i)
		for v := range ws {
			m.Disp = v * k.bytes
			k.VFMADD231PS(m, ws[v], acc[i*vectors+v])
		}
	}
	k.DECQ(left)
	k.JNZ(operand.LabelRef("tap"))
	k.MOVQ(dst, y)
	for i, v := range acc {
		k.VMOVUPS(v, operand.Mem{Base: y, Disp: i % vectors * k.bytes})
		if i%vectors == vectors-1 {
			k.ADDQ(dstStep, y)
		}
	}
	for _, p := range []reg.GPVirtual{dst, src, w} {
		k.ADDQ(operand.U32(vectors*k.bytes), p)
	}
	k.SUBQ(operand.U32(vectors*k.lanes()), channels)
	k.JNZ(operand.LabelRef("panel"))
	// y is one tile further than the last panel, dst one panel, src one row of panels.
	k.Load(k.Param("n"), channels)
	k.SHLQ(operand.Imm(2), channels)
	k.SUBQ(channels, y)
	k.LEAQ(operand.Mem{Base: y, Disp: vectors * k.bytes}, dst)
	k.SUBQ(channels, src)
	k.LEAQ(operand.Mem{Base: src, Index: odd[1], Scale: uint8(rows / 3)}, src)
	k.DECQ(tiles)
	k.JNZ(operand.LabelRef("tile"))
	asm.Return(k.Context)
}

// rows emits dst[c] += Σ_i x[i·stepX+c]·y[i·stepY+c].
func (k *kernel) rows() {
	name := "rows" + k.suffix
	asm.Func(k.Context, name, "func(dst, x, y *float32, stepX, stepY, rows, n int)",
		name+" is rowsPortable for n channels, a multiple of the vector's.")
	dst, x, y := k.arg("dst"), k.arg("x"), k.arg("y")
	stepX, stepY := k.bytesOf("stepX"), k.bytesOf("stepY")
	rows, n := k.arg("rows"), k.arg("n")
	k.chunks(n, func(vectors int) {
		acc := make([]reg.VecVirtual, vectors)
		for i := range acc {
			acc[i] = k.vec()
			k.VMOVUPS(operand.Mem{Base: dst, Disp: i * k.bytes}, acc[i])
		}
		px, py, left := k.GP64(), k.GP64(), k.GP64()
		k.MOVQ(x, px)
		k.MOVQ(y, py)
		k.MOVQ(rows, left)
		loop := fmt.Sprintf("rows%d", vectors)
		k.Label(loop)
		for i := range acc {
			v := k.vec()
			k.VMOVUPS(operand.Mem{Base: px, Disp: i * k.bytes}, v)
			k.VFMADD231PS(operand.Mem{Base: py, Disp: i * k.bytes}, v, acc[i])
		}
		k.ADDQ(stepX, px)
		k.ADDQ(stepY, py)
		k.DECQ(left)
		k.JNZ(operand.LabelRef(loop))
		for i, v := range acc {
			k.VMOVUPS(v, operand.Mem{Base: dst, Disp: i * k.bytes})
		}
		for _, p := range []reg.GPVirtual{dst, x, y} {
			k.ADDQ(operand.U32(vectors*k.bytes), p)
		}
	})
	asm.Return(k.Context)
}

// gradientTaps is how many taps rowTaps computes at once.
const gradientTaps = 3

// rowTaps emits dst[t·dstStep+c] += Σ_i x[i·stepX+t·tapStep+c]·y[i·stepY+c] for three taps t.
func (k *kernel) rowTaps() {
	name := "rowTaps" + k.suffix
	_, vectors := k.directTile()
	asm.Func(k.Context, name, "func(dst, x, y *float32, dstStep, tapStep, stepX, stepY, rows, n int)",
		fmt.Sprintf("%s is rows for %d taps and n channels, a multiple of %d; rows and n are at least 1.", name, gradientTaps, vectors*k.lanes()))
	dst, x, y, n := k.arg("dst"), k.arg("x"), k.arg("y"), k.arg("n")
	dstStep, tapStep := k.bytesOf("dstStep"), k.bytesOf("tapStep")
	stepX, stepY := k.bytesOf("stepX"), k.bytesOf("stepY")
	px, py, left := k.GP64(), k.GP64(), k.GP64()
	at := func(base, step reg.GPVirtual, tap, vector int) operand.Mem {
		m := strided(base, nil, []reg.GPVirtual{step}, tap)
		m.Disp = vector * k.bytes
		return m
	}
	k.Label("panel")
	acc := make([]reg.VecVirtual, gradientTaps*vectors)
	for i := range acc {
		acc[i] = k.vec()
		k.VMOVUPS(at(dst, dstStep, i/vectors, i%vectors), acc[i])
	}
	k.MOVQ(x, px)
	k.MOVQ(y, py)
	k.Load(k.Param("rows"), left)
	k.Label("row")
	ys := make([]reg.VecVirtual, vectors)
	for v := range ys {
		ys[v] = k.vec()
		k.VMOVUPS(operand.Mem{Base: py, Disp: v * k.bytes}, ys[v])
	}
	for i := range acc {
		k.VFMADD231PS(at(px, tapStep, i/vectors, i%vectors), ys[i%vectors], acc[i])
	}
	k.ADDQ(stepX, px)
	k.ADDQ(stepY, py)
	k.DECQ(left)
	k.JNZ(operand.LabelRef("row"))
	for i, v := range acc {
		k.VMOVUPS(v, at(dst, dstStep, i/vectors, i%vectors))
	}
	for _, p := range []reg.GPVirtual{dst, x, y} {
		k.ADDQ(operand.U32(vectors*k.bytes), p)
	}
	k.SUBQ(operand.U32(vectors*k.lanes()), n)
	k.JNZ(operand.LabelRef("panel"))
	asm.Return(k.Context)
}

func (k *kernel) zeros(n int) []reg.VecVirtual {
	vs := make([]reg.VecVirtual, n)
	for i := range vs {
		vs[i] = k.zero()
	}
	return vs
}

// copyRows emits dst[i·dstStep+j] = src[i·srcStep+j] for j in [0, n).
func (k *kernel) copyRows() {
	name := "copyRows" + k.suffix
	asm.Func(k.Context, name, "func(dst, src *float32, dstStep, srcStep, rows, n int)",
		name+" copies rows, at least one, of n elements, at least a vector's. It touches no others: the last",
		"vector of a row overlaps the one before it.")
	dst, src := k.arg("dst"), k.arg("src")
	dstStep, srcStep := k.bytesOf("dstStep"), k.bytesOf("srcStep")
	rows, n := k.arg("rows"), k.bytesOf("n")
	v, at, last := k.vec(), k.GP64(), k.GP64()
	k.MOVQ(n, last)
	k.SUBQ(operand.U32(uint32(k.bytes)), last)
	k.Label("row")
	k.XORQ(at, at)
	k.Label("vector")
	k.CMPQ(at, last)
	k.JGE(operand.LabelRef("end"))
	k.VMOVUPS(operand.Mem{Base: src, Index: at, Scale: 1}, v)
	k.VMOVUPS(v, operand.Mem{Base: dst, Index: at, Scale: 1})
	k.ADDQ(operand.U32(uint32(k.bytes)), at)
	k.JMP(operand.LabelRef("vector"))
	k.Label("end")
	k.VMOVUPS(operand.Mem{Base: src, Index: last, Scale: 1}, v)
	k.VMOVUPS(v, operand.Mem{Base: dst, Index: last, Scale: 1})
	k.ADDQ(srcStep, src)
	k.ADDQ(dstStep, dst)
	k.DECQ(rows)
	k.JNZ(operand.LabelRef("row"))
	asm.Return(k.Context)
}

// sums emits dst[i·n+c] = Σ_t src[offsets[t]+i·step+c] for vectors of 4 or 8 channels.
func (k *kernel) sums(vector int) {
	name := fmt.Sprintf("sums%d%s", vector, k.suffix)
	asm.Func(k.Context, name, "func(dst, src *float32, offsets *int64, taps, step, n, pixels int)",
		fmt.Sprintf("%s is lanes.sums of n channels, at most %d. It writes %d for each pixel.", name, vector, vector))
	dst, src, offsets := k.arg("dst"), k.arg("src"), k.arg("offsets")
	taps, step, n, pixels := k.arg("taps"), k.bytesOf("step"), k.bytesOf("n"), k.arg("pixels")
	t, at := k.GP64(), k.GP64()
	k.Label("pixel")
	acc := k.XMM()
	if vector == 8 {
		acc = k.YMM()
	}
	k.VXORPS(acc, acc, acc)
	k.XORQ(t, t)
	k.Label("tap")
	k.MOVQ(operand.Mem{Base: offsets, Index: t, Scale: 8}, at)
	k.VADDPS(operand.Mem{Base: src, Index: at, Scale: 4}, acc, acc)
	k.INCQ(t)
	k.CMPQ(t, taps)
	k.JL(operand.LabelRef("tap"))
	k.VMOVUPS(acc, operand.Mem{Base: dst})
	k.ADDQ(n, dst)
	k.ADDQ(step, src)
	k.DECQ(pixels)
	k.JNZ(operand.LabelRef("pixel"))
	asm.Return(k.Context)
}
