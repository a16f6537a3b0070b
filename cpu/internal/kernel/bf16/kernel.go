package bf16

import (
	"math"
	"unsafe"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/kernel/amx"
)

// The format's sizes; see the package's documentation.
const (
	// MR is the rows of a panel of A, NR the columns of a panel of B, Depth the steps of k of a tile.
	MR, NR, Depth = amx.RowsA, amx.ColumnsB, amx.Depth
	tileA         = MR * Depth // elements
	tileB         = NR * Depth
)

// Kernel is a micro-kernel and the packing that serves it.
type Kernel struct {
	Name string
	ISA  isa.Level
	// Missing says what keeps it from running here; it is empty where it can run.
	Missing func() []string
	// Speed is how many products it forms in the time that the level's float32 kernel takes for one.
	Speed int
	// Rows is how many rows of C it computes at once, a multiple of MR. Other numbers of rows leave a rest, which takes
	// as long.
	Rows int

	multiplier multiplier
	// tiles multiplies panels where multiplier is tdpbf16ps. It is a function because looking for tiles asks the operating
	// system for them.
	tiles func() *amx.Kernel
}

// multiplier names a kernel's instructions.
type multiplier int

const (
	portable multiplier = iota
	vdpbf16ps
	tdpbf16ps
)

// Kernels has every kernel, the preferred one of a level last.
var Kernels = []*Kernel{
	{Name: "bf16 portable", ISA: isa.Portable, Missing: isa.Portable.Missing, Speed: 1, Rows: MR, multiplier: portable},
	{Name: "bf16 avx512", ISA: isa.AVX512, Missing: isa.MissingBF16, Speed: 2, Rows: MR, multiplier: vdpbf16ps},
	{Name: "bf16 amx", ISA: isa.AVX512, Missing: missingTiles, Speed: 16, Rows: 2 * MR, multiplier: tdpbf16ps, tiles: amx.Tiles},
}

// PortableTiles multiplies as tiles do, in Go alone. No level prefers it: it has tests cut products on every machine as
// they are cut for tiles.
var PortableTiles = &Kernel{
	Name: "bf16 tiles in Go", ISA: isa.Portable, Missing: isa.Portable.Missing, Speed: 16, Rows: 2 * MR,
	multiplier: tdpbf16ps, tiles: amx.Portable,
}

// Tiled reports whether a kernel multiplies tile by tile: so fast that what surrounds a product takes a large part of its time.
func (g *Kernel) Tiled() bool { return g.multiplier == tdpbf16ps }

// missingTiles says what keeps AMX from running here, or the packing for it, which is AVX512-BF16's. The first call asks
// the operating system for tiles where the processor has them.
func missingTiles() []string {
	if missing := isa.MissingBF16(); len(missing) > 0 {
		return missing
	}
	return amx.Missing()
}

// For returns the kernel of a level, or nil where this machine has none for it.
func For(l isa.Level) *Kernel {
	var best *Kernel
	for _, k := range Kernels {
		if k.ISA == l && len(k.Missing()) == 0 {
			best = k
		}
	}
	return best
}

// panel is the micro-kernel of vectors; see the package's documentation. Nothing is checked.
func (g *Kernel) panel(rows, tiles int, a, b *uint16, c *float32, ldc int, accumulate bool) {
	switch g.multiplier { // not a function of the table: what it is given would escape
	case portable:
		panelPortable(rows, tiles, a, b, c, ldc, accumulate)
	case vdpbf16ps:
		panelAVX512(rows, tiles, a, b, c, ldc, accumulate)
	default:
		panic("bf16: tiles have panels of their own")
	}
}

// Limit does a number of rounds of the kernel's instruction on registers alone, and returns how many multiplications that
// were: what no product can exceed. rounds is at least 1. PortableTiles has none.
func (g *Kernel) Limit(rounds int) (multiplications int) {
	switch g.multiplier {
	case vdpbf16ps:
		return limitAVX512Of(rounds)
	case tdpbf16ps:
		return amx.Limit(rounds)
	}
	var sums [NR]float32
	var x [Depth]uint16
	var b [tileB]uint16
	for range rounds {
		rowPortable(&sums, &x, &b)
	}
	return rounds * tileB
}

// Tiles is the tiles that k steps take.
func Tiles(k int) int { return ceilDiv(k, Depth) }

// SizeA is the elements of packed A.
func SizeA(m, k int) int { return amx.PackedSizeA(m, k) }

// SizeB is the elements of packed B.
func SizeB(k, n int) int { return amx.PackedSizeB(k, n) }

// Block computes C (+)= A·B for packed operands on the calling goroutine, C's element (i,j) at c[i*ldc+j]. It touches
// no element of c outside the m×n that the shape names. m, n and k are at least 1. It panics when a slice is too short.
func (g *Kernel) Block(m, n, k int, a, b []uint16, c []float32, ldc int, accumulate bool) {
	g.Panels(m, n, k, a, b, Tiles(k)*tileB, c, ldc, accumulate, full)
}

// full is a diagonal that leaves nothing out.
const full = math.MinInt / 2

// Panels is Block for panels of B that begin apart elements after each other. Rows of a panel that lie wholly below
// the diagonal, which passes column diagonal of row 0, are left out.
func (g *Kernel) Panels(m, n, k int, a, b []uint16, apart int, c []float32, ldc int, accumulate bool, diagonal int) {
	tiles := Tiles(k)
	if len(a) < ceilDiv(m, MR)*tiles*tileA || len(b) < (ceilDiv(n, NR)-1)*apart+tiles*tileB || len(c) < (m-1)*ldc+n {
		panic("bf16: Block: a slice is too short")
	}
	rowsOf := func(j int) int { return min(m, max(0, j+NR-diagonal)) }
	count := 1 // panels of as many rows
	for j := 0; j < n; j += count * NR {
		rows, columns := rowsOf(j), min(NR, n-j)
		if count = 1; rows == 0 {
			continue
		}
		panel := unsafe.SliceData(b[j/NR*apart:])
		switch {
		case g.Tiled():
			for columns == NR && j+(count+1)*NR <= n && rowsOf(j+count*NR) == rows {
				count++
			}
			g.tiles().Panels(count, rows, columns, tiles, unsafe.SliceData(a), tiles*tileA, panel, apart, &c[j], ldc, accumulate)
		case columns == NR:
			g.panel(rows, tiles, unsafe.SliceData(a), panel, &c[j], ldc, accumulate)
		default:
			g.edge(rows, columns, tiles, a, panel, c[j:], ldc, accumulate)
		}
	}
}

// edge multiplies with a panel of few columns, a panel of rows at a time.
func (g *Kernel) edge(m, columns, tiles int, a []uint16, panel *uint16, c []float32, ldc int, accumulate bool) {
	var sums [MR * NR]float32
	for i := 0; i < m; i += MR {
		rows := min(MR, m-i)
		g.panel(rows, tiles, unsafe.SliceData(a[i/MR*tiles*tileA:]), panel, &sums[0], NR, false)
		put(c[i*ldc:], ldc, sums[:], rows, columns, accumulate)
	}
}

// put writes rows of a block of sums, NR apart, to c.
func put(c []float32, ldc int, sums []float32, rows, columns int, accumulate bool) {
	for i := range rows {
		to, from := c[i*ldc:][:columns], sums[i*NR:][:columns]
		if !accumulate {
			copy(to, from)
			continue
		}
		for j, s := range from {
			to[j] += s
		}
	}
}

func ceilDiv(x, by int) int { return (x + by - 1) / by }
