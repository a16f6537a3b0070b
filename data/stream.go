package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// chunk is how many examples a worker takes at a time.
const chunk = 8

// Stream is an open loader. One goroutine makes tasks of batches, workers fill them, Next gives them out in order.
// Next, Release and Close belong to one goroutine.
type Stream struct {
	loader  *Loader
	sampler Sampler
	shape   shape
	tables  [][256]float32 // of Normalise

	ctx    context.Context
	cancel context.CancelFunc
	ready  chan *slot // in the order of the batches
	tasks  chan task
	free   chan *slot
	done   sync.WaitGroup

	err error // what Next goes on giving
}

// slot is a batch that is being made.
type slot struct {
	batch   Batch
	epoch   int
	first   int           // position of the batch's first example in order
	order   []int         // of the epoch
	bad     [][]error     // for each example, the errors of pictures it replaces
	failed  atomic.Int64  // the lowest example that failed, or N
	errs    []error       // by example
	pending atomic.Int64  // tasks left
	done    chan struct{} // gets a value when pending is 0
	partner []int         // memory of Mixup
	out     bool          // Next has given it, and it was not released
}

// task are the examples lo..hi-1 of a batch.
type task struct {
	slot   *slot
	lo, hi int
}

var errClosed = errors.New("data: the stream is closed")

func (l *Loader) open(ctx context.Context, from, to int) *Stream {
	s := &Stream{loader: l, sampler: l.Sampler()}
	s.ctx, s.cancel = context.WithCancel(ctx)
	if s.err = l.Check(); s.err == nil && from < 0 {
		s.err = fmt.Errorf("data: Open: batch %d, want 0 or more", from)
	}
	if s.err != nil {
		return s
	}
	workers, prefetch := l.workers(), l.prefetch()
	s.ready = make(chan *slot, prefetch)
	s.free = make(chan *slot, prefetch+2)
	s.tasks = make(chan task, workers)
	s.done.Go(func() { s.dispatch(from, to, workers) })
	return s
}

// dispatch makes the tasks of batch from, from+1 and so on, up to to-1 or without end.
func (s *Stream) dispatch(from, to, workers int) {
	defer close(s.ready)
	defer close(s.tasks)
	var order []int
	epoch := -1
	for b := from; to < 0 || b < to; b++ {
		if e := b / s.sampler.StepsPerEpoch(); e != epoch {
			epoch, order = e, s.sampler.order(e)
		}
		lo, hi := s.sampler.span(b)
		if b == from {
			if err := s.probe(order, epoch, lo); err != nil {
				s.fail(err)
				return
			}
			for range workers {
				s.done.Go(s.work)
			}
		}
		if !s.submit(s.slot(b, hi-lo, epoch, lo, order)) {
			return
		}
	}
}

// probe makes the first example to learn the size of all.
func (s *Stream) probe(order []int, epoch, position int) error {
	p, _, _, err := newReader(s.loader).at(order, epoch, position)
	if err != nil {
		return err
	}
	s.shape = shape{p.H, p.W, p.C}
	s.tables, err = s.loader.Normalise.tables(p.C)
	return err
}

// fail gives Next a batch that has only an error.
func (s *Stream) fail(err error) {
	failed := newSlot()
	failed.errs = []error{err}
	failed.done <- struct{}{}
	select {
	case s.ready <- failed:
	case <-s.ctx.Done():
	}
}

func newSlot() *slot {
	t := &slot{done: make(chan struct{}, 1)}
	t.batch.slot = t
	return t
}

// slot prepares a batch, in the memory of one that was released if there is one.
func (s *Stream) slot(b, n, epoch, first int, order []int) *slot {
	var t *slot
	select {
	case t = <-s.free:
	default:
		t = newSlot()
	}
	t.batch.reset(b, s.shape, n)
	t.epoch, t.first, t.order = epoch, first, order
	t.bad, t.errs = resized(t.bad, n), resized(t.errs, n)
	clear(t.bad)
	clear(t.errs)
	t.failed.Store(int64(n))
	t.pending.Store(int64((n + chunk - 1) / chunk))
	return t
}

