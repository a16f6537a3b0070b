package conv

// A grid is a set of output pixels that all have the same taps: every pixel of a forward convolution; of an input
// gradient those with the same remainder of row and column by the stride, since only those taps that step on them
// contribute. Position (r, q) of the grid is the pixel (row0 + r·rowStep, col0 + q·colStep) and reads the source at
// (r·srcH + tap.dy, q·srcW + tap.dx).
type grid struct {
	rows, cols       int
	row0, col0       int
	rowStep, colStep int
	srcH, srcW       int
	taps             []tap
	blocks           []depthBlock
}

// tap is a position of the kernel: where it reads the source, and its index i·KW+j.
type tap struct{ dy, dx, k int }

// depthBlock is the part of the sum that one matrix product adds: depth rows of the kernel matrix, gathered by pieces.
type depthBlock struct {
	depth  int
	pieces []piece
	// packed is where its kernel matrices start in the packed kernel, one after the other by group.
	packed int
}

// piece is a run of the sum that is contiguous in the source: channels [c, c+n) of a tap, or all channels of several
// taps side by side.
type piece struct {
	dy, dx int   // of the first tap
	ks     []int // the taps' places in the kernel
	c, n   int   // n is for each tap
}

func (p *piece) depth() int { return len(p.ks) * p.n }

// grids are those of a forward convolution or an input gradient, without empty ones.
func (s Spec) grids() []grid {
	if s.Form == Forward {
		g := grid{rows: s.OH, cols: s.OW, rowStep: 1, colStep: 1, srcH: s.StrideH, srcW: s.StrideW}
		for i := range s.KH {
			for j := range s.KW {
				g.taps = append(g.taps, tap{i*s.DilationH - s.PadTop, j*s.DilationW - s.PadLeft, i*s.KW + j})
			}
		}
		return []grid{g}
	}
	var gs []grid
	for row := range min(s.StrideH, s.H) {
		for col := range min(s.StrideW, s.W) {
			gs = append(gs, s.phase(row, col))
		}
	}
	return gs
}

// phase is the grid of an input gradient's pixels (row + r·StrideH, col + q·StrideW).
func (s Spec) phase(row, col int) grid {
	g := grid{
		rows: ceilDiv(s.H-row, s.StrideH), cols: ceilDiv(s.W-col, s.StrideW),
		row0: row, col0: col, rowStep: s.StrideH, colStep: s.StrideW, srcH: 1, srcW: 1,
	}
	// Taps are taken backwards, so that their columns in the source ascend.
	for i := s.KH - 1; i >= 0; i-- {
		y := row + s.PadTop - i*s.DilationH
		if floorMod(y, s.StrideH) != 0 {
			continue
		}
		for j := s.KW - 1; j >= 0; j-- {
			x := col + s.PadLeft - j*s.DilationW
			if floorMod(x, s.StrideW) == 0 {
				g.taps = append(g.taps, tap{floorDiv(y, s.StrideH), floorDiv(x, s.StrideW), i*s.KW + j})
			}
		}
	}
	return g
}

// cut divides a grid's sum over taps and channels into blocks of about depth, near equal in size. merge allows pieces
// of several taps; then the channels must be all channels of the source.
func (g *grid) cut(channels, depth int, merge bool) {
	total := len(g.taps) * channels
	if total == 0 {
		return
	}
	target := ceilDiv(total, ceilDiv(total, depth))
	part := ceilDiv(channels, ceilDiv(channels, depth))
	var b depthBlock
	for _, t := range g.taps {
		for c := 0; c < channels; c += part {
			p := piece{dy: t.dy, dx: t.dx, ks: []int{t.k}, c: c, n: min(part, channels-c)}
			if b.depth > 0 && b.depth+p.n > max(target, part) {
				g.blocks = append(g.blocks, b)
				b = depthBlock{}
			}
			b.add(p, merge && p.n == channels)
		}
	}
	g.blocks = append(g.blocks, b)
}

// fill is cut into as few blocks of at most depth as there can be, of equal numbers of parts of a tap. It is for products
// that are so fast that adding a block to the sums costs as much as some of it.
func (g *grid) fill(channels, depth int, merge bool) {
	perTap := ceilDiv(channels, depth)
	part := ceilDiv(channels, perTap)
	parts := len(g.taps) * perTap
	if parts == 0 {
		return
	}
	perBlock := ceilDiv(parts, ceilDiv(parts, depth/part))
	var b depthBlock
	inBlock := 0
	for _, t := range g.taps {
		for c := 0; c < channels; c += part {
			if inBlock == perBlock {
				g.blocks = append(g.blocks, b)
				b, inBlock = depthBlock{}, 0
			}
			n := min(part, channels-c)
			b.add(piece{dy: t.dy, dx: t.dx, ks: []int{t.k}, c: c, n: n}, merge && n == channels)
			inBlock++
		}
	}
	g.blocks = append(g.blocks, b)
}

// cutPieces cuts pieces, in their order, so that none is wider than width.
func cutPieces(pieces []piece, width int) []piece {
	var cut []piece
	for _, p := range pieces {
		taps := max(1, width/p.n)
		for t := 0; t < len(p.ks); t += taps {
			ks := p.ks[t:min(t+taps, len(p.ks))]
			for c := 0; c < p.n; c += width {
				cut = append(cut, piece{dy: p.dy, dx: p.dx + t, ks: ks, c: p.c + c, n: min(width, p.n-c)})
			}
		}
	}
	return cut
}

// add appends a piece of one tap, or lengthens the last piece when merge is set and p continues it.
func (b *depthBlock) add(p piece, merge bool) {
	b.depth += p.n
	if last := len(b.pieces) - 1; merge && last >= 0 {
		l := &b.pieces[last]
		if l.n == p.n && l.dy == p.dy && l.dx+len(l.ks) == p.dx {
			l.ks = append(l.ks, p.ks...)
			return
		}
	}
	b.pieces = append(b.pieces, p)
}
