package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// scatterMax emits the function that adds the gradient of each window to its largest pixel.
func (k *kernel) scatterMax() {
	asm.Func(k.Context, "scatterMax"+k.suffix, "func(dx, x, dy *float32, pixels, channels, kh, kw, rowStride, tapStride, pixelStride, dyStride int)",
		"scatterMax"+k.suffix+" adds dy[p·dyStride+c] to dx[o] for the offset o = p·pixelStride + i·rowStride + j·tapStride + c",
		"with the largest x[o] over i in [0, kh), j in [0, kw): the first NaN if there is one, else the first of equal ones;",
		"for p in [0, pixels) in turn, c in [0, channels). kh and kw are positive.")
	// The distance from x to dx is kept in place of dx, so that one pointer walks over both.
	x, dy := k.arg("x"), k.arg("dy")
	toDX := k.arg("dx")
	k.SUBQ(x, toDX)
	tapBytes := k.bytesOf("tapStride")
	pixels := k.arg("pixels")
	k.Label("pixel")
	k.DECQ(pixels)
	k.JL(operand.LabelRef("done"))
	n, at, gradient := k.arg("channels"), k.copyOf(x), k.copyOf(dy)
	k.channelGroups(n, 1, []reg.GPVirtual{at, gradient}, func(label string, _ int, l lanes) {
		index := k.largest(label, at, tapBytes, l)
		k.deliver(label, at, toDX, tapBytes, index, k.load(operand.Mem{Base: gradient}, l), l)
	})
	step := k.bytesOf("pixelStride")
	k.ADDQ(step, x)
	step = k.bytesOf("dyStride")
	k.ADDQ(step, dy)
	k.JMP(operand.LabelRef("pixel"))
	k.Label("done")
	asm.Return(k.Context)
}

// eachTap emits body for every pixel of the window at a pointer, with the pixel's number in all lanes.
func (k *kernel) eachTap(label string, at, tapBytes reg.GPVirtual, body func(p reg.GPVirtual, tap vec)) {
	tap, one := k.zero(), k.vec()
	k.ones(one)
	line, rows := k.copyOf(at), k.arg("kh")
	k.Label(label + "_row")
	p, cols := k.copyOf(line), k.arg("kw")
	k.Label(label + "_tap")
	body(p, tap)
	k.VPSUBD(one, tap, tap) // less -1
	k.ADDQ(tapBytes, p)
	k.DECQ(cols)
	k.JNZ(operand.LabelRef(label + "_tap"))
	rowStride := k.bytesOf("rowStride")
	k.ADDQ(rowStride, line)
	k.DECQ(rows)
	k.JNZ(operand.LabelRef(label + "_row"))
}

// largest returns the number of the largest pixel of the window.
func (k *kernel) largest(label string, at, tapBytes reg.GPVirtual, l lanes) vec {
	best, index := k.load(operand.Mem{Base: at}, l), k.zero()
	k.eachTap(label+"_find", at, tapBytes, func(p reg.GPVirtual, tap vec) {
		x := k.load(operand.Mem{Base: p}, l)
		// x > best, or x is NaN and best is not.
		better := k.compare(greater, x, best)
		isNaN := k.compare(unordered, x, x)
		wasNaN := k.compare(unordered, best, best)
		k.VANDNPS(isNaN, wasNaN, isNaN)
		k.VORPS(isNaN, better, better)
		k.choose(better, x, best)
		k.choose(better, tap, index)
	})
	return index
}

// deliver adds the gradient to the pixel with that number, and 0 to the others.
func (k *kernel) deliver(label string, at, toDX, tapBytes reg.GPVirtual, index, dy vec, l lanes) {
	k.eachTap(label+"_add", at, tapBytes, func(p reg.GPVirtual, tap vec) {
		share := k.vec()
		if k.wide() {
			k.VPCMPEQD(tap, index, reg.K1)
			k.VMOVAPS_Z(dy, reg.K1, share)
		} else {
			k.VPCMPEQD(tap, index, share)
			k.VANDPS(dy, share, share)
		}
		m := operand.Mem{Base: p, Index: toDX, Scale: 1}
		sum := k.load(m, l)
		k.VADDPS(share, sum, sum)
		k.store(sum, m, l)
	})
}
