package amx

import (
	"sync"

	"github.com/klauspost/cpuid/v2"
)

// needs lists what the processor must have, in the words of its maker.
var needs = []cpuid.FeatureID{cpuid.OSXSAVE, cpuid.AMXTILE, cpuid.AMXBF16}

// tileState is the two bits of XCR0 for the tiles' configuration and their data.
const tileState = 1<<17 | 1<<18

// Missing says what keeps tiles from running here: "assembly (this build has none)", the names of processor features,
// what the operating system refuses, or that a product came out wrong. It is empty exactly where Tiles works. The first
// call asks the operating system for tiles on behalf of the process, if nothing else is missing, and multiplies two
// small matrices with them; the answer stays.
func Missing() []string { return missing() }

var missing = sync.OnceValue(func() []string {
	if !assembly {
		return []string{"assembly (this build has none)"}
	}
	var names []string
	for _, f := range needs {
		if !cpuid.CPU.Supports(f) {
			names = append(names, f.String())
		}
	}
	if len(names) > 0 {
		return names
	}
	if enabledState()&tileState != tileState {
		return []string{"tile state (the operating system does not keep it)"}
	}
	if err := request(); err != nil {
		return []string{err.Error()}
	}
	if !agree(&tileKernel, &portableKernel) {
		return []string{"right products (tiles differ from the portable kernel)"}
	}
	return nil
})

// agree reports whether two kernels compute the same product but for rounding: blocks that are full and those that are not.
func agree(x, y *Kernel) bool {
	const m, n, tiles, ldc = 3*RowsA - 5, ColumnsB - 3, 2, ColumnsB
	a, b := make([]uint16, PackedSizeA(m, tiles*Depth)), make([]uint16, PackedSizeB(tiles*Depth, n))
	for i := range a {
		a[i] = uint16(0x3f80 + i*37%128) // 1 to 2
	}
	for i := range b {
		b[i] = uint16(0x3f80 + i*53%128 + i%3%2<<15) // a third of them negative
	}
	var of [2][m * ldc]float32
	for i, g := range []*Kernel{x, y} {
		g.Panel(m, n, tiles, &a[0], tiles*tileA, &b[0], &of[i][0], ldc, true)
	}
	const bound = 4 * tiles * Depth * 0x1p-20 // the products' sum of sizes, times what rounding may do to it
	for i, v := range of[0] {
		if d := v - of[1][i]; !(d <= bound && d >= -bound) {
			return false
		}
	}
	return true
}
