package exec

import (
	"sync"

	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// Arenas keeps the blocks that programs hold their intermediate values in. A program takes one for the time of a run,
// so that programs which do not run at the same time share their memory.
type Arenas struct {
	memory *Memory

	mu   sync.Mutex
	free [][]byte
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
	return tensor.Alloc(n), nil
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
		a.memory.Release(int64(len(a.remove(largest))))
	}
	return nil
}

func (a *Arenas) remove(i int) []byte {
	b := a.free[i]
	last := len(a.free) - 1
	a.free[i], a.free[last] = a.free[last], nil
	a.free = a.free[:last]
	return b
}

// Put returns a block that Get gave.
func (a *Arenas) Put(b []byte) {
	if len(b) == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.free = append(a.free, b)
}

// Drop frees the blocks that are not in use.
func (a *Arenas) Drop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, b := range a.free {
		a.memory.Release(int64(len(b)))
	}
	a.free = nil
}
