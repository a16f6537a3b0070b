package exec

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

// Memory counts the bytes that a backend holds for buffers and arenas, and keeps them under a limit.
type Memory struct {
	limit int64 // 0 for none

	mu   sync.Mutex
	used int64
	peak int64
}

// NewMemory returns a count with the given limit in bytes, 0 for none.
func NewMemory(limit int64) *Memory { return &Memory{limit: limit} }

// MemoryError says that an allocation would have exceeded the backend's limit. Nothing was allocated.
type MemoryError struct {
	What  string // what the memory was for
	Asked int64  // bytes
	InUse int64  // bytes
	Limit int64  // bytes
}

func (e *MemoryError) Error() string {
	return fmt.Sprintf("out of memory: %s needs %d bytes, %d are in use, the limit is %d (memory=)",
		e.What, e.Asked, e.InUse, e.Limit)
}

// Limit is the limit in bytes, 0 for none.
func (m *Memory) Limit() int64 { return m.limit }

// InUse is how many bytes are held now, and Peak the most there ever were at once.
func (m *Memory) InUse() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.used
}

// Peak is the largest value that InUse has had.
func (m *Memory) Peak() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.peak
}

// Reserve counts n bytes more, or returns a *MemoryError. Memory that nobody refers to any more is collected before
// the limit is declared exceeded.
func (m *Memory) Reserve(n int64, what string) error {
	for attempt := 0; ; attempt++ {
		err := m.reserve(n, what)
		if err == nil || attempt == collectAttempts {
			return err
		}
		// Buffers that were dropped without Finalize give their bytes back some time after a collection.
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}

const collectAttempts = 3

func (m *Memory) reserve(n int64, what string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.limit > 0 && n > m.limit-m.used {
		return &MemoryError{What: what, Asked: n, InUse: m.used, Limit: m.limit}
	}
	m.used += n
	m.peak = max(m.peak, m.used)
	return nil
}

// Release gives back n bytes.
func (m *Memory) Release(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used -= n
}
