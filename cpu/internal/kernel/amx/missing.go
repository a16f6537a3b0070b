package amx

import (
	"fmt"
	"sync"

	"github.com/klauspost/cpuid/v2"
)

// needs lists what the processor must have, in the words of its maker.
var needs = []cpuid.FeatureID{cpuid.OSXSAVE, cpuid.AMXTILE, cpuid.AMXBF16}

// tileState is the two bits of XCR0 for the tiles' configuration and their data.
const tileState = 1<<17 | 1<<18

// Missing says what keeps tiles from running here: "assembly (this build has none)", the names of processor features,
// what the operating system refuses, or that a product came out wrong. It is empty exactly where Tiles works. The first
// call asks the operating system for tiles on behalf of the process, if nothing else is missing, and multiplies
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
	if difference := compare(&tileKernel, &portableKernel); difference != "" {
		return []string{"right products (" + difference + ")"}
	}
	return nil
})

// compare is the first element in which the products of two kernels differ, or "". The shapes reach every kernel and
// what is left over of its blocks. Numbers are such that all sums are exact: the order of additions makes no difference.
func compare(x, y *Kernel) string {
	const tiles, ldc = 2, 2*ColumnsB + 1
	for _, rows := range []int{5*RowsA + 4, RowsA - 5} { // two blocks and a rest, or a part of one
		for _, shape := range [][2]int{{1, ColumnsB - 3}, {1, ColumnsB/2 - 7}, {2, ColumnsB}} {
			panels, cols := shape[0], shape[1]
			a, b := make([]uint16, PackedSizeA(rows, tiles*Depth)), make([]uint16, PackedSizeB(tiles*Depth, panels*cols))
			for i := range a {
				a[i] = uint16(0x3f80 + i*37%127) // 1 to 2
			}
			for i := range b {
				b[i] = uint16(0x3f80 + i*53%125 + i%3%2<<15) // a third of them negative
			}
			for _, accumulate := range []bool{false, true} {
				var of [2][]float32
				for k, g := range []*Kernel{x, y} {
					of[k] = make([]float32, rows*ldc)
					for i := range of[k] {
						of[k][i] = float32(i % 61)
					}
					g.Panels(panels, rows, cols, tiles, &a[0], tiles*tileA, &b[0], tiles*tileB, &of[k][0], ldc, accumulate)
				}
				for i, v := range of[0] {
					if v != of[1][i] {
						return fmt.Sprintf("%d by %d: element [%d,%d] is %v by %s and %v by %s", rows, panels*cols, i/ldc, i%ldc, v, x.Name, of[1][i], y.Name)
					}
				}
			}
		}
	}
	return ""
}
