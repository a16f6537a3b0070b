package amx

// Shapes of the packed operands.
const (
	// RowsA is the rows of a panel of A.
	RowsA = 16
	// ColumnsB is the columns of a panel of B.
	ColumnsB = 32
	// Depth is the steps of k in a tile.
	Depth = 32

	tileA = RowsA * Depth    // elements
	tileB = ColumnsB * Depth // elements of the two tiles of a panel that belong together
)

// Kernel is one way to compute what the package's contract says. What they give differs by rounding at most, and not at all
// where a processor rounds as the package's documentation says.
type Kernel struct {
	Name   string
	panels func(panels, rows, cols, tiles int, a *uint16, panelA int, b *uint16, panelB int, c *float32, ldc int, accumulate bool)
}

var (
	portableKernel = Kernel{Name: "portable", panels: portable}
	tileKernel     = Kernel{Name: "tiles", panels: panelsTiles}
)

// Portable returns the kernel that is Go alone. It runs everywhere and is the reference for the other.
func Portable() *Kernel { return &portableKernel }

// Tiles returns the kernel that uses AMX. It panics where Missing is not empty.
func Tiles() *Kernel {
	if len(Missing()) > 0 {
		panic("amx: no tiles: see Missing")
	}
	return &tileKernel
}

// Panels multiplies rows of A by panels of B, over some tiles of k:
//
//	a: ceil(rows/16) panels, panelA elements apart, of which the first tiles of k are used
//	b: panels, panelB elements apart, of which the first tiles of k are used
//	c: element (i,j) at c[i*ldc+j], ldc >= all columns unless rows is 1
//
// cols is the columns of every panel: 32 where there are several, 1 to 32 of a single one. Elements of c outside of these
// rows and columns are neither read nor written. panels, rows and tiles are at least 1. Nothing is checked: callers vouch
// for the lengths.
func (g *Kernel) Panels(panels, rows, cols, tiles int, a *uint16, panelA int, b *uint16, panelB int, c *float32, ldc int, accumulate bool) {
	g.panels(panels, rows, cols, tiles, a, panelA, b, panelB, c, ldc, accumulate)
}

// Limit forms products of tiles that are never loaded, at least one round of them, and returns how many multiplications of
// bfloat16 these were: what no kernel can exceed. It panics where Missing is not empty.
func Limit(rounds int) (multiplications int) {
	if len(Missing()) > 0 {
		panic("amx: no tiles: see Missing")
	}
	const productsARound = 16
	limit(rounds)
	return rounds * productsARound * RowsA * Depth * ColumnsB / 2
}

// PackedSizeA is the elements of a packed A of m rows and k columns.
func PackedSizeA(m, k int) int { return ceilDiv(m, RowsA) * ceilDiv(k, Depth) * tileA }

// PackedSizeB is the elements of a packed B of k rows and n columns.
func PackedSizeB(k, n int) int { return ceilDiv(n, ColumnsB) * ceilDiv(k, Depth) * tileB }

func ceilDiv(x, y int) int { return (x + y - 1) / y }
