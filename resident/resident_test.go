package resident_test

import (
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/atelier-go/atelier/resident"
)

// What is written is resident until it is given back, and stays in the peak.
func TestResident(t *testing.T) {
	const size = 256 << 20
	before := amount(t, resident.Now)
	block := make([]byte, size)
	for i := 0; i < len(block); i += 4096 {
		block[i] = 1
	}
	with := amount(t, resident.Now)
	if with < before+size*9/10 {
		t.Errorf("%d MiB with a block of %d MiB, %d before it", with>>20, size>>20, before>>20)
	}
	runtime.KeepAlive(block)
	block = nil
	debug.FreeOSMemory()
	after, peak := amount(t, resident.Now), amount(t, resident.Peak)
	if after > with-size*9/10 {
		t.Errorf("%d MiB when the block is given back, %d with it", after>>20, with>>20)
	}
	if peak < with*99/100 {
		t.Errorf("the peak is %d MiB, below the %d that there were", peak>>20, with>>20)
	}
}

func amount(t *testing.T, read func() (int64, error)) int64 {
	t.Helper()
	n, err := read()
	if err != nil {
		t.Fatal(err)
	}
	return n
}
