package exec

import (
	"fmt"
	"sync"
)

// Arenas keeps the blocks that programs hold their intermediate values in. A program takes one for the time of a run,
// so that programs which do not run at the same time share their memory.
type Arenas struct {
	memory *Memory

	mu     sync.Mutex
	free   [][]byte
	closed bool
}

// NewArenas returns an empty set whose blocks count as memory.
func NewArenas(memory *Memory) *Arenas { return &Arenas{memory: memory} }

// Get returns n bytes or more, or a *MemoryError. Their content is arbitrary.
func (a *Arenas) Get(n int) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	if b := a.take(n); b != nil {
		return b, nil
	}
	if err := a.memory.Reserve(int64(n), "the arena of intermediate values"); err != nil {
		return nil, err
	}
	b, err := newBlock(n)
	if err != nil {
		a.memory.Release(int64(n))
		return nil, fmt.Errorf("the system has no %d bytes for the arena of intermediate values: %w", n, err)
	}
	return b, nil
}

// take removes the smallest free block of n bytes or more. If none is large enough, the largest is dropped: a larger
// one takes its place.
func (a *Arenas) take(n int) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	best, largest := -1, -1
	for i, b := range a.free {
		if len(b) >= n && (best < 0 || len(b) < len(a.free[best])) {
			best = i
		}
		if largest < 0 || len(b) > len(a.free[largest]) {
			largest = i
		}
	}
	if best >= 0 {
		return a.remove(best)
	}
	if largest >= 0 {
		a.drop(a.remove(largest))
	}
	return nil
}

func (a *Arenas) drop(b []byte) {
	a.memory.Release(int64(len(b)))
	freeBlock(b)
}

func (a *Arenas) remove(i int) []byte {
	b := a.free[i]
	last := len(a.free) - 1
	a.free[i], a.free[last] = a.free[last], nil
	a.free = a.free[:last]
	return b
}

// Put returns a block that Get gave. Nothing may refer to it any more.
func (a *Arenas) Put(b []byte) {
	if len(b) == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		a.drop(b)
		return
	}
	a.free = append(a.free, b)
}

// Close frees the blocks that are not in use now, and the others when they are returned.
func (a *Arenas) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, b := range a.free {
		a.drop(b)
	}
	a.free, a.closed = nil, true
}
