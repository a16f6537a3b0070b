package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// folder is how the pixels of a window are combined.
type folder struct {
	begin func() vec         // what a window of no pixels gives
	add   func(acc, x vec)   // one more pixel of a row of the window
	row   func(acc, row vec) // a whole row; nil: pixels are added to acc at once
}

// maxFold: the processor's maximum gives its second operand if either is NaN, so a NaN in x gets through and one in
// acc is or-ed in as all ones.
func (k *kernel) maxFold() folder {
	return folder{begin: k.infinity, add: func(acc, x vec) {
		isNaN := k.compare(unordered, acc, acc)
		k.VMAXPS(x, acc, acc)
		k.VORPS(isNaN, acc, acc)
	}}
}

// sumFold adds up the rows of a window one by one, which keeps the error of large windows small.
func (k *kernel) sumFold() folder {
	add := func(acc, x vec) { k.VADDPS(x, acc, acc) }
	return folder{begin: k.zero, add: add, row: add}
}

// fold emits the function that folds windows of kh·kw pixels.
func (k *kernel) fold(name, doc string, how func() folder) {
	asm.Func(k.Context, name+k.suffix, "func(y, x *float32, pixels, channels, kh, kw, rowStride, pixelStride int)",
		name+k.suffix+" is y[p·channels+c] = "+doc+" of x[p·pixelStride + i·rowStride + j·channels + c]",
		"over i in [0, kh), j in [0, kw), for p in [0, pixels), c in [0, channels).")
	y, x, pixels := k.arg("y"), k.arg("x"), k.arg("pixels")
	kh, kw := k.arg("kh"), k.arg("kw")
	rowStride, channelBytes := k.bytesOf("rowStride"), k.bytesOf("channels")
	f := how()
	k.Label("pixel")
	k.DECQ(pixels)
	k.JL(operand.LabelRef("done"))
	n, at := k.arg("channels"), k.copyOf(x)
	k.channelGroups(n, 4, []reg.GPVirtual{at, y}, func(label string, vectors int, l lanes) {
		acc := k.foldWindow(f, label, at, kh, kw, rowStride, channelBytes, vectors, l)
		for v := range acc {
			k.store(acc[v], operand.Mem{Base: y, Disp: v * k.bytes}, l)
		}
		if l.partial {
			k.LEAQ(operand.Mem{Base: y, Index: n, Scale: 4}, y)
		}
	})
	step := k.bytesOf("pixelStride")
	k.ADDQ(step, x)
	k.JMP(operand.LabelRef("pixel"))
	k.Label("done")
	asm.Return(k.Context)
}

func (k *kernel) foldWindow(f folder, label string, at, kh, kw, rowStride, channelBytes reg.GPVirtual, vectors int, l lanes) []vec {
	acc := make([]vec, vectors)
	for v := range acc {
		acc[v] = f.begin()
	}
	line, rows := k.copyOf(at), k.copyOf(kh)
	k.Label(label + "_row")
	k.DECQ(rows)
	k.JL(operand.LabelRef(label + "_end"))
	target := acc
	if f.row != nil {
		target = make([]vec, vectors)
		for v := range target {
			target[v] = f.begin()
		}
	}
	p, cols := k.copyOf(line), k.copyOf(kw)
	k.Label(label + "_tap")
	k.DECQ(cols)
	k.JL(operand.LabelRef(label + "_nextrow"))
	for v := range target {
		f.add(target[v], k.load(operand.Mem{Base: p, Disp: v * k.bytes}, l))
	}
	k.ADDQ(channelBytes, p)
	k.JMP(operand.LabelRef(label + "_tap"))
	k.Label(label + "_nextrow")
	if f.row != nil {
		for v := range acc {
			f.row(acc[v], target[v])
		}
	}
	k.ADDQ(rowStride, line)
	k.JMP(operand.LabelRef(label + "_row"))
	k.Label(label + "_end")
	return acc
}
