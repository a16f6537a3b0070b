package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// shallow emits, for tiles·tileRows pixels i and panels of two vectors of channels j,
//
//	y[i·ldy+j] = Σ_t x[i·step+offsets[t]]·k[t,j]
//
// k holds one panel after the other, tap by tap. stream makes stores that go past the caches.
func (k *kernel) shallow(stream bool) {
	name, stores := "shallow"+k.suffix, "."
	if stream {
		name, stores = "shallowStream"+k.suffix, ". Stores go past the caches: y and ldy are aligned to a cache line."
	}
	asm.Func(k.Context, name, "func(tiles, panels, taps int, x *float32, step int, offsets *int64, k, y *float32, ldy int)",
		name+" is shallowPortable for whole tiles of pixels and panels; tiles, panels and taps are at least 1"+stores)
	s := &shallow{kernel: k, tiles: k.arg("tiles"), x: k.arg("x"), y: k.arg("y")}
	s.odd = k.multiples("step", k.tileRows())
	if k.tileRows() > 8 {
		s.row8 = k.GP64()
	}
	ldy := k.bytesOf("ldy")
	s.w, s.at, s.row, s.left = k.GP64(), k.GP64(), k.GP64(), k.GP64()
	panels, to := k.GP64(), k.GP64()
	k.Label("tile")
	k.Load(k.Param("k"), s.w)
	k.Load(k.Param("panels"), panels)
	k.Label("panel")
	acc := k.zeros(2 * k.tileRows())
	s.taps(acc)
	k.MOVQ(s.y, to)
	for i, v := range acc {
		if at := (operand.Mem{Base: to, Disp: i % 2 * k.bytes}); stream {
			k.VMOVNTPS(v, at)
		} else {
			k.VMOVUPS(v, at)
		}
		if i%2 == 1 {
			k.ADDQ(ldy, to)
		}
	}
	k.ADDQ(operand.U32(uint32(2*k.bytes)), s.y)
	k.DECQ(panels)
	k.JNZ(operand.LabelRef("panel"))
	// to is one tile further than the last panel, s.y one panel.
	k.Load(k.Param("panels"), panels)
	k.IMUL3Q(operand.U32(uint32(2*k.bytes)), panels, panels)
	k.SUBQ(panels, to)
	k.LEAQ(operand.Mem{Base: to, Disp: 2 * k.bytes}, s.y)
	// The next tile is 6 pixels, 3 times 2, or 14, 7 times 2, further on.
	k.LEAQ(operand.Mem{Base: s.x, Index: s.odd[k.tileRows()/4], Scale: 2}, s.x)
	k.DECQ(s.tiles)
	k.JNZ(operand.LabelRef("tile"))
	if stream {
		k.SFENCE()
	}
	asm.Return(k.Context)
}

// shallow is the registers of the function.
type shallow struct {
	*kernel
	tiles, x, y            reg.GPVirtual
	odd                    []reg.GPVirtual
	w, at, row, row8, left reg.GPVirtual
}

// taps adds the products of all taps. Taking several at a time gains nothing.
func (s *shallow) taps(acc []reg.VecVirtual) {
	s.Load(s.Param("taps"), s.left)
	s.Load(s.Param("offsets"), s.at)
	s.Label("tap")
	s.tap(acc)
	s.DECQ(s.left)
	s.JNZ(operand.LabelRef("tap"))
}

// tap adds the products of one tap and moves on to the next.
func (s *shallow) tap(acc []reg.VecVirtual) {
	s.MOVQ(operand.Mem{Base: s.at}, s.row)
	s.ADDQ(operand.Imm(8), s.at)
	s.LEAQ(operand.Mem{Base: s.x, Index: s.row, Scale: 4}, s.row)
	if s.row8 != nil {
		s.LEAQ(operand.Mem{Base: s.row, Index: s.odd[0], Scale: 8}, s.row8)
	}
	w0, w1 := s.vec(), s.vec()
	s.VMOVUPS(operand.Mem{Base: s.w}, w0)
	s.VMOVUPS(operand.Mem{Base: s.w, Disp: s.bytes}, w1)
	s.ADDQ(operand.U32(uint32(2*s.bytes)), s.w)
	for i := range s.tileRows() {
		v := s.vec()
		s.VBROADCASTSS(strided(s.row, s.row8, s.odd, i), v)
		s.VFMADD231PS(w0, v, acc[2*i])
		s.VFMADD231PS(w1, v, acc[2*i+1])
	}
}
