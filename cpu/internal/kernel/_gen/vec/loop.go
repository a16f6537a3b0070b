package main

import (
	"math/bits"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// elementwise is a kernel under construction.
type elementwise struct {
	k        *kernel
	dst, n   reg.GPVirtual
	operands []reg.GPVirtual
	steps    []reg.GPVirtual // bytes that an operand advances by in an iteration; 0 for scalars
	body     func(x []vec) vec
}

// elementwise emits the function name, which computes body on vectors of the operands (1 to 3 of a, b, c), unroll
// vectors an iteration. doc says what dst[i] is.
func (k *kernel) elementwise(name string, operands, unroll int, doc string, body func(x []vec) vec) {
	asm.Func(k.Context, name+k.suffix, "func(dst, a, b, c *byte, n, sa, sb, sc int)", name+k.suffix+" is dst[i] = "+doc+".")
	e := k.begin(operands, unroll, body)
	e.loops(unroll)
	k.Label("done")
	asm.Return(k.Context)
}

// partial is elementwise for functions whose body cannot do all inputs: it jumps to the label "stop" where a vector
// has one. The function returns how many elements, whole vectors or all, it has done.
func (k *kernel) partial(name string, operands int, doc string, body func(x []vec) vec) {
	asm.Func(k.Context, name+k.suffix, "func(dst, a, b, c *byte, n, sa, sb, sc int) (done int)",
		name+k.suffix+" is dst[i] = "+doc+", for i in [0, done).")
	e := k.begin(operands, 1, body)
	e.loops(1)
	k.Label("done")
	k.XORQ(e.n, e.n)
	k.Label("stop")
	done := k.arg("n")
	k.SUBQ(e.n, done)
	k.Store(done, k.ReturnIndex(0))
	asm.Return(k.Context)
}

func (k *kernel) begin(operands, unroll int, body func(x []vec) vec) *elementwise {
	e := &elementwise{k: k, body: body, dst: k.arg("dst"), n: k.arg("n")}
	for i := range operands {
		e.operands = append(e.operands, k.arg([]string{"a", "b", "c"}[i]))
		step := k.arg([]string{"sa", "sb", "sc"}[i])
		k.SHLQ(operand.Imm(uint64(bits.TrailingZeros(uint(unroll*k.bytes)))), step)
		e.steps = append(e.steps, step)
	}
	return e
}

func (e *elementwise) loops(unroll int) {
	k := e.k
	if unroll > 1 {
		e.loop("loop", "single", unroll)
		k.Label("single")
		for _, step := range e.steps {
			k.SHRQ(operand.Imm(uint64(bits.TrailingZeros(uint(unroll)))), step)
		}
	}
	e.loop("vector", "tail", 1)
	k.Label("tail")
	k.TESTQ(e.n, e.n)
	k.JZ(operand.LabelRef("done"))
	e.tail()
}

// loop does unroll vectors at a time while so many are left.
func (e *elementwise) loop(label, after string, unroll int) {
	k := e.k
	k.Label(label)
	k.CMPQ(e.n, operand.U32(unroll*k.lanes()))
	k.JL(operand.LabelRef(after))
	for u := range unroll {
		var x []vec
		for _, p := range e.operands {
			x = append(x, k.unary(k.VMOVUPS, operand.Mem{Base: p, Disp: u * k.bytes}))
		}
		k.VMOVUPS(e.body(x), operand.Mem{Base: e.dst, Disp: u * k.bytes})
	}
	for i, p := range e.operands {
		k.ADDQ(e.steps[i], p)
	}
	k.ADDQ(operand.U32(unroll*k.bytes), e.dst)
	k.SUBQ(operand.U32(unroll*k.lanes()), e.n)
	k.JMP(operand.LabelRef(label))
}

// tail does the last 0 < n < lanes elements. Lanes beyond them are computed on zeros and not stored.
func (e *elementwise) tail() {
	k := e.k
	var x []vec
	if k.wide() {
		count, mask := k.GP64(), k.GP64()
		k.MOVQ(operand.I32(-1), mask)
		k.MOVQ(e.n, count)
		k.BZHIQ(count, mask, mask)
		k.KMOVW(mask.As32(), reg.K2)
		for _, p := range e.operands {
			v := k.vec()
			k.VMOVUPS_Z(operand.Mem{Base: p}, reg.K2, v)
			x = append(x, v)
		}
		k.VMOVUPS(e.body(x), reg.K2, operand.Mem{Base: e.dst})
		return
	}
	mask := k.tailMask(e.n)
	for _, p := range e.operands {
		v := k.vec()
		k.VMASKMOVPS(operand.Mem{Base: p}, mask, v)
		x = append(x, v)
	}
	k.VMASKMOVPS(e.body(x), mask, operand.Mem{Base: e.dst})
}

// tailMask is a vector of AVX2 whose first n lanes are set.
func (k *kernel) tailMask(n reg.GPVirtual) vec {
	lane, count := k.YMM(), k.YMM()
	k.VMOVD(n.As32(), count.AsX())
	k.VPBROADCASTD(count.AsX(), count)
	if k.numbers.Base == nil {
		k.numbers = k.StaticGlobal("lanes")
		k.DataAttributes(attr.RODATA | attr.NOPTR)
		for i := range 8 {
			k.AppendDatum(operand.U32(i))
		}
	}
	k.VPCMPGTD(k.numbers, count, lane)
	return lane
}
