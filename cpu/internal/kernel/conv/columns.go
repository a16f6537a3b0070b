package conv

import (
	"fmt"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gemm"
)

// columns computes input gradients into few channels, such as a picture's three: gather would multiply with a kernel
// matrix of three columns, most of a vector unused. Instead the output gradient's pixels are multiplied with the
// kernel as a matrix [out channels × taps·channels], and each product is added to the pixel that it belongs to.
type columns struct {
	spec       Spec
	g          *gemm.Micro
	width      int // taps·channels
	rows       int // rows of the picture that an item computes
	perPicture int
	mc         int
	packed     int
	perWorker  int
	total      int
}

// The stages of columns.
const (
	columnsPack = iota
	columnsMultiply
)

func newColumns(s Spec, g *gemm.Micro, threads int) *columns {
	a := &columns{spec: s, g: g, width: s.KH * s.KW * s.C}
	// Rows at a block's edge are multiplied for both blocks, so that blocks are some kernels high.
	a.rows = min(s.H, max(16, 4*(s.KH-1)*s.DilationH))
	a.perPicture = ceilDiv(s.H, a.rows)
	a.mc = roundUp(max(24, min(s.OW, cache/4/(4*a.width))), g.MR)
	a.packed = roundUp(g.PackedSizeB(s.O, a.width), 16)
	a.perWorker = roundUp(a.mc*a.width, 16)
	a.total = a.packed + threads*a.perWorker
	return a
}

func (a *columns) String() string { return fmt.Sprintf("columns, %d rows a block", a.rows) }

func (a *columns) scratch() int { return a.total }

func (a *columns) run(t *task) {
	t.each(columnsPack, 1)
	t.each(columnsMultiply, a.spec.N*a.perPicture)
}

func (a *columns) item(t *task, worker, i int) {
	s := a.spec
	if t.stage == columnsPack {
		a.g.PackB(t.scratch, t.b, 1, s.O, s.O, a.width)
		return
	}
	n, first := i/a.perPicture, i%a.perPicture*a.rows
	last := min(first+a.rows, s.H)
	clear(t.out[(n*s.H+first)*s.W*s.C : (n*s.H+last)*s.W*s.C])
	// Rows oh that some tap carries into [first, last).
	lo := max(0, ceilDivSigned(first+s.PadTop-(s.KH-1)*s.DilationH, s.StrideH))
	hi := min(s.OH, floorDiv(last-1+s.PadTop, s.StrideH)+1)
	mine := t.scratch[a.packed+worker*a.perWorker:][:a.perWorker]
	for oh := lo; oh < hi; oh++ {
		for ow := 0; ow < s.OW; ow += a.mc {
			m := min(a.mc, s.OW-ow)
			dy := t.a[((n*s.OH+oh)*s.OW+ow)*s.O:]
			a.g.Block(m, a.width, s.O, dy, s.O, 1, t.scratch, mine, a.width, false)
			a.add(t.out[n*s.H*s.W*s.C:], mine, first, last, oh, ow, m)
		}
	}
	t.done(worker, (n*s.H+first)*s.W, (last-first)*s.W)
}

// ceilDivSigned rounds towards plus infinity.
func ceilDivSigned(x, by int) int { return -floorDiv(-x, by) }

// add adds the products of output positions (oh, ow) to (oh, ow+m) to rows [first, last) of a picture.
func (a *columns) add(dx, products []float32, first, last, oh, ow, m int) {
	s := a.spec
	for i := range s.KH {
		ih := oh*s.StrideH - s.PadTop + i*s.DilationH
		if ih < first || ih >= last {
			continue
		}
		row := dx[ih*s.W*s.C:][:s.W*s.C]
		for r := range m {
			iw := (ow+r)*s.StrideW - s.PadLeft
			from := products[r*a.width+i*s.KW*s.C:][:s.KW*s.C]
			if s.DilationW == 1 && iw >= 0 && iw+s.KW <= s.W {
				addTo(row[iw*s.C:], from)
				continue
			}
			for j := range s.KW {
				if col := iw + j*s.DilationW; col >= 0 && col < s.W {
					addTo(row[col*s.C:], from[j*s.C:][:s.C])
				}
			}
		}
	}
}

// addTo is dst[i] += x[i] for every element of x.
func addTo(dst, x []float32) {
	dst = dst[:len(x)]
	for i, v := range x {
		dst[i] += v
	}
}
