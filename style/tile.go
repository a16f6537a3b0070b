package style

import "fmt"

// Tile says how a picture is cut when its features do not fit into memory. Cutting changes nothing but rounding: a tile is
// computed with as much of its surroundings as its features see, sums over positions are added up over tiles, and each tile
// is differentiated against the sums of the whole picture.
type Tile struct {
	Side int // pixels of a tile's side without surroundings; zero means the whole picture at once
	// Keep keeps the content picture's features of every tile, which are computed anew at each evaluation otherwise. The
	// whole picture's are kept in any case.
	Keep bool
}

// layout is the tiles of a picture of h by w pixels. Windows have one size, so one graph serves all.
type layout struct {
	h, w             int
	windowH, windowW int
	tiles            []window
	stride           int // the largest of the layers'
}

// window is a tile: it computes pixels from (top, left) on, and owns those from (y0, x0) to before (y1, x1).
type window struct {
	top, left      int
	y0, x0, y1, x1 int
}

// newLayout cuts a picture for the layers that are used.
func newLayout(layers []Layer, h, w int, tile Tile) (layout, error) {
	stride, receptive := 1, 1
	for _, l := range layers {
		stride, receptive = max(stride, l.Stride), max(receptive, l.Receptive)
	}
	l := layout{h: h, w: w, windowH: h, windowW: w, stride: stride}
	if tile.Side < 0 || tile.Side > maxSide {
		return l, fmt.Errorf("style: tiles of %d pixels: want 1 to %d, or 0 for none", tile.Side, maxSide)
	}
	side := (tile.Side + stride - 1) / stride * stride
	halo := ((receptive+1)/2 + stride - 1) / stride * stride
	rows, windowH := spans(h, side, halo, stride)
	cols, windowW := spans(w, side, halo, stride)
	l.windowH, l.windowW = windowH, windowW
	for _, r := range rows {
		for _, c := range cols {
			l.tiles = append(l.tiles, window{top: r.start, left: c.start, y0: r.from, y1: r.to, x0: c.from, x1: c.to})
		}
	}
	return l, nil
}

// span is a tile along one axis.
type span struct{ start, from, to int }

// spans cuts n pixels into equal windows, of which tiles of at most side keep a halo to each side; the first and the last
// own what is the picture's edge too. Windows begin at multiples of the stride, so that positions of a window are positions
// of the picture; the last ends where the picture does.
func spans(n, side, halo, stride int) (all []span, window int) {
	rest := n % stride
	if side == 0 || side+2*halo+rest >= n {
		return []span{{0, 0, n}}, n
	}
	count := (n - 2*halo + side - 1) / side
	side = ((n-2*halo+count-1)/count + stride - 1) / stride * stride
	if window = side + 2*halo + rest; window >= n {
		return []span{{0, 0, n}}, n
	}
	for from := 0; from < n; {
		start := min(max(0, from-halo), n-window)
		to := start + halo + side
		if start == n-window {
			to = n
		}
		all = append(all, span{start: start, from: from, to: to})
		from = to
	}
	return all, window
}
