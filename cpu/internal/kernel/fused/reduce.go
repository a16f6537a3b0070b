package fused

import (
	"math"
	"unsafe"

	"github.com/atelier-go/atelier/cpu/internal/kernel/vec"
)

// Reductions are accumulated in double precision, in an order that depends on the program's shape alone, and
// rounded once at the end: a sum of n float32 has the error of one rounding plus about n·2⁻⁵³ relative to the sum of
// magnitudes.

// identity is what a reduction of nothing gives.
func (r Reduction) identity() float64 {
	switch r {
	case ReduceMax:
		return math.Inf(-1)
	case ReduceMin:
		return math.Inf(1)
	}
	return 0
}

// fold combines two accumulators; NaN wins.
func (r Reduction) fold(acc, x float64) float64 {
	switch r {
	case ReduceMax:
		return max(acc, x)
	case ReduceMin:
		return min(acc, x)
	}
	return acc + x
}

func (r Reduction) column(k *vec.Kernels) vec.ColumnKernel {
	switch r {
	case ReduceMax:
		return k.ColumnMax
	case ReduceMin:
		return k.ColumnMin
	}
	return k.ColumnSum
}

// identities resets the accumulators of all reductions: part/parts of them.
func (e *Exec) identities(acc []float64, part, parts int) {
	at := 0
	for _, o := range e.reductions {
		n := e.outputs[o].accSize / parts * part
		id := e.outputs[o].Kind.identity()
		for i := at; i < at+n; i++ {
			acc[i] = id
		}
		at += n
	}
}

// accumulateFrom says that the accumulators hold those of count items from first on, out of items.
func (f *frame) accumulateFrom(first, count, items int) {
	at := 0
	for _, o := range f.e.reductions {
		each := f.e.outputs[o].accSize / items
		f.accBase[o] = at - first*each
		at += count * each
	}
}

// reduce folds a tile into an output's accumulators.
func (f *frame) reduce(o int, t *tile, acc []float64) {
	e := f.e
	out := &e.outputs[o]
	x := f.slots[out.slot]
	last := len(e.outer)
	perColumn := out.accStrides[last] != 0
	if allZero(out.accStrides[:last]) {
		f.reduceRows(out, x, acc[f.accBase[o]:], t, t.rows, 0, perColumn)
		return
	}
	for row, left := t.row, t.rows; left > 0; {
		rows, stride := e.run(row, left, out.accStrides)
		at := f.accBase[o] + e.rowOffset(row, out.accStrides)
		f.reduceRows(out, x, acc[at:], t, rows, stride, perColumn)
		x = unsafe.Add(x, rows*t.cols*e.size)
		row, left = row+rows, left-rows
	}
}

// reduceRows folds rows of a tile; the accumulators of successive rows are stride apart.
func (f *frame) reduceRows(out *result, x unsafe.Pointer, acc []float64, t *tile, rows, stride int, perColumn bool) {
	column := out.Kind.column(f.e.kernels)
	rowBytes := t.cols * f.e.size
	switch {
	case perColumn && (stride == 0 || rows == 1) && (t.cols >= laneVector || rows == 1):
		column(&acc[t.col], (*byte)(x), rows, t.cols, t.cols)
	case perColumn && stride == 0:
		f.reduceNarrow(out.Kind, column, acc, x, rows, t.cols)
	case perColumn:
		for r := range rows {
			column(&acc[r*stride+t.col], (*byte)(unsafe.Add(x, r*rowBytes)), 1, t.cols, t.cols)
		}
	case stride == 0:
		f.reduceNarrow(out.Kind, column, acc, x, rows*t.cols, 1)
	default:
		for r := range rows {
			f.reduceNarrow(out.Kind, column, acc[r*stride:], unsafe.Add(x, r*rowBytes), t.cols, 1)
		}
	}
}

// reduceNarrow folds rows of few columns into acc[:cols]: as many rows at once as fit the lanes.
func (f *frame) reduceNarrow(kind Reduction, column vec.ColumnKernel, acc []float64, x unsafe.Pointer, rows, cols int) {
	n := rows * cols
	width := min(laneRows(n, cols), rows) * cols
	lanes := f.lanes[:width]
	for i, id := 0, kind.identity(); i < width; i++ {
		lanes[i] = id
	}
	column(&lanes[0], (*byte)(x), n/width, width, width)
	if rest := n % width; rest > 0 {
		column(&lanes[0], (*byte)(unsafe.Add(x, (n-rest)*f.e.size)), 1, rest, rest)
	}
	// Halves are folded while the rows in the lanes are even in number, what remains row by row.
	for width > cols && width/cols%2 == 0 {
		width /= 2
		kind.foldInto(lanes[:width], lanes[width:])
	}
	for at := 0; at < width; at += cols {
		kind.foldInto(acc[:cols], lanes[at:])
	}
}

// laneRows is how many rows of so many columns, of n elements in all, are best reduced side by side: as many as make
// up whole vectors, without costing more to fold than they save.
func laneRows(n, cols int) int {
	switch {
	case cols == 1 && n >= 256:
		return 32
	case laneVector%cols == 0 || cols*laneVector <= laneCount:
		return laneVector / common(cols, laneVector)
	}
	return 4 / common(cols, 4)
}

// laneVector is how many columns the kernels fold in one step.
const laneVector = 16

// common is the largest power of two that divides a and is at most b, a power of two.
func common(a, b int) int { return min(a&-a, b) }

// foldInto is acc[i] = acc[i] ⊕ x[i].
func (r Reduction) foldInto(acc, x []float64) {
	x = x[:len(acc)]
	if r == ReduceSum {
		for i := range acc {
			acc[i] += x[i]
		}
		return
	}
	for i := range acc {
		acc[i] = r.fold(acc[i], x[i])
	}
}
