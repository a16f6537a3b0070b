//go:build !noasm

package amx

import (
	"encoding/binary"
	"os"
	"runtime"
	"testing"
)

func skipWithoutTiles(t *testing.T) {
	if len(Missing()) > 0 {
		t.Skipf("no tiles here: missing %v", Missing())
	}
}

// TestTilesAreReleased has no configuration left on the thread after a call.
func TestTilesAreReleased(t *testing.T) {
	skipWithoutTiles(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for _, s := range [][2]int{{70, 96}, {20, 16}, {16, 20}, {3, 3}} {
		x := newOperands(s[0], s[1], 40)
		c := make([]float32, x.m*x.n)
		x.multiply(&tileKernel, c, x.n, false)
		left := [64]byte{1}
		configuration(&left[0])
		if left != [64]byte{} {
			t.Fatalf("%v: configuration %v", s, left)
		}
	}
}

func TestPermissionIsGranted(t *testing.T) {
	skipWithoutTiles(t)
	if granted, err := permission(); err != nil || granted&tileState != tileState {
		t.Errorf("permission() = %#x, %v", granted, err)
	}
}

// TestSignalFrameFits has the kernel's largest signal frame, tiles included, leave half of the stack on which Go's
// handlers run, of 32 KiB, to them.
func TestSignalFrameFits(t *testing.T) {
	const minSigStackSize, goStack = 51, 32 << 10 // AT_MINSIGSTKSZ; runtime.mpreinit
	auxv, err := os.ReadFile("/proc/self/auxv")
	if err != nil {
		t.Skip(err)
	}
	for ; len(auxv) >= 16; auxv = auxv[16:] {
		if binary.LittleEndian.Uint64(auxv) != minSigStackSize {
			continue
		}
		size := binary.LittleEndian.Uint64(auxv[8:])
		t.Logf("signal frames take up to %d bytes", size)
		if size > goStack/2 {
			t.Errorf("signal frames take %d bytes of %d", size, goStack)
		}
		return
	}
	t.Skip("the kernel does not say how large signal frames are")
}

func TestProductsAllocateNothingForEachPanel(t *testing.T) {
	skipWithoutTiles(t)
	x := newOperands(40, 20, 40)
	c := make([]float32, x.m*x.n)
	if n := testing.AllocsPerRun(10, func() {
		x.multiply(&tileKernel, c, x.n, false)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
