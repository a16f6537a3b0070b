package conv

import (
	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/kernel/bf16"
)

// mapping is one of the linear maps of Winograd's algorithm, applied to the columns and then the rows of a tile, for
// every channel by itself. With the points 0, ±a, ±b and ∞ they turn
type mapping int

const (
	// transformInput: 6x6 pixels of the input into 6x6, Bᵀ·x·B.
	transformInput mapping = iota
	// transformKernel3: a 3x3 kernel into 6x6, G·k·Gᵀ.
	transformKernel3
	// transformKernel4: 4x4 pixels of the output's gradient, as the kernel of a kernel gradient, into 6x6.
	transformKernel4
	// transformOutput4: 6x6 sums of products into 4x4 pixels of the output, Aᵀ·m·A.
	transformOutput4
	// transformOutput3: 6x6 sums of products into a 3x3 kernel's gradient.
	transformOutput3
)

// The points. Both are short binary fractions, so that the maps' constants are exact or nearly so; they keep the
// error at about twice that of the plain sum, where the usual 1 and 2 have four times as much.
const (
	pointA, pointB = 0.625, 1.5
	a2, b2         = pointA * pointA, pointB * pointB
	// Denominators of the kernel's map at 0, ±a and ±b.
	denom0 = a2 * b2
	denomA = 2 * a2 * (a2 - b2)
	denomB = 2 * b2 * (b2 - a2)
)

// sides are those of the tiles before and after.
var sides = [...]struct{ in, out int }{
	transformInput:   {6, 6},
	transformKernel3: {3, 6},
	transformKernel4: {4, 6},
	transformOutput4: {6, 4},
	transformOutput3: {6, 3},
}

// line maps a line of x, which has zeros after its last element.
func (m mapping) line(x, y *[6]float32) {
	switch m {
	case transformInput:
		inputLine(x, y)
	case transformKernel3:
		kernelLine3(x, y)
	case transformKernel4:
		kernelLine4(x, y)
	case transformOutput4:
		outputLine4(x, y)
	case transformOutput3:
		outputLine3(x, y)
	}
}

// tileSums is the elements of memory that lanes.transform needs: a tile of the widest vectors.
const tileSums = 36 * 16

// transform maps one tile of n channels. Element (i, j) of src is at i·srcRow + j·srcCol, of dst at i·dstRow + j·dstCol;
// channels are adjacent. tmp has tileSums elements. With l.rounds pixels and kernels, but not sums, are rounded to
// bfloat16 first.
func (l lanes) transform(m mapping, dst, src []float32, dstRow, dstCol, srcRow, srcCol, n int, tmp []float32) {
	in, out := sides[m].in-1, sides[m].out-1
	if in*(srcRow+srcCol)+n > len(src) || out*(dstRow+dstCol)+n > len(dst) || len(tmp) < tileSums {
		panic("conv: transform: memory is too short for the tile")
	}
	whole, rounds := l.whole(n), l.rounds && m <= transformKernel4
	switch {
	case whole > 0 && rounds && l.isa == isa.AVX512:
		transformRoundedAsm(m, &dst[0], &src[0], dstRow, dstCol, srcRow, srcCol, whole, &tmp[0])
	case rounds:
		whole = 0
	default:
		if whole > 0 {
			transformAsm(l.isa, m, &dst[0], &src[0], dstRow, dstCol, srcRow, srcCol, whole, &tmp[0])
		}
		if half := 8; l.isa == isa.AVX512 && n-whole >= half { // 24 channels are three vectors of AVX2
			transformAsm(isa.AVX2, m, &dst[whole], &src[whole], dstRow, dstCol, srcRow, srcCol, half, &tmp[0])
			whole += half
		}
	}
	transformPortable(m, dst, src, dstRow, dstCol, srcRow, srcCol, whole, n, rounds)
}

// transformPortable is lanes.transform for channels [c0, n).
func transformPortable(m mapping, dst, src []float32, dstRow, dstCol, srcRow, srcCol, c0, n int, rounds bool) {
	t := sides[m]
	var half [6][6]float32
	for c := c0; c < n; c++ {
		var x, y [6]float32
		for j := range t.in {
			for i := range t.in {
				x[i] = src[i*srcRow+j*srcCol+c]
				if rounds {
					x[i] = bf16.Round(x[i])
				}
			}
			m.line(&x, &y)
			for i := range t.out {
				half[i][j] = y[i]
			}
		}
		for i := range t.out {
			m.line(&half[i], &y)
			for j := range t.out {
				dst[i*dstRow+j*dstCol+c] = y[j]
			}
		}
	}
}

func inputLine(x, y *[6]float32) {
	evenA, oddA := x[4]-float32(b2*x[2]), x[3]-float32(b2*x[1])
	evenB, oddB := x[4]-float32(a2*x[2]), x[3]-float32(a2*x[1])
	y[0] = float32(a2*b2*x[0]) - float32((a2+b2)*x[2]) + x[4]
	y[1] = evenA + float32(pointA*oddA)
	y[2] = evenA - float32(pointA*oddA)
	y[3] = evenB + float32(pointB*oddB)
	y[4] = evenB - float32(pointB*oddB)
	y[5] = float32(a2*b2*x[1]) - float32((a2+b2)*x[3]) + x[5]
}

func kernelLine3(x, y *[6]float32) {
	kernelPoints(x, y)
	y[5] = x[2]
}

func kernelLine4(x, y *[6]float32) {
	kernelPoints(x, y)
	y[5] = x[3]
}

// kernelPoints evaluates the polynomial x at the finite points, divided by their denominators.
func kernelPoints(x, y *[6]float32) {
	even := float32(x[0]*(1/denomA)) + float32(x[2]*(a2/denomA))
	odd := float32(x[1]*(pointA/denomA)) + float32(x[3]*(pointA*a2/denomA))
	y[1], y[2] = even+odd, even-odd
	even = float32(x[0]*(1/denomB)) + float32(x[2]*(b2/denomB))
	odd = float32(x[1]*(pointB/denomB)) + float32(x[3]*(pointB*b2/denomB))
	y[3], y[4] = even+odd, even-odd
	y[0] = x[0] * (1 / denom0)
}

func outputLine4(x, y *[6]float32) {
	sumA, difA, sumB, difB := x[1]+x[2], x[1]-x[2], x[3]+x[4], x[3]-x[4]
	y[0] = x[0] + sumA + sumB
	y[1] = float32(pointA*difA) + float32(pointB*difB)
	y[2] = float32(a2*sumA) + float32(b2*sumB)
	y[3] = x[5] + float32(pointA*a2*difA) + float32(pointB*b2*difB)
}

func outputLine3(x, y *[6]float32) {
	sumA, difA, sumB, difB := x[1]+x[2], x[1]-x[2], x[3]+x[4], x[3]-x[4]
	y[0] = x[0] + sumA + sumB
	y[1] = float32(pointA*difA) + float32(pointB*difB)
	y[2] = x[5] + float32(a2*sumA) + float32(b2*sumB)
}
