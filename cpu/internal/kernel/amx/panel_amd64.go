//go:build !noasm

package amx

import "unsafe"

// assembly says whether this build has the kernels.
const assembly = true

// config is the operand of LDTILECFG.
type config struct {
	palette  uint8 // 1: 8 tiles of 16 rows of 64 bytes
	startRow uint8
	_        [14]byte
	bytes    [8]uint16 // of a row of each tile
	_        [16]byte
	rows     [8]uint8
	_        [8]byte
}

// side is the rows of a tile, and its columns of float32.
const side = 16

// set gives a tile its shape; none to one without rows or columns.
func (c *config) set(tile, rows, cols int) {
	if rows > 0 && cols > 0 {
		c.rows[tile], c.bytes[tile] = uint8(rows), uint16(4*cols)
	}
}

// configure is the configuration for a block of up to 32×32 elements of C: tiles 0 to 3 are its sums, 4 and 5 A's rows,
// 6 and 7 B's columns. A column of A is a pair of bfloat16, as large as a float32.
func configure(rows, cols int) config {
	c := config{palette: 1}
	for half := range 2 {
		r, n := min(side, rows-half*side), min(side, cols-half*side)
		c.set(2*half, r, min(side, cols))
		c.set(2*half+1, r, cols-side)
		c.set(4+half, r, side)
		c.set(6+half, side, n)
	}
	return c
}

// panelsTiles is Kernel.Panels with tiles: all blocks of 32 rows in one call, since configuring tiles takes as long as
// some products, and what is left in another.
func panelsTiles(panels, rows, cols, tiles int, a *uint16, panelA int, b *uint16, panelB int, c *float32, ldc int, accumulate bool) {
	const block = 2 * side
	blocks, rest := rows/block, rows%block
	if blocks > 0 {
		cfg := configure(block, cols)
		run(&cfg, block, cols, panels, blocks, tiles, a, panelA, b, panelB, c, ldc, accumulate)
	}
	if rest > 0 {
		cfg := configure(rest, cols)
		a = (*uint16)(unsafe.Add(unsafe.Pointer(a), 2*(2*blocks*panelA)))
		c = (*float32)(unsafe.Add(unsafe.Pointer(c), 4*(blocks*block*ldc)))
		run(&cfg, rest, cols, panels, 1, tiles, a, panelA, b, panelB, c, ldc, accumulate)
	}
}

// limit is Limit with tiles.
func limit(rounds int) {
	cfg := configure(2*side, 2*side)
	limitBF16AMX((*byte)(unsafe.Pointer(&cfg)), rounds)
}

// pace is how far a kernel's prefetches move on with each tile of k: all of the next panel in the time of this one, but no
// line left out.
func pace(blocks int) int {
	const asked, tile = 5 * 64, 2 * tileB // bytes, of the lines that the kernel asks for at once and of a tile of the panel
	return min(asked, ceilDiv(tile, blocks))
}

// run calls the kernel that has the tiles of a block.
func run(cfg *config, rows, cols, panels, blocks, tiles int, a *uint16, panelA int, b *uint16, panelB int, c *float32, ldc int, accumulate bool) {
	p := (*byte)(unsafe.Pointer(cfg))
	switch {
	case rows > side && cols > side:
		panel32x32BF16AMX(p, panels, blocks, tiles, a, panelA, b, panelB, c, ldc, pace(blocks), accumulate)
	case rows > side:
		panel32x16BF16AMX(p, panels, blocks, tiles, a, panelA, b, panelB, c, ldc, pace(blocks), accumulate)
	case cols > side:
		panel16x32BF16AMX(p, panels, blocks, tiles, a, panelA, b, panelB, c, ldc, pace(blocks), accumulate)
	default:
		panel16x16BF16AMX(p, panels, blocks, tiles, a, panelA, b, panelB, c, ldc, pace(blocks), accumulate)
	}
}
