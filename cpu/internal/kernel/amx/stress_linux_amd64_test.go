//go:build !noasm

package amx

import (
	"bytes"
	"compress/gzip"
	"flag"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

var stress = flag.Duration("stress", 2*time.Second, "how long TestStress runs with tiles")

// TestStress has a kernel in use on more threads than there are processors while the collector, the profiler and signals
// to every thread interrupt it, and compares every result, bit for bit, with one that nothing interrupted. For a minute
// of it with tiles:
//
//	go test ./cpu/internal/kernel/amx -run TestStress -v -stress 1m
//
// The portable kernel has nothing to lose; it runs for a moment so that the test itself is run on every machine.
func TestStress(t *testing.T) {
	eachKernel(t, func(t *testing.T, g *Kernel) {
		if g == &portableKernel {
			stressed{g: g, k: 200, function: "amx.portable"}.run(t)
			return
		}
		// Sums so long that nearly all of the time is spent in tiles.
		stressed{g: g, k: 4096, during: *stress, function: "BF16AMX"}.run(t)
	})
}

// stressed is a run of a kernel under stress.
type stressed struct {
	g        *Kernel
	k        int
	during   time.Duration // and until each thread has computed some products
	function string        // a part of the name of the function in which the profiler has to find it
}

func (s stressed) run(t *testing.T) {
	threads := 2 * max(2, runtime.NumCPU())
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
	var products []*product
	for rows := 20; rows <= 200; rows += 36 {
		products = append(products, newProduct(t, s.g, rows, s.k))
	}
	signals := interrupt(t)
	var profile bytes.Buffer
	if err := pprof.StartCPUProfile(&profile); err != nil {
		t.Fatal(err)
	}
	defer pprof.StopCPUProfile()

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	end := time.Now().Add(s.during)
	var count atomic.Int64
	var working, collecting sync.WaitGroup
	for w := range threads {
		working.Go(func() { count.Add(products[w%len(products)].repeat(t, end)) })
	}
	done := make(chan struct{})
	collecting.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				runtime.GC()
			}
		}
	})
	working.Wait()
	close(done)
	collecting.Wait()
	pprof.StopCPUProfile()
	runtime.ReadMemStats(&after)
	collections := after.NumGC - before.NumGC
	t.Logf("%d products, %d collections, %d signals, of which %d were noticed one by one",
		count.Load(), collections, signals.sent.Load(), signals.noticed.Load())
	if collections == 0 || signals.noticed.Load() == 0 {
		t.Error("too little happened to show anything")
	}
	if !bytes.Contains(unzip(t, &profile), []byte(s.function)) {
		t.Errorf("the profiler never interrupted %s", s.function)
	}
}

// unzip is what a profile holds, names of functions in plain text among it.
func unzip(t *testing.T, profile io.Reader) []byte {
	t.Helper()
	z, err := gzip.NewReader(profile)
	if err != nil {
		t.Fatal("no profile: ", err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal("half a profile: ", err)
	}
	return text
}

// product is one with what it comes to on a quiet machine.
type product struct {
	*operands
	g            *Kernel
	before, want *output
}

func newProduct(t *testing.T, g *Kernel, rows, k int) *product {
	const cols = 70
	x := &product{operands: newOperands(rows, cols, k), g: g, before: newOutput(rows, cols, 1)}
	x.want = x.before.clone()
	x.multiply(g, x.want.data(), x.want.ldc, true)
	check(t, x.operands, x.before, x.want, true)
	return x
}

// repeat multiplies until the end, some times at least, allocating in between, and returns how many results were right.
func (x *product) repeat(t *testing.T, end time.Time) int64 {
	const least = 10
	n := int64(0)
	for ; n < least || time.Now().Before(end); n++ {
		got := x.before.clone()
		x.multiply(x.g, got.data(), got.ldc, true)
		if !slices.Equal(got.buffer, x.want.buffer) {
			t.Errorf("product %d of %d rows is wrong", n, x.m)
			break
		}
	}
	return n
}

// signalCount is how many signals were sent, and how many were noticed: those that come close together count once.
type signalCount struct{ sent, noticed atomic.Int64 }

// interrupt has every thread of the process get SIGALRM, over and over until the test ends. A timer's signals would
// nearly all go to the first one.
func interrupt(t *testing.T) *signalCount {
	s, arrived, stop := new(signalCount), make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(arrived, syscall.SIGALRM)
	var running sync.WaitGroup
	running.Go(func() {
		for range arrived {
			s.noticed.Add(1)
		}
	})
	running.Go(func() {
		for {
			select {
			case <-stop:
				signal.Stop(arrived) // what was sent is ignored from here on
				close(arrived)
				return
			case <-time.After(200 * time.Microsecond):
				s.sent.Add(toAllThreads(t, syscall.SIGALRM))
			}
		}
	})
	t.Cleanup(func() {
		close(stop)
		running.Wait()
	})
	return s
}

// toAllThreads sends a signal to every thread of the process and returns to how many. One that has ended meanwhile gets none.
func toAllThreads(t *testing.T, sig syscall.Signal) (n int64) {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Error(err)
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			t.Error(err)
			continue
		}
		switch err := syscall.Tgkill(os.Getpid(), id, sig); err {
		case nil:
			n++
		case syscall.ESRCH:
		default:
			t.Errorf("tgkill: %v", err)
		}
	}
	return n
}
