package cpu

import (
	"sync"

	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// recycler keeps the memory of finalized results for new results of the same size: memory that comes from the system
// costs more to touch for the first time than a convolution of few channels takes. The garbage collector empties it.
type recycler struct{ pools sync.Map } // from size to *sync.Pool of *[]byte

// recycleFrom is the size in bytes from which that pays; Go's allocator reuses smaller memory itself.
const recycleFrom = 1 << 20

// get returns n bytes of any content.
func (r *recycler) get(n int) []byte {
	if n >= recycleFrom {
		if pool, ok := r.pools.Load(n); ok {
			if b, ok := pool.(*sync.Pool).Get().(*[]byte); ok {
				return *b
			}
		}
	}
	return tensor.Alloc(n)
}

// put takes back memory that nothing refers to any more.
func (r *recycler) put(b []byte) {
	if len(b) < recycleFrom {
		return
	}
	pool, _ := r.pools.LoadOrStore(len(b), new(sync.Pool))
	pool.(*sync.Pool).Put(&b)
}
