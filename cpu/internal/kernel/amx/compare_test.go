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
			portablePanel(rows, cols, tiles, a, panelA, b, c, ldc, accumulate)
			*c += 1
		},
		"an element beside the block": func(rows, cols, tiles int, a *uint16, panelA int, b *uint16, c *float32, ldc int, accumulate bool) {
			portablePanel(rows, cols, tiles, a, panelA, b, c, ldc, accumulate)
			*after(c, cols) = 0.5
		},
		"fewer tiles": func(rows, cols, tiles int, a *uint16, panelA int, b *uint16, c *float32, ldc int, accumulate bool) {
			portablePanel(rows, cols, tiles-1, a, panelA, b, c, ldc, accumulate)
		},
		"a block less": func(rows, cols, tiles int, a *uint16, panelA int, b *uint16, c *float32, ldc int, accumulate bool) {
			if rows > RowsA {
				portablePanel(rows-RowsA, cols, tiles, a, panelA, b, c, ldc, accumulate)
			}
		},
		"one panel of A for all rows": func(rows, cols, tiles int, a *uint16, _ int, b *uint16, c *float32, ldc int, accumulate bool) {
			portablePanel(rows, cols, tiles, a, 0, b, c, ldc, accumulate)
		},
		"the first tile of A twice": func(rows, cols, tiles int, a *uint16, panelA int, b *uint16, c *float32, ldc int, accumulate bool) {
			portablePanel(rows, cols, 1, a, panelA, b, c, ldc, accumulate)
			portablePanel(rows, cols, 1, a, panelA, after(b, tileB), c, ldc, true)
		},
		"rows of two panels exchanged": func(rows, cols, tiles int, a *uint16, panelA int, b *uint16, c *float32, ldc int, accumulate bool) {
			if rows <= 2*RowsA {
				portablePanel(rows, cols, tiles, a, panelA, b, c, ldc, accumulate)
				return
			}
			portablePanel(RowsA, cols, tiles, after(a, panelA), panelA, b, c, ldc, accumulate)
			portablePanel(RowsA, cols, tiles, a, panelA, b, after(c, RowsA*ldc), ldc, accumulate)
			portablePanel(rows-2*RowsA, cols, tiles, after(a, 2*panelA), panelA, b, after(c, 2*RowsA*ldc), ldc, accumulate)
		},
		"never accumulates": func(rows, cols, tiles int, a *uint16, panelA int, b *uint16, c *float32, ldc int, _ bool) {
			portablePanel(rows, cols, tiles, a, panelA, b, c, ldc, false)
		},
		"always accumulates": func(rows, cols, tiles int, a *uint16, panelA int, b *uint16, c *float32, ldc int, _ bool) {
			portablePanel(rows, cols, tiles, a, panelA, b, c, ldc, true)
		},
		"narrow blocks by another's columns": func(rows, cols, tiles int, a *uint16, panelA int, b *uint16, c *float32, ldc int, accumulate bool) {
			portablePanel(rows, max(cols, ColumnsB/2+1), tiles, a, panelA, b, c, ldc, accumulate)
		},
	} {
		panels := func(panels, rows, cols, tiles int, a *uint16, panelA int, b *uint16, panelB int, c *float32, ldc int, accumulate bool) {
			for i := range panels {
				wrong(rows, cols, tiles, a, panelA, after(b, i*panelB), after(c, i*ColumnsB), ldc, accumulate)
			}
		}
		if compare(&Kernel{Name: "wrong", panels: panels}, &portableKernel) == "" {
			t.Errorf("%s: not found out", name)
		}
	}
	for name, wrong := range map[string]func(i, panelB int) (from, to int){
		"one panel of B for all columns": func(i, _ int) (int, int) { return 0, i },
		"every panel to the first":       func(i, panelB int) (int, int) { return i * panelB, 0 },
	} {
		panels := func(panels, rows, cols, tiles int, a *uint16, panelA int, b *uint16, panelB int, c *float32, ldc int, accumulate bool) {
			for i := range panels {
				from, to := wrong(i, panelB)
				portablePanel(rows, cols, tiles, a, panelA, after(b, from), after(c, to*ColumnsB), ldc, accumulate)
			}
		}
		if compare(&Kernel{Name: "wrong", panels: panels}, &portableKernel) == "" {
			t.Errorf("%s: not found out", name)
		}
	}
}

// after is the element that lies n behind p.
func after[T any](p *T, n int) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(p), n*int(unsafe.Sizeof(*p))))
}
