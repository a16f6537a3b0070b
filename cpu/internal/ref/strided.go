package ref

import "slices"

// tile is the side of the squares in which a transposition is done: two of 64-byte lines of a square fit the L1 cache.
const tile = 32

// stridedCopy copies an array between any two layouts: dst[Σ iₐ·dst_a] = src[Σ iₐ·src_a] for every index i below dims.
// A source stride of 0 repeats, a negative one reverses. Axes are merged and dropped where the layouts allow, so that
// the innermost run is as long as possible.
type stridedCopy struct {
	dims, dst, src []int
	empty          bool
	tiled          bool // the last two axes are transposed
}

func newStridedCopy(dims, dstStrides, srcStrides []int) *stridedCopy {
	c := &stridedCopy{}
	for axis, d := range dims {
		if d == 0 {
			c.empty = true
		}
		if d == 1 {
			continue
		}
		last := len(c.dims) - 1
		if last >= 0 && c.dst[last] == dstStrides[axis]*d && c.src[last] == srcStrides[axis]*d {
			c.dims[last] *= d
			c.dst[last], c.src[last] = dstStrides[axis], srcStrides[axis]
			continue
		}
		c.dims = append(c.dims, d)
		c.dst = append(c.dst, dstStrides[axis])
		c.src = append(c.src, srcStrides[axis])
	}
	c.tiled = c.transpose()
	return c
}

// transpose moves the axis along which the source is contiguous next to the last, where the destination is, and
// reports whether there is one: these two are then copied in tiles.
func (c *stridedCopy) transpose() bool {
	last := len(c.dims) - 1
	if last < 1 || c.dst[last] != 1 || c.src[last] == 1 || c.src[last] == 0 {
		return false
	}
	axis := slices.Index(c.src, 1)
	if axis < 0 {
		return false
	}
	for _, s := range [][]int{c.dims, c.dst, c.src} {
		v := s[axis]
		copy(s[axis:last-1], s[axis+1:last])
		s[last-1] = v
	}
	return true
}

// run copies, element offsets 0 being dstOff and srcOff.
func run[T any](c *stridedCopy, dst []T, dstOff int, src []T, srcOff int) {
	if c.empty {
		return
	}
	if len(c.dims) == 0 {
		dst[dstOff] = src[srcOff]
		return
	}
	inner := 1
	if c.tiled {
		inner = 2
	}
	outer := c.dims[:len(c.dims)-inner]
	index := make([]int, len(outer))
	for {
		if inner == 2 {
			copyTiles(c, dst, dstOff, src, srcOff)
		} else {
			copyRun(c, dst, dstOff, src, srcOff)
		}
		axis := len(outer) - 1
		for ; axis >= 0; axis-- {
			index[axis]++
			dstOff += c.dst[axis]
			srcOff += c.src[axis]
			if index[axis] < outer[axis] {
				break
			}
			dstOff -= c.dst[axis] * outer[axis]
			srcOff -= c.src[axis] * outer[axis]
			index[axis] = 0
		}
		if axis < 0 {
			return
		}
	}
}

func copyRun[T any](c *stridedCopy, dst []T, dstOff int, src []T, srcOff int) {
	last := len(c.dims) - 1
	n, d, s := c.dims[last], c.dst[last], c.src[last]
	switch {
	case d == 1 && s == 1:
		copy(dst[dstOff:dstOff+n], src[srcOff:srcOff+n])
	case d == 1 && s == 0:
		fill(dst[dstOff:dstOff+n], src[srcOff])
	default:
		for range n {
			dst[dstOff] = src[srcOff]
			dstOff += d
			srcOff += s
		}
	}
}

func copyTiles[T any](c *stridedCopy, dst []T, dstOff int, src []T, srcOff int) {
	last := len(c.dims) - 1
	rows, cols := c.dims[last-1], c.dims[last]
	d, s := c.dst[last-1], c.src[last]
	for row := 0; row < rows; row += tile {
		for col := 0; col < cols; col += tile {
			for r := row; r < min(row+tile, rows); r++ {
				line := dst[dstOff+r*d+col:]
				from := srcOff + r + col*s
				for i := range min(tile, cols-col) {
					line[i] = src[from]
					from += s
				}
			}
		}
	}
}
