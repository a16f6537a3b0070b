package pool

import (
	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/par"
)

// channelsPerItem is how many channels an item has where windows overlap from row to row, so that a picture's rows
// are one item's.
const channelsPerItem = 16

// MaxBackward sets dx to the gradient of MaxForward: dy of every window is added to its largest pixel, the first NaN
// if there is one, else the first of equal ones in row-major order. Windows follow each other row by row.
func MaxBackward(p *par.Pool, l isa.Level, s Spec, x, dy, dx []float32) {
	s.checkMemory(x, dy)
	s.checkMemory(dx, dy)
	if len(dx) == 0 {
		return
	}
	scatter := levels[l].scatterMax
	if s.KH <= s.StrideH {
		s.backwardByRows(p, scatter, x, dy, dx)
		return
	}
	groups := (s.C + channelsPerItem - 1) / channelsPerItem
	p.For(s.N*groups, func(_, item int) {
		n, c := item/groups, item%groups*channelsPerItem
		channels := min(channelsPerItem, s.C-c)
		for pixel := n * s.H * s.W; pixel < (n+1)*s.H*s.W; pixel++ {
			clear(dx[pixel*s.C+c : pixel*s.C+c+channels])
		}
		for oh := range s.OH {
			s.backwardRow(scatter, x, dy, dx, n, oh, c, channels)
		}
	})
}

// backwardByRows is for windows that do not overlap from row to row: items own rows of x.
func (s *Spec) backwardByRows(p *par.Pool, scatter scatterFunc, x, dy, dx []float32) {
	perItem := max(itemElements/max(s.W*s.C*s.StrideH, 1), 1)
	items := (s.OH + perItem - 1) / perItem
	items = max(items, 1)
	p.For(s.N*items, func(_, item int) {
		n, part := item/items, item%items
		lo, hi := part*perItem, min((part+1)*perItem, s.OH)
		for oh := lo; oh < hi; oh++ {
			from, to := s.rowsOf(oh)
			clear(dx[(n*s.H+from)*s.W*s.C : (n*s.H+to)*s.W*s.C])
			s.backwardRow(scatter, x, dy, dx, n, oh, 0, s.C)
		}
		if s.OH == 0 {
			clear(dx[n*s.H*s.W*s.C : (n+1)*s.H*s.W*s.C])
		}
	})
}

// rowsOf shares out the rows of x among the rows of windows: each row goes to the last window that begins at or
// above it, the first ones to the first.
func (s *Spec) rowsOf(oh int) (from, to int) {
	if oh > 0 {
		from = min(max(oh*s.StrideH-s.PadTop, 0), s.H)
	}
	to = s.H
	if oh < s.OH-1 {
		to = min(max((oh+1)*s.StrideH-s.PadTop, 0), s.H)
	}
	return from, to
}

// backwardRow passes back the gradient of one row of windows, for some channels.
func (s *Spec) backwardRow(scatter scatterFunc, x, dy, dx []float32, n, oh, c, channels int) {
	top, kh := span(oh*s.StrideH-s.PadTop, s.KH, s.H)
	if kh == 0 {
		return
	}
	base, row := (n*s.H+top)*s.W*s.C+c, (n*s.OH+oh)*s.OW*s.C+c
	run := func(ow, pixels, left, kw int) {
		o := base + left*s.C
		scatter(&dx[o], &x[o], &dy[row+ow*s.C], pixels, channels, kh, kw, s.W*s.C, s.C, s.StrideW*s.C, s.C)
	}
	lo, hi := interior(s.OW, s.StrideW, s.PadLeft, s.KW, s.W)
	for ow := 0; ow < s.OW; ow++ {
		if ow == lo && lo < hi {
			run(lo, hi-lo, lo*s.StrideW-s.PadLeft, s.KW)
			ow = hi - 1
			continue
		}
		if left, kw := span(ow*s.StrideW-s.PadLeft, s.KW, s.W); kw > 0 {
			run(ow, 1, left, kw)
		}
	}
}

// SumBackward sets dx to the gradient of SumForward: every pixel gets the sum of dy over the windows it is in.
func SumBackward(p *par.Pool, l isa.Level, s Spec, dy, dx []float32) {
	s.checkMemory(dx, dy)
	if len(dx) == 0 {
		return
	}
	sum := levels[l].sum
	rows := s.N * s.H
	perItem := max(itemElements/max(s.W*s.C, 1), 1)
	p.For((rows+perItem-1)/perItem, func(_, item int) {
		for row := item * perItem; row < min((item+1)*perItem, rows); row++ {
			s.sumBackwardRow(sum, dy, dx[row*s.W*s.C:(row+1)*s.W*s.C], row/s.H, row%s.H)
		}
	})
}

func (s *Spec) sumBackwardRow(sum foldFunc, dy, dx []float32, n, h int) {
	top, kh := covering(h+s.PadTop, s.KH, s.StrideH, s.OH)
	line := dy[min((n*s.OH+top)*s.OW*s.C, len(dy)):]
	for w := 0; w < s.W; {
		left, kw := covering(w+s.PadLeft, s.KW, s.StrideW, s.OW)
		if kh == 0 || kw == 0 {
			clear(dx[w*s.C : (w+1)*s.C])
			w++
			continue
		}
		pixels := s.sameCover(w, left, kw)
		sum(&dx[w*s.C], &line[left*s.C], pixels, s.C, kh, kw, s.OW*s.C, s.C)
		w += pixels
	}
}

// sameCover is how many pixels from w on are each in kw windows that begin one further than the pixel's before.
func (s *Spec) sameCover(w, left, kw int) int {
	if s.StrideW != 1 {
		return 1
	}
	pixels := 1
	for w+pixels < s.W {
		if l, k := covering(w+pixels+s.PadLeft, s.KW, 1, s.OW); l != left+pixels || k != kw {
			break
		}
		pixels++
	}
	return pixels
}

// covering returns the windows of n, stride apart, of the given size, that cover a position.
func covering(position, size, stride, n int) (first, count int) {
	if position < 0 {
		return 0, 0
	}
	if position >= size {
		first = (position-size)/stride + 1
	}
	first = min(first, n)
	return first, max(min(position/stride+1, n)-first, 0)
}
