// Package par runs loops on a fixed set of workers.
//
// Work is cut into items by the caller, never by the number of workers, so that results do not depend on how many
// there are. The calling goroutine is worker 0 and always takes part.
package par

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// spins is how often an idle worker looks for work before it sleeps: some tens of microseconds, the usual gap
// between two steps of a graph.
const spins = 4000

// Pool is a fixed set of workers. Its methods may be called from several goroutines; calls are then run one after
// the other. A body must not call For on its own pool: it would wait for itself.
type Pool struct {
	threads int
	mu      sync.Mutex // held for the length of a For

	job      job           // the loop that runs; workers read it between a change of seq and their count in pending
	waiting  atomic.Bool   // the caller of For sleeps until the last worker is done
	finished chan struct{} // wakes it
	seq      atomic.Uint64
	wake     *sync.Cond
	wakeMu   sync.Mutex
	asleep   int
	closed   atomic.Bool
	workers  sync.WaitGroup
}

type job struct {
	body    func(worker, item int)
	n       int64
	next    atomic.Int64
	pending atomic.Int64 // workers that have not finished
	failure atomic.Pointer[WorkerPanic]
}

// WorkerPanic is what For panics with when a body panicked: the first value, and the stack of the worker.
type WorkerPanic struct {
	Value any
	Stack []byte
}

func (p *WorkerPanic) Error() string { return fmt.Sprint(p.Value) }

// New starts a pool of the given number of threads; 0 means GOMAXPROCS.
func New(threads int) *Pool {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	p := &Pool{threads: threads, finished: make(chan struct{}, 1)}
	p.wake = sync.NewCond(&p.wakeMu)
	for w := 1; w < threads; w++ {
		p.workers.Add(1)
		go p.work(w)
	}
	return p
}

// Threads is the number of workers, the caller included.
func (p *Pool) Threads() int { return p.threads }

// Close ends the workers. The pool still works afterwards, on the calling goroutine alone.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed.Swap(true) {
		return
	}
	p.wakeMu.Lock()
	p.wake.Broadcast()
	p.wakeMu.Unlock()
	p.workers.Wait()
	p.threads = 1
}

// For calls body(worker, item) for every item in [0, n), each item once, items in no fixed order. worker is in
// [0, Threads()) and no two calls with the same worker run at once, so it can index scratch memory.
// If a body panics, the others stop taking items and For panics with a *WorkerPanic.
func (p *Pool) For(n int, body func(worker, item int)) {
	if n <= 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	j := &p.job
	defer func() { j.body = nil }()
	j.body, j.n = body, int64(n)
	j.next.Store(0)
	j.failure.Store(nil)
	if p.threads == 1 || n == 1 {
		j.run(0)
		j.check()
		return
	}
	j.pending.Store(int64(p.threads - 1))
	p.seq.Add(1)
	p.wakeMu.Lock()
	if p.asleep > 0 {
		p.wake.Broadcast()
	}
	p.wakeMu.Unlock()
	j.run(0)
	p.awaitWorkers(j)
	j.check()
}

// awaitWorkers returns when no worker runs j any more. It sleeps after a while: where other programs compete for the
// processors, the worker that it waits for may need this one.
func (p *Pool) awaitWorkers(j *job) {
	for range spins {
		if j.pending.Load() == 0 {
			return
		}
	}
	for j.pending.Load() != 0 {
		p.waiting.Store(true)
		if j.pending.Load() == 0 && p.waiting.CompareAndSwap(true, false) {
			return
		}
		// Whoever takes the flag sends. It may be a worker that is late out of the loop before, hence the loop here.
		<-p.finished
	}
}

func (j *job) check() {
	if f := j.failure.Load(); f != nil {
		panic(f)
	}
}

func (j *job) run(worker int) {
	defer func() {
		if r := recover(); r != nil {
			j.next.Store(j.n)
			j.failure.CompareAndSwap(nil, &WorkerPanic{Value: r, Stack: debug.Stack()})
		}
	}()
	for {
		i := j.next.Add(1) - 1
		if i >= j.n {
			return
		}
		j.body(worker, int(i))
	}
}

func (p *Pool) work(worker int) {
	defer p.workers.Done()
	seen := uint64(0)
	for {
		seen = p.await(seen)
		if p.closed.Load() {
			return
		}
		p.job.run(worker)
		if p.job.pending.Add(-1) == 0 && p.waiting.CompareAndSwap(true, false) {
			p.finished <- struct{}{}
		}
	}
}

// await returns the sequence number of a job newer than seen.
func (p *Pool) await(seen uint64) uint64 {
	for i := range spins {
		if s := p.seq.Load(); s != seen || p.closed.Load() {
			return s
		}
		if i%64 == 63 {
			runtime.Gosched()
		}
	}
	p.wakeMu.Lock()
	defer p.wakeMu.Unlock()
	for p.seq.Load() == seen && !p.closed.Load() {
		p.asleep++
		p.wake.Wait()
		p.asleep--
	}
	return p.seq.Load()
}
