package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// The points 0, ±a, ±b, ∞ of the algorithm; see docs/convolution.md for the choice.
const (
	a, b   = 0.625, 1.5
	a2, b2 = a * a, b * b
)

// Denominators of the kernel's transform at 0, ±a and ±b.
const (
	f0 = a2 * b2
	fa = 2 * a2 * (a2 - b2)
	fb = 2 * b2 * (b2 - a2)
)

// transform is a linear map applied to the columns and then the rows of a tile: in×in pixels become out×out.
type transform struct {
	name    string
	in, out int
	// constants that lines multiply with, and the map of one line: x has in vectors, which may be overwritten; put
	// takes result i.
	constants []float64
	line      func(k *kernel, c, x []reg.VecVirtual, put func(i int, v reg.VecVirtual))
}

var transforms = []transform{
	{"transformInput", 6, 6, []float64{a, b, a2, b2, a2 * b2, a2 + b2}, inputLine},
	{"transformKernel3", 3, 6, []float64{1 / f0, 1 / fa, a / fa, a2 / fa, 1 / fb, b / fb, b2 / fb}, kernelLine},
	{"transformKernel4", 4, 6, []float64{1 / f0, 1 / fa, a / fa, a2 / fa, 1 / fb, b / fb, b2 / fb, a * a2 / fa, b * b2 / fb}, kernelLine},
	{"transformOutput4", 6, 4, []float64{a, b, a2, b2, a * a2, b * b2}, outputLine4},
	{"transformOutput3", 6, 3, []float64{a, b, a2, b2}, outputLine3},
}

// inputLine is Bᵀx.
func inputLine(k *kernel, c, x []reg.VecVirtual, put func(int, reg.VecVirtual)) {
	ca, cb, ca2, cb2, product, sum := c[0], c[1], c[2], c[3], c[4], c[5]
	pair := func(i int, point, other reg.VecVirtual) {
		even, odd, plus := k.vec(), k.vec(), k.vec()
		k.VMOVAPS(x[4], even)
		k.VFNMADD231PS(other, x[2], even) // x4 − other²·x2
		k.VMOVAPS(x[3], odd)
		k.VFNMADD231PS(other, x[1], odd) // x3 − other²·x1
		k.VMOVAPS(even, plus)
		k.VFMADD231PS(point, odd, plus)
		k.VFNMADD231PS(point, odd, even)
		put(i, plus)
		put(i+1, even)
	}
	pair(1, ca, cb2)
	pair(3, cb, ca2)
	// a²b²·x0 − (a²+b²)·x2 + x4, and the same one further for ∞.
	k.VFMADD231PS(product, x[0], x[4])
	k.VFNMADD231PS(sum, x[2], x[4])
	put(0, x[4])
	k.VFMADD231PS(product, x[1], x[5])
	k.VFNMADD231PS(sum, x[3], x[5])
	put(5, x[5])
}

// kernelLine is Gx for three or four elements.
func kernelLine(k *kernel, c, x []reg.VecVirtual, put func(int, reg.VecVirtual)) {
	last := x[len(x)-1]
	pair := func(i int, p0, p1, p2 reg.VecVirtual, p3 []reg.VecVirtual) {
		even, odd, plus := k.vec(), k.vec(), k.vec()
		k.VMULPS(p0, x[0], even)
		k.VFMADD231PS(p2, x[2], even)
		k.VMULPS(p1, x[1], odd)
		if len(x) == 4 {
			k.VFMADD231PS(p3[0], x[3], odd)
		}
		k.VADDPS(odd, even, plus)
		k.VSUBPS(odd, even, even)
		put(i, plus)
		put(i+1, even)
	}
	pair(1, c[1], c[2], c[3], c[7:])
	pair(3, c[4], c[5], c[6], c[min(8, len(c)):])
	k.VMULPS(c[0], x[0], x[0])
	put(0, x[0])
	put(5, last)
}

// halves turns x1, x2, x3, x4 into x1+x2, x1−x2, x3+x4, x3−x4.
func halves(k *kernel, x []reg.VecVirtual) (sumA, difA, sumB, difB reg.VecVirtual) {
	sumA, sumB = k.vec(), k.vec()
	k.VADDPS(x[2], x[1], sumA)
	k.VSUBPS(x[2], x[1], x[1])
	k.VADDPS(x[4], x[3], sumB)
	k.VSUBPS(x[4], x[3], x[3])
	return sumA, x[1], sumB, x[3]
}

// outputLine4 is Aᵀx with four results.
func outputLine4(k *kernel, c, x []reg.VecVirtual, put func(int, reg.VecVirtual)) {
	sumA, difA, sumB, difB := halves(k, x)
	k.VADDPS(sumA, x[0], x[0])
	k.VADDPS(sumB, x[0], x[0])
	put(0, x[0])
	y := k.vec()
	k.VMULPS(c[0], difA, y)
	k.VFMADD231PS(c[1], difB, y)
	put(1, y)
	k.VMULPS(c[2], sumA, sumA)
	k.VFMADD231PS(c[3], sumB, sumA)
	put(2, sumA)
	k.VFMADD231PS(c[4], difA, x[5])
	k.VFMADD231PS(c[5], difB, x[5])
	put(3, x[5])
}

