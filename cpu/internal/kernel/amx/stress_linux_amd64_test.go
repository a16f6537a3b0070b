//go:build !noasm

package amx

import (
	"flag"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

var stress = flag.Duration("stress", 2*time.Second, "how long TestStress runs")

// TestStress has tiles in use on more threads than there are processors while the collector, the profiler and a timer
// interrupt them, and compares every result, bit for bit, with one that nothing interrupted. For a minute of it:
//
//	go test ./cpu/internal/kernel/amx -run TestStress -v -stress 1m
func TestStress(t *testing.T) {
	skipWithoutTiles(t)
	threads := 2 * max(2, runtime.NumCPU())
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
	var products []*product
	for rows := 20; rows <= 200; rows += 36 {
		products = append(products, newProduct(t, rows))
	}
	alarms := interrupt(t)
	if err := pprof.StartCPUProfile(io.Discard); err != nil {
		t.Fatal(err)
	}
	defer pprof.StopCPUProfile()

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	end := time.Now().Add(*stress)
	var count atomic.Int64
	var work sync.WaitGroup
	for w := range threads {
		work.Go(func() { count.Add(products[w%len(products)].repeat(t, end)) })
	}
	work.Go(func() {
		for time.Now().Before(end) {
			runtime.GC()
		}
	})
	work.Wait()
	runtime.ReadMemStats(&after)
	collections := after.NumGC - before.NumGC
	t.Logf("%d products, %d collections, %d alarms", count.Load(), collections, alarms.Load())
	if count.Load() < int64(threads) || collections == 0 || alarms.Load() == 0 {
		t.Error("too little happened to show anything")
	}
}

// product is one with what it comes to by tiles on a quiet machine.
type product struct {
	*operands
	want *output
}

func newProduct(t *testing.T, rows int) *product {
	x := &product{newOperands(rows, 70, 200), newOutput(rows, 70, 1)}
	before := x.want.clone()
	x.multiply(&tileKernel, x.want.data(), x.want.ldc, true)
	check(t, x.operands, before, x.want, true)
	return x
}

// repeat multiplies until the end, allocating in between, and returns how many results were right.
func (x *product) repeat(t *testing.T, end time.Time) int64 {
	n := int64(0)
	for ; time.Now().Before(end); n++ {
		got := newOutput(x.m, x.n, 1)
		x.multiply(&tileKernel, got.data(), got.ldc, true)
		if !slices.Equal(got.buffer, x.want.buffer) {
			t.Errorf("product %d of %d rows is wrong", n, x.m)
			break
		}
	}
	return n
}

// interrupt has the process get SIGALRM two thousand times a second until the test ends, and counts what arrives.
func interrupt(t *testing.T) *atomic.Int64 {
	signals, count := make(chan os.Signal, 1), new(atomic.Int64)
	signal.Notify(signals, syscall.SIGALRM)
	setTimer(t, 500)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range signals {
			count.Add(1)
		}
	}()
	t.Cleanup(func() {
		setTimer(t, 0)
		signal.Stop(signals)
		close(signals)
		<-done
	})
	return count
}

// setTimer sets the process's timer of real time to a period in microseconds; 0 stops it.
func setTimer(t *testing.T, period int64) {
	timer := struct{ interval, value syscall.Timeval }{syscall.Timeval{Usec: period}, syscall.Timeval{Usec: period}}
	if _, _, errno := syscall.Syscall(syscall.SYS_SETITIMER, 0, uintptr(unsafe.Pointer(&timer)), 0); errno != 0 {
		t.Fatalf("setitimer: %v", errno)
	}
}
