package pool

import (
	"math"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/par"
)

// itemElements is about how much work an item has.
const itemElements = 16 << 10

// MaxForward sets y to the largest pixel of each window, channel by channel: NaN if one is, -Inf if there is none.
func MaxForward(p *par.Pool, l isa.Level, s Spec, x, y []float32) {
	s.checkMemory(x, y)
	forward(p, levels[l].max, s, x, y, float32(math.Inf(-1)))
}

// SumForward sets y to the sum of the pixels of each window.
func SumForward(p *par.Pool, l isa.Level, s Spec, x, y []float32) {
	s.checkMemory(x, y)
	forward(p, levels[l].sum, s, x, y, 0)
}

func forward(p *par.Pool, fold foldFunc, s Spec, x, y []float32, empty float32) {
	rows := s.N * s.OH
	if len(y) == 0 {
		return
	}
	perItem := max(itemElements/max(s.OW*s.C*max(s.StrideH*s.StrideW, 1), 1), 1)
	p.For((rows+perItem-1)/perItem, func(_, item int) {
		for row := item * perItem; row < min((item+1)*perItem, rows); row++ {
			s.forwardRow(fold, x, y[row*s.OW*s.C:(row+1)*s.OW*s.C], row/s.OH, row%s.OH, empty)
		}
	})
}

// forwardRow computes one row of windows of picture n.
func (s *Spec) forwardRow(fold foldFunc, x, y []float32, n, oh int, empty float32) {
	top, kh := span(oh*s.StrideH-s.PadTop, s.KH, s.H)
	line := x[min((n*s.H+top)*s.W*s.C, len(x)):]
	if kh == 0 {
		fill(y, empty)
		return
	}
	lo, hi := interior(s.OW, s.StrideW, s.PadLeft, s.KW, s.W)
	for ow := 0; ow < s.OW; ow++ {
		if ow == lo && lo < hi {
			fold(&y[lo*s.C], &line[(lo*s.StrideW-s.PadLeft)*s.C], hi-lo, s.C, kh, s.KW, s.W*s.C, s.StrideW*s.C)
			ow = hi - 1
			continue
		}
		left, kw := span(ow*s.StrideW-s.PadLeft, s.KW, s.W)
		if kw == 0 {
			fill(y[ow*s.C:(ow+1)*s.C], empty)
			continue
		}
		fold(&y[ow*s.C], &line[left*s.C], 1, s.C, kh, kw, s.W*s.C, 0)
	}
}

func fill(y []float32, v float32) {
	for i := range y {
		y[i] = v
	}
}
