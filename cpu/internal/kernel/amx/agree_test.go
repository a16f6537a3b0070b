package amx

import "testing"

// A kernel that computes something else is found out, by one product or by an element beside the block.
func TestAgree(t *testing.T) {
	if !agree(&portableKernel, &portableKernel) {
		t.Error("the portable kernel does not agree with itself")
	}
	wrong := func(change func(rows, ldc int, c *float32)) *Kernel {
		return &Kernel{Name: "wrong", panel: func(rows, cols, tiles int, a *uint16, panelA int, b *uint16, c *float32, ldc int, accumulate bool) {
			portable(rows, cols, tiles, a, panelA, b, c, ldc, accumulate)
			change(rows, ldc, c)
		}}
	}
	for name, k := range map[string]*Kernel{
		"a sum that is not one": wrong(func(_, _ int, c *float32) { *c += 1 }),
		"no sums":               wrong(func(_, _ int, c *float32) { *c = 0 }),
		"fewer tiles": {panel: func(rows, cols, tiles int, a *uint16, panelA int, b *uint16, c *float32, ldc int, accumulate bool) {
			portable(rows, cols, tiles-1, a, panelA, b, c, ldc, accumulate)
		}},
		"a block less": {panel: func(rows, cols, tiles int, a *uint16, panelA int, b *uint16, c *float32, ldc int, accumulate bool) {
			portable(rows-RowsA, cols, tiles, a, panelA, b, c, ldc, accumulate)
		}},
	} {
		if agree(k, &portableKernel) {
			t.Errorf("%s: not found out", name)
		}
	}
}
