// Command peak generates the kernels that measure a processor's limits.
package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

func main() {
	asm.File("avx2", func(c *asm.Context) {
		emit(&kernel{c, "AVX2", 32, 12, func() reg.VecVirtual { return c.YMM() }})
	})
	asm.File("avx512", func(c *asm.Context) {
		emit(&kernel{c, "AVX512", 64, 28, func() reg.VecVirtual { return c.ZMM() }})
	})
}

type kernel struct {
	*asm.Context
	level  string
	bytes  int // of a vector
	chains int // independent sums: enough for the latency of two multiply-add units
	vector func() reg.VecVirtual
}

func emit(k *kernel) {
	k.fma()
	k.read()
	k.write()
	k.copy()
	k.triad()
}

func (k *kernel) zeroed() reg.VecVirtual {
	v := k.vector()
	k.VXORPS(v, v, v)
	return v
}

func (k *kernel) fma() {
	asm.Func(k.Context, "fma"+k.level, "func(n int)",
		"fma"+k.level+" does n rounds of multiply-adds on registers alone.")
	n := k.Load(k.Param("n"), k.GP64())
	acc := make([]reg.VecVirtual, k.chains)
	for i := range acc {
		acc[i] = k.zeroed()
	}
	x, y := k.zeroed(), k.zeroed()
	k.Label("loop")
	for range 4 {
		for _, v := range acc {
			k.VFMADD231PS(x, y, v)
		}
	}
	k.DECQ(n)
	k.JNZ(operand.LabelRef("loop"))
	asm.Return(k.Context)
}

// stream emits a loop over blocks of 8 vectors; body gets the byte offset of each vector.
func (k *kernel) stream(n reg.Register, pointers []reg.Register, body func(offset int)) {
	k.Label("loop")
	for i := range 8 {
		body(i * k.bytes)
	}
	for _, p := range pointers {
		k.ADDQ(operand.U32(8*k.bytes), p)
	}
	k.DECQ(n)
	k.JNZ(operand.LabelRef("loop"))
	asm.Return(k.Context)
}

func (k *kernel) pointer(name string) reg.Register { return k.Load(k.Param(name), k.GP64()) }

func (k *kernel) read() {
	asm.Func(k.Context, "read"+k.level, "func(n int, x *float32)", "read"+k.level+" loads n blocks of 8 vectors.")
	n, x := k.pointer("n"), k.pointer("x")
	v := k.vector()
	k.stream(n, []reg.Register{x}, func(offset int) {
		k.VMOVUPS(operand.Mem{Base: x, Disp: offset}, v)
	})
}

func (k *kernel) write() {
	asm.Func(k.Context, "write"+k.level, "func(n int, dst *float32)", "write"+k.level+" stores n blocks of 8 vectors.")
	n, dst := k.pointer("n"), k.pointer("dst")
	v := k.zeroed()
	k.stream(n, []reg.Register{dst}, func(offset int) {
		k.VMOVUPS(v, operand.Mem{Base: dst, Disp: offset})
	})
}

func (k *kernel) copy() {
	asm.Func(k.Context, "copy"+k.level, "func(n int, dst, x *float32)", "copy"+k.level+" copies n blocks of 8 vectors.")
	n, dst, x := k.pointer("n"), k.pointer("dst"), k.pointer("x")
	k.stream(n, []reg.Register{dst, x}, func(offset int) {
		v := k.vector()
		k.VMOVUPS(operand.Mem{Base: x, Disp: offset}, v)
		k.VMOVUPS(v, operand.Mem{Base: dst, Disp: offset})
	})
}

func (k *kernel) triad() {
	asm.Func(k.Context, "triad"+k.level, "func(n int, dst, x, y *float32)",
		"triad"+k.level+" is dst[i] = x[i] + 0·y[i] for n blocks of 8 vectors.")
	n, dst, x, y := k.pointer("n"), k.pointer("dst"), k.pointer("x"), k.pointer("y")
	s := k.zeroed()
	k.stream(n, []reg.Register{dst, x, y}, func(offset int) {
		v := k.vector()
		k.VMOVUPS(operand.Mem{Base: x, Disp: offset}, v)
		k.VFMADD231PS(operand.Mem{Base: y, Disp: offset}, s, v)
		k.VMOVUPS(v, operand.Mem{Base: dst, Disp: offset})
	})
}
