package conv

import (
	"unsafe"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/kernel/bf16"
)

// lanes are the vector kernels of a level. Each works on width channels at a time in assembly; channels that do not
// fill a vector, and the portable level, go through the Go reference of the same name.
type lanes struct {
	isa   isa.Level
	width int
	// rounds has transform round to bfloat16 what it reads.
	rounds bool
}

func lanesFor(l isa.Level) lanes {
	return lanes{isa: l, width: [...]int{isa.Portable: 0, isa.AVX2: 8, isa.AVX512: 16}[l]}
}

// whole is the part of n channels that fills vectors.
func (l lanes) whole(n int) int {
	if l.width == 0 {
		return 0
	}
	return n &^ (l.width - 1)
}

// taps is dst[c] = Σ_t src[from[t]+c]·k[at[t]+c], t ascending.
func (l lanes) taps(dst, src, k []float32, from, at []int64) {
	whole := l.whole(len(dst))
	if whole > 0 && len(from) > 0 {
		tapsAsm(l.isa, dst[:whole], src, k, from, at)
	} else {
		whole = 0
	}
	tapsPortable(dst, src, k, from, at, whole)
}

// directTileOf is the pixels of a tile of tapTiles, and directPanel its channels.
var directTileOf = [...]int{isa.Portable: 1, isa.AVX2: 3, isa.AVX512: 6}

const directPanel = 32

// tapTiles is taps of n channels for pixels i in [0, pixels), whose taps are at src[i·srcStep+from[t]] and which go to
// dst[i·dstStep].
func (l lanes) tapTiles(dst, src, k []float32, from, at []int64, dstStep, srcStep, pixels, n int) {
	size, whole := directTileOf[l.isa], 0
	if l.width > 0 {
		whole = n / directPanel * directPanel
	}
	tiles := pixels / size
	if tiles > 0 && whole > 0 && len(from) > 0 {
		_ = dst[(pixels-1)*dstStep+n-1]
		for t := range from {
			_, _ = src[int(from[t])+(pixels-1)*srcStep+n-1], k[int(at[t])+n-1]
		}
		tapTilesAsm(l.isa, dst, src, k, from, at, dstStep, srcStep, tiles, whole)
	} else {
		tiles = 0
	}
	for i := range pixels {
		c := 0
		if i < tiles*size {
			c = whole
		}
		if c < n {
			l.taps(dst[i*dstStep+c:][:n-c], src[i*srcStep+c:], k[c:], from, at)
		}
	}
}

// rows is dst[c] += Σ_i x[i·stepX+c]·y[i·stepY+c], i in [0, n) ascending.
func (l lanes) rows(dst, x, y []float32, stepX, stepY, n int) {
	whole := l.whole(len(dst))
	if whole > 0 && n > 0 {
		rowsAsm(l.isa, dst[:whole], x, y, stepX, stepY, n)
	} else {
		whole = 0
	}
	rowsPortable(dst, x, y, stepX, stepY, n, whole)
}

// gradientTaps is how many taps rowTaps sums at once.
const gradientTaps = 3

// rowTaps is rows of n channels for taps t in [0, gradientTaps), which add to dst[t·dstStep] and are at
// x[i·stepX+t·tapStep].
func (l lanes) rowTaps(dst, x, y []float32, dstStep, tapStep, stepX, stepY, pixels, n int) {
	whole := 0
	if l.width > 0 && pixels > 0 {
		whole = n / directPanel * directPanel
	}
	const last = gradientTaps - 1
	if whole > 0 {
		_, _, _ = dst[last*dstStep+n-1], x[(pixels-1)*stepX+last*tapStep+n-1], y[(pixels-1)*stepY+n-1]
		rowTapsAsm(l.isa, dst, x, y, dstStep, tapStep, stepX, stepY, pixels, whole)
	}
	for t := 0; t < gradientTaps && whole < n; t++ {
		l.rows(dst[t*dstStep+whole:][:n-whole], x[t*tapStep+whole:], y[whole:], stepX, stepY, pixels)
	}
}

// sums is dst[i·n+c] = Σ_t src[offsets[t]+i·step+c] for c in [0, n), n at most 8, t ascending. src has 8 elements more
// than are summed.
func (l lanes) sums(dst, src []float32, offsets []int64, step, n int) {
	pixels, i := len(dst)/n, 0
	if l.width > 0 && len(offsets) > 0 {
		// A pixel is written as a vector of 4 or 8, over the pixels after it.
		vector := 4
		if n > 4 {
			vector = 8
		}
		if i = (len(dst)-vector)/n + 1; len(dst) >= vector {
			sumsAsm(dst, src, offsets, step, n, i, vector)
		} else {
			i = 0
		}
	}
	for ; i < pixels; i++ {
		to := dst[i*n:][:n]
		clear(to)
		for _, at := range offsets {
			for c, v := range src[int(at)+i*step:][:n] {
				to[c] += v
			}
		}
	}
}

// copyRows is dst[i·dstStep+j] = src[i·srcStep+j] for i in [0, rows) and j in [0, n).
func (l lanes) copyRows(dst, src []float32, dstStep, srcStep, rows, n int) {
	if rows <= 0 || n <= 0 {
		return
	}
	if l.width > 0 && n >= l.width {
		_, _ = dst[(rows-1)*dstStep+n-1], src[(rows-1)*srcStep+n-1]
		copyRowsAsm(l.isa, dst, src, dstStep, srcStep, rows, n)
		return
	}
	for i := range rows {
		copy(dst[i*dstStep:][:n], src[i*srcStep:][:n])
	}
}

// copyRows is lanes.copyRows of either type: rows of an even number of bfloat16 are rows of float32 half as long.
func copyRows[T bf16.Element](l lanes, dst, src []T, dstStep, srcStep, rows, n int) {
	var element T
	per := 4 / int(unsafe.Sizeof(element)) // elements in a float32
	if (dstStep|srcStep|n)%per == 0 {
		l.copyRows(floatsIn(dst), floatsIn(src), dstStep/per, srcStep/per, rows, n/per)
		return
	}
	for i := range rows {
		copy(dst[i*dstStep:][:n], src[i*srcStep:][:n])
	}
}

// floatsIn is memory as the float32 that fit into it.
func floatsIn[T bf16.Element](x []T) []float32 {
	var element T
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(x))), len(x)*int(unsafe.Sizeof(element))/4)
}

// shallow is y[i·ldy+j] = Σ_t x[i·step+offsets[t]]·k[t,j], t ascending, for whole tiles of pixels i and panels of
// channels j. k holds one panel after the other, tap by tap. Offsets ascend. stream writes y past the caches; it and ldy
// must then be aligned to a cache line.
func (l lanes) shallow(y []float32, ldy int, x []float32, step int, offsets []int64, k []float32, tiles, panels int, stream bool) {
	t := tileOf[l.isa]
	pixels, taps := tiles*t.rows, len(offsets)
	y = y[:(pixels-1)*ldy+panels*t.columns]
	x = x[:(pixels-1)*step+int(offsets[taps-1])+1]
	k = k[:panels*taps*t.columns]
	if l.width > 0 {
		shallowAsm(l.isa, y, ldy, x, step, offsets, k, tiles, panels, stream)
		return
	}
	shallowPortable(y, ldy, x, step, offsets, k, pixels, panels)
}
