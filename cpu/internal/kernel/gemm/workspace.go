package gemm

import "unsafe"

// Workspace is the memory that Gemm and Syrk pack operands and keep partial sums in. The zero value allocates what a
// call needs and keeps the largest for the next; one made by NewWorkspace does so only when its memory is smaller
// than WorkspaceSize says. It may serve any kernel, and one call at a time.
type Workspace struct{ mem []float32 }

// NewWorkspace returns a workspace that uses mem.
func NewWorkspace(mem []float32) *Workspace { return &Workspace{mem: mem} }

// cacheLine is its bytes on every amd64 and most arm64 processors.
const cacheLine = 64

// alignment is that of every part of a workspace, in bytes: vectors of a packed panel do not straddle cache lines.
const alignment = cacheLine

// scratch is a workspace cut into one shared part and one for each worker.
type scratch[T Float] struct {
	shared  []T
	private []T
	stride  int
}

// worker is the private part of worker w.
func (s *scratch[T]) worker(w int) []T { return s.private[w*s.stride:][:s.stride] }

// need is the elements of the parts.
type need struct{ shared, private int }

// aligned rounds the parts up so that each begins at a cache line, whatever the type.
func (n need) aligned() need {
	return need{roundUp(n.shared, alignment), roundUp(n.private, alignment)}
}

// bytes is the memory for elements of the given size and a number of workers.
func (n need) bytes(size, threads int) int {
	n = n.aligned()
	return (n.shared+threads*n.private)*size + alignment
}

// cut takes the parts from the workspace.
func cut[T Float](ws *Workspace, n need, threads int) scratch[T] {
	var x T
	words := ceilDiv(n.bytes(int(unsafe.Sizeof(x)), threads), 4)
	if len(ws.mem) < words {
		ws.mem = make([]float32, words)
	}
	base := unsafe.Pointer(unsafe.SliceData(ws.mem))
	offset := -uintptr(base) % alignment
	n = n.aligned()
	all := unsafe.Slice((*T)(unsafe.Add(base, offset)), n.shared+threads*n.private)
	return scratch[T]{shared: all[:n.shared], private: all[n.shared:], stride: n.private}
}
