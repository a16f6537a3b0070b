package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// tileRows is the rows of a tile of two vectors of columns: as gemm's, so that sums are the same.
func (k *kernel) tileRows() int {
	if k.bytes == 64 {
		return 14
	}
	return 6
}

// panel emits the product of tiles·tileRows rows of A and a panel of B of two vectors' columns:
//
//	C[i,j] = (accumulate ? C[i,j] : 0) + Σ_p a[i·rsa+p·csa]·b[p·ldb+j]
//
// It is gemm's micro-kernel in a loop over rows: for short sums the calls would cost as much as the sums.
func (k *kernel) panel() {
	name := "panel" + k.suffix
	asm.Func(k.Context, name, "func(tiles, k int, a *float32, rsa, csa int, b *float32, ldb int, c *float32, ldc int, accumulate bool)",
		name+" is the product of whole tiles of rows, at least one, and a panel; k is at least 1.")
	p := &panel{kernel: k, tiles: k.arg("tiles"), a: k.arg("a"), c: k.arg("c")}
	p.csa, p.ldb, p.ldc = k.bytesOf("csa"), k.bytesOf("ldb"), k.bytesOf("ldc")
	p.addresses()
	k.Label("tile")
	k.MOVQ(p.a, p.row)
	if p.row8 != nil {
		k.LEAQ(operand.Mem{Base: p.a, Index: p.odd[0], Scale: 8}, p.row8)
	}
	p.acc = k.zeros(2 * k.tileRows())
	k.Load(k.Param("b"), p.b)
	k.Load(k.Param("k"), p.left)
	k.SHRQ(operand.Imm(1), p.left)
	k.JZ(operand.LabelRef("last"))
	k.Label("pair")
	p.step()
	p.step()
	k.DECQ(p.left)
	k.JNZ(operand.LabelRef("pair"))
	k.Label("last")
	k.Load(k.Param("k"), p.left)
	k.TESTQ(operand.U32(1), p.left)
	k.JZ(operand.LabelRef("output"))
	p.step()
	k.Label("output")
	k.Load(k.Param("accumulate"), p.left.As8())
	k.TESTB(p.left.As8(), p.left.As8())
	k.JZ(operand.LabelRef("store"))
	p.output(true)
	k.JMP(operand.LabelRef("next"))
	k.Label("store")
	p.output(false)
	k.Label("next")
	// The next tile of A is 6 rows, 3 times 2, or 14, 7 times 2, further on.
	k.LEAQ(operand.Mem{Base: p.a, Index: p.odd[k.tileRows()/4], Scale: 2}, p.a)
	k.DECQ(p.tiles)
	k.JNZ(operand.LabelRef("tile"))
	asm.Return(k.Context)
}

// panel is the registers of the function.
type panel struct {
	*kernel
	tiles, a, c   reg.GPVirtual
	csa, ldb, ldc reg.GPVirtual
	row, row8     reg.GPVirtual // the current element of A's row 0, and of row 8 if there is one
	odd           []reg.GPVirtual
	b, left       reg.GPVirtual
	acc           []reg.VecVirtual
}

// addresses prepares those of a tile's rows.
func (p *panel) addresses() {
	p.row, p.b, p.left = p.GP64(), p.GP64(), p.GP64()
	p.odd = p.multiples("rsa", p.tileRows())
	if p.tileRows() > 8 {
		p.row8 = p.GP64()
	}
}

// multiples returns 1, 3, 5 and 7 times a parameter that counts elements, in bytes: as many as strided needs for
// that many rows.
func (k *kernel) multiples(name string, rows int) []reg.GPVirtual {
	odd := []reg.GPVirtual{k.bytesOf(name)}
	for i := 3; i < 8 && i < rows; i += 2 {
		r := k.GP64()
		k.LEAQ(operand.Mem{Base: odd[len(odd)-1], Index: odd[0], Scale: 2}, r)
		odd = append(odd, r)
	}
	return odd
}

// strided is the address of a tile's row i, from those of rows 0 and 8 and multiples of the distance between rows.
func strided(row, row8 reg.GPVirtual, odd []reg.GPVirtual, i int) operand.Mem {
	if i >= 8 {
		row, i = row8, i-8
	}
	if i == 0 {
		return operand.Mem{Base: row}
	}
	scale := 1
	for i%2 == 0 {
		i, scale = i/2, scale*2
	}
	return operand.Mem{Base: row, Index: odd[i/2], Scale: uint8(scale)}
}

// step adds the products of one p.
func (p *panel) step() {
	b0, b1 := p.vec(), p.vec()
	p.VMOVUPS(operand.Mem{Base: p.b}, b0)
	p.VMOVUPS(operand.Mem{Base: p.b, Disp: p.bytes}, b1)
	p.ADDQ(p.ldb, p.b)
	for i := range p.tileRows() {
		a := p.vec()
		p.VBROADCASTSS(strided(p.row, p.row8, p.odd, i), a)
		p.VFMADD231PS(b0, a, p.acc[2*i])
		p.VFMADD231PS(b1, a, p.acc[2*i+1])
	}
	p.ADDQ(p.csa, p.row)
	if p.row8 != nil {
		p.ADDQ(p.csa, p.row8)
	}
}

// output stores the sums, or adds them to what is there, and moves on to the next rows of C.
func (p *panel) output(accumulate bool) {
	for i, v := range p.acc {
		at := operand.Mem{Base: p.c, Disp: i % 2 * p.bytes}
		if accumulate {
			p.VADDPS(at, v, v)
		}
		p.VMOVUPS(v, at)
		if i%2 == 1 {
			p.ADDQ(p.ldc, p.c)
		}
	}
}