// outputLine3 is Aᵀx with three results.
func outputLine3(k *kernel, c, x []reg.VecVirtual, put func(int, reg.VecVirtual)) {
	sumA, difA, sumB, difB := halves(k, x)
	k.VADDPS(sumA, x[0], x[0])
	k.VADDPS(sumB, x[0], x[0])
	put(0, x[0])
	k.VMULPS(c[0], difA, difA)
	k.VFMADD231PS(c[1], difB, difA)
	put(1, difA)
	k.VFMADD231PS(c[2], sumA, x[5])
	k.VFMADD231PS(c[3], sumB, x[5])
	put(2, x[5])
}

// stride is a distance in bytes and its multiples that addresses cannot scale by.
type stride struct{ one, three, five reg.GPVirtual }

func (k *kernel) stride(name string, count int) stride {
	s := stride{one: k.bytesOf(name)}
	if count > 3 {
		s.three = k.GP64()
		k.LEAQ(operand.Mem{Base: s.one, Index: s.one, Scale: 2}, s.three)
	}
	if count > 5 {
		s.five = k.GP64()
		k.LEAQ(operand.Mem{Base: s.one, Index: s.one, Scale: 4}, s.five)
	}
	return s
}

// at is the place i strides after base.
func (s stride) at(base reg.GPVirtual, i int) operand.Mem {
	switch i {
	case 0:
		return operand.Mem{Base: base}
	case 3:
		return operand.Mem{Base: base, Index: s.three, Scale: 1}
	case 5:
		return operand.Mem{Base: base, Index: s.five, Scale: 1}
	}
	return operand.Mem{Base: base, Index: s.one, Scale: uint8(i)}
}

// transform emits a tile's transform: columns first, into tmp, then rows. rounded rounds what is read to bfloat16.
func (k *kernel) transform(t transform, rounded bool) {
	name := t.name + k.suffix
	if rounded {
		name = t.name + "BF16" + k.suffix
	}
	asm.Func(k.Context, name, "func(dst, src *float32, dstRow, dstCol, srcRow, srcCol, n int, tmp *float32)",
		name+" is "+t.name+"Portable for n channels, a multiple of the vector's. tmp has room for a",
		"tile of vectors.")
	dst, src, tmp, n := k.arg("dst"), k.arg("src"), k.arg("tmp"), k.arg("n")
	srcRow, dstCol := k.stride("srcRow", t.in), k.stride("dstCol", t.out)
	srcCol, dstRow := k.bytesOf("srcCol"), k.bytesOf("dstRow")
	c := make([]reg.VecVirtual, len(t.constants))
	for i, v := range t.constants {
		c[i] = k.broadcast(float32(v))
	}
	p := k.GP64()
	k.Label("channels")
	switch t.name {
	case "transformInput":
		k.ahead(p, src, srcCol, 6, srcCol, 4, srcRow, 6)
	case "transformKernel4":
		k.ahead(p, src, srcCol, 4, srcCol, 4, srcRow, 4)
	case "transformOutput4":
		k.ahead(p, dst, dstCol.one, 4, dstRow, 4, dstCol, 4)
	}
	k.MOVQ(src, p)
	for col := range t.in {
		x := make([]reg.VecVirtual, t.in)
		for i := range x {
			x[i] = k.vec()
			k.VMOVUPS(srcRow.at(p, i), x[i])
			if rounded {
				half := k.YMM()
				asm.VCVTNEPS2BF16(k.Context, x[i], half)
				k.VPMOVZXWD(half, x[i])
				k.VPSLLD(operand.Imm(16), x[i], x[i])
			}
		}
		t.line(k, c, x, func(i int, v reg.VecVirtual) {
			k.VMOVUPS(v, operand.Mem{Base: tmp, Disp: (i*t.in + col) * k.bytes})
		})
		if col < t.in-1 {
			k.ADDQ(srcCol, p)
		}
	}
	k.MOVQ(dst, p)
	for row := range t.out {
		x := make([]reg.VecVirtual, t.in)
		for i := range x {
			x[i] = k.vec()
			k.VMOVUPS(operand.Mem{Base: tmp, Disp: (row*t.in + i) * k.bytes}, x[i])
		}
		t.line(k, c, x, func(i int, v reg.VecVirtual) { k.VMOVUPS(v, dstCol.at(p, i)) })
		if row < t.out-1 {
			k.ADDQ(dstRow, p)
		}
	}
	k.ADDQ(operand.U32(k.bytes), src)
	k.ADDQ(operand.U32(k.bytes), dst)
	k.SUBQ(operand.U32(k.lanes()), n)
	k.JNZ(operand.LabelRef("channels"))
	asm.Return(k.Context)
}

// ahead asks for the pixels of the tile to the right, which comes next: those from skip columns after base on, outer·m
// in one direction and inner·n in the other. Caches fetch rows ahead by themselves, but the reads of a tile, one vector
// of each of its pixels, look to them like no row. p is clobbered.
func (k *kernel) ahead(p, base, col reg.GPVirtual, skip int, outer reg.GPVirtual, m int, inner stride, n int) {
	k.LEAQ(operand.Mem{Base: base, Index: col, Scale: 4}, p)
	if skip == 6 {
		k.LEAQ(operand.Mem{Base: p, Index: col, Scale: 2}, p)
	}
	for i := range m {
		if i > 0 {
			k.ADDQ(outer, p)
		}
		for j := range n {
			k.PREFETCHT0(inner.at(p, j))
		}
	}
}