// submit queues a batch and its tasks; false where the stream was closed.
func (s *Stream) submit(t *slot) bool {
	n := t.batch.N // when the last task is done the batch is its reader's, who may keep fewer
	select {
	case s.ready <- t:
	case <-s.ctx.Done():
		return false
	}
	for lo := 0; lo < n; lo += chunk {
		select {
		case s.tasks <- task{t, lo, min(lo+chunk, n)}:
		case <-s.ctx.Done():
			return false
		}
	}
	return true
}

// work fills batches until there are no more tasks.
func (s *Stream) work() {
	r := newReader(s.loader)
	for t := range s.tasks {
		for k := t.lo; k < t.hi && s.ctx.Err() == nil; k++ {
			// Later examples of a batch that has failed are not needed; earlier ones are, for the first error to be
			// the same in every run.
			if int64(k) > t.slot.failed.Load() {
				break
			}
			t.slot.bad[k], t.slot.errs[k] = r.into(&t.slot.batch, k, t.slot.order, t.slot.epoch, t.slot.first+k, s.tables)
			if t.slot.errs[k] != nil {
				lower(&t.slot.failed, int64(k))
			}
		}
		if t.slot.pending.Add(-1) == 0 {
			s.finish(t.slot, r)
		}
	}
}

// finish mixes a batch whose examples are all there, and hands it to Next.
func (s *Stream) finish(t *slot, r *reader) {
	if s.loader.Mixup.Alpha > 0 && t.failed.Load() == int64(t.batch.N) {
		seedPCG(&r.pcg, s.loader.Seed, streamMixup, t.batch.Step, 0)
		t.partner = s.loader.Mixup.apply(&t.batch, rand.New(&r.pcg), t.partner)
	}
	t.done <- struct{}{}
}

// lower makes a the smaller of a and v.
func lower(a *atomic.Int64, v int64) {
	for old := a.Load(); v < old && !a.CompareAndSwap(old, v); old = a.Load() {
	}
}

// Next waits for the next batch. It stays valid until it is released; one that is never released is the garbage
// collector's. After an error every Next gives that error again: that of a corrupt picture, of the context, io.EOF.
func (s *Stream) Next() (*Batch, error) {
	if s.err != nil {
		return nil, s.err
	}
	t, err := s.wait()
	if err != nil {
		s.err = err
		return nil, err
	}
	for _, bad := range t.bad {
		t.batch.Skipped = append(t.batch.Skipped, bad...)
	}
	s.loader.skipped.Add(int64(len(t.batch.Skipped)))
	t.out = true
	return &t.batch, nil
}

// wait is the next batch when all its examples are there.
func (s *Stream) wait() (*slot, error) {
	var t *slot
	select {
	case t = <-s.ready:
	case <-s.ctx.Done():
		return nil, s.ctx.Err()
	}
	if t == nil {
		return nil, s.ended()
	}
	select {
	case <-t.done:
	case <-s.ctx.Done():
		return nil, s.ctx.Err()
	}
	for _, err := range t.errs {
		if err != nil {
			return nil, err
		}
	}
	return t, s.ctx.Err()
}

func (s *Stream) ended() error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	return io.EOF
}

// Release gives a batch's memory to a later one, so that steady use allocates nothing. The batch must not be used
// afterwards; it may be released once. nil is ignored.
func (s *Stream) Release(b *Batch) {
	if b == nil || b.slot == nil || !b.slot.out {
		return
	}
	b.slot.out = false
	select {
	case s.free <- b.slot:
	default:
	}
}

// Close stops the workers and waits for them. It may be called at any time and more than once.
func (s *Stream) Close() {
	s.cancel()
	s.done.Wait()
	if s.err == nil {
		s.err = errClosed
	}
}
