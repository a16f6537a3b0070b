package bench

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
)

// tinyTask is one whose steps take a millisecond.
var tinyTask = loopTask{"tiny", "cifar+resnet-4x1-8x1", 12, 1, []int{4, 8}, []int{1, 1}}

// Memory does not grow over 5,000 steps of a whole loop, epochs and shuffles included.
func TestLoopsMemoryDoesNotGrow(t *testing.T) {
	if testing.Short() {
		t.Skip("5,000 steps are long")
	}
	p, err := startLoop(testBackend(t), tinyTask, 16)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	run := func(steps int) (heap, resident int64) {
		t.Helper()
		for range steps {
			if err := p.step(); err != nil {
				t.Fatal(err)
			}
		}
		return memoryNow(t)
	}
	// The first thousand steps fill what is kept: buffers, pools, two shapes of batches.
	heap, resident := run(1000)
	for done := 2000; done <= 5000; done += 1000 {
		h, r := run(1000)
		t.Logf("after %d steps: heap %d KiB, resident %d KiB", done, h>>10, r>>10)
		if grown := h - heap; grown > 512<<10 {
			t.Errorf("after %d steps the heap has grown by %d KiB since step 1000", done, grown>>10)
		}
		if grown := r - resident; grown > 8<<20 {
			t.Errorf("after %d steps %d KiB more are resident than at step 1000", done, grown>>10)
		}
	}
}

// memoryNow is the memory of living Go objects and, on Linux, that of the process, after a collection.
func memoryNow(t *testing.T) (heap, resident int64) {
	t.Helper()
	runtime.GC()
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return int64(m.HeapAlloc), 0
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(statm), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return int64(m.HeapAlloc), pages * int64(os.Getpagesize())
}
