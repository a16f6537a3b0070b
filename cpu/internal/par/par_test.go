package par_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/par"
)

func TestForRunsEachItemOnce(t *testing.T) {
	for _, threads := range []int{1, 2, 3, 8} {
		p := par.New(threads)
		for _, n := range []int{0, 1, 2, 7, 1000} {
			counts := make([]atomic.Int32, n)
			busy := make([]atomic.Bool, threads)
			p.For(n, func(worker, item int) {
				if busy[worker].Swap(true) {
					t.Errorf("threads=%d: worker %d runs two items at once", threads, worker)
				}
				counts[item].Add(1)
				busy[worker].Store(false)
			})
			for i := range counts {
				if c := counts[i].Load(); c != 1 {
					t.Fatalf("threads=%d n=%d: item %d ran %d times", threads, n, i, c)
				}
			}
		}
		p.Close()
	}
}

func TestForManyShortLoops(t *testing.T) {
	p := par.New(2)
	defer p.Close()
	var sum atomic.Int64
	for range 20000 {
		p.For(3, func(_, item int) { sum.Add(int64(item)) })
	}
	if sum.Load() != 60000 {
		t.Errorf("sum = %d, want 60000", sum.Load())
	}
}

func TestForFromSeveralGoroutines(t *testing.T) {
	p := par.New(2)
	defer p.Close()
	var sum atomic.Int64
	done := make(chan bool)
	for range 4 {
		go func() {
			for range 200 {
				p.For(10, func(_, _ int) { sum.Add(1) })
			}
			done <- true
		}()
	}
	for range 4 {
		<-done
	}
	if sum.Load() != 8000 {
		t.Errorf("sum = %d, want 8000", sum.Load())
	}
}

func TestPanicReachesTheCallerAndThePoolStaysUsable(t *testing.T) {
	boom := errors.New("boom")
	for _, threads := range []int{1, 2, 4} {
		p := par.New(threads)
		for _, n := range []int{1, 64} {
			func() {
				defer func() {
					w, ok := recover().(*par.WorkerPanic)
					if !ok {
						t.Fatalf("threads=%d n=%d: recovered something else than a *WorkerPanic", threads, n)
					}
					if w.Value != boom || w.Error() != "boom" || !strings.Contains(string(w.Stack), "par_test") {
						t.Errorf("threads=%d n=%d: %v\n%s", threads, n, w, w.Stack)
					}
				}()
				p.For(n, func(_, item int) {
					if item == n/2 {
						panic(boom)
					}
				})
			}()
		}
		ran := atomic.Int32{}
		p.For(10, func(_, _ int) { ran.Add(1) })
		if ran.Load() != 10 {
			t.Errorf("threads=%d: after a panic %d of 10 items ran", threads, ran.Load())
		}
		p.Close()
	}
}

func TestClosedPoolRunsOnTheCaller(t *testing.T) {
	p := par.New(3)
	p.Close()
	p.Close()
	ran := 0
	p.For(10, func(worker, _ int) {
		if worker != 0 {
			t.Errorf("worker %d after Close", worker)
		}
		ran++
	})
	if ran != 10 || p.Threads() != 1 {
		t.Errorf("ran %d of 10 items on %d threads", ran, p.Threads())
	}
}

func BenchmarkFor(b *testing.B) {
	p := par.New(2)
	defer p.Close()
	for b.Loop() {
		p.For(2, func(_, _ int) {})
	}
}

func TestForAllocatesNothing(t *testing.T) {
	p := par.New(2)
	defer p.Close()
	var sum atomic.Int64
	body := func(_, item int) { sum.Add(int64(item)) }
	if n := testing.AllocsPerRun(100, func() { p.For(8, body) }); n != 0 {
		t.Errorf("%v allocations a loop", n)
	}
}
