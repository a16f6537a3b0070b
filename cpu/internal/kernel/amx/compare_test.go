package amx

import (
	"testing"
	"unsafe"
)

// A kernel that computes something else is found out, by one product or by an element beside the block.
func TestCompare(t *testing.T) {
	if difference := compare(&portableKernel, &portableKernel); difference != "" {
		t.Error("the portable kernel differs from itself:", difference)
	}
	type panel = func(rows, cols, tiles int, a *uint16, panelA int, b *uint16, c *float32, ldc int, accumulate bool)
	for name, wrong := range map[string]panel{
		"a sum that is not one": func(rows, cols, tiles int, a *uint16, panelA int, b *uint16, c *float32, ldc int, accumulate bool) {
			portable(rows, cols, tiles, a, panelA, b, c, ldc, accumulate)
			*c += 1
		},
		"an element beside the block": func(rows, cols, tiles int, a *uint16, panelA int, b *uint16, c *float32, ldc int, accumulate bool) {
			portable(rows, cols, tiles, a, panelA, b, c, ldc, accumulate)
			*after(c, cols) = 0.5
		},
		"fewer tiles": func(rows, cols, tiles int, a *uint16, panelA int, b *uint16, c *float32, ldc int, accumulate bool) {
			portable(rows, cols, tiles-1, a, panelA, b, c, ldc, accumulate)
		},
		"a block less": func(rows, cols, tiles int, a *uint16, panelA int, b *uint16, c *float32, ldc int, accumulate bool) {
			if rows > RowsA {
				portable(rows-RowsA, cols, tiles, a, panelA, b, c, ldc, accumulate)
			}
		},
		"one panel of A for all rows": func(rows, cols, tiles int, a *uint16, _ int, b *uint16, c *float32, ldc int, accumulate bool) {
			portable(rows, cols, tiles, a, 0, b, c, ldc, accumulate)
		},
		"the first tile of A twice": func(rows, cols, tiles int, a *uint16, panelA int, b *uint16, c *float32, ldc int, accumulate bool) {
			portable(rows, cols, 1, a, panelA, b, c, ldc, accumulate)
			portable(rows, cols, 1, a, panelA, after(b, tileB), c, ldc, true)
		},
		"rows of two panels exchanged": func(rows, cols, tiles int, a *uint16, panelA int, b *uint16, c *float32, ldc int, accumulate bool) {
			if rows <= 2*RowsA {
				portable(rows, cols, tiles, a, panelA, b, c, ldc, accumulate)
				return
			}
			portable(RowsA, cols, tiles, after(a, panelA), panelA, b, c, ldc, accumulate)
			portable(RowsA, cols, tiles, a, panelA, b, after(c, RowsA*ldc), ldc, accumulate)
			portable(rows-2*RowsA, cols, tiles, after(a, 2*panelA), panelA, b, after(c, 2*RowsA*ldc), ldc, accumulate)
		},
		"never accumulates": func(rows, cols, tiles int, a *uint16, panelA int, b *uint16, c *float32, ldc int, _ bool) {
			portable(rows, cols, tiles, a, panelA, b, c, ldc, false)
		},
		"always accumulates": func(rows, cols, tiles int, a *uint16, panelA int, b *uint16, c *float32, ldc int, _ bool) {
			portable(rows, cols, tiles, a, panelA, b, c, ldc, true)
		},
		"narrow blocks by another's columns": func(rows, cols, tiles int, a *uint16, panelA int, b *uint16, c *float32, ldc int, accumulate bool) {
			portable(rows, max(cols, ColumnsB/2+1), tiles, a, panelA, b, c, ldc, accumulate)
		},
	} {
		if compare(&Kernel{Name: "wrong", panel: wrong}, &portableKernel) == "" {
			t.Errorf("%s: not found out", name)
		}
	}
}

// after is the element that lies n behind p.
func after[T any](p *T, n int) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(p), n*int(unsafe.Sizeof(*p))))
}
