package fused

const (
	// chunkPoints is the least work worth giving to a worker.
	chunkPoints = 16 << 10
	maxChunks   = 64
	// maxPartials limits the accumulators of all chunks together.
	maxPartials = 1 << 21
)

// split says how the points are cut into chunks that workers take. It depends on the program alone, never on the
// number of threads.
type split struct {
	chunks int
	size   int // of a chunk: points; items of the leading axes; columns if byColumns
	// accumulators is how many a chunk has: those of all its outputs, one output after the other.
	accumulators int
	// shared: chunks see all points of some output element, so that their accumulators are written when all are
	// done: one set for each chunk, folded in their order, or if byColumns one set, of which each chunk owns columns.
	shared    bool
	byColumns bool
	// Otherwise a chunk holds whole items: indices of the leading axes that all reductions keep.
	items, itemPoints int
}

func (e *Exec) chooseSplit() split {
	total := 0
	for _, o := range e.reductions {
		total += e.outputs[o].accSize
	}
	s := split{size: e.chunkOf(maxChunks)}
	s.chunks = pieces(e.points, s.size)
	if total == 0 {
		return s
	}
	items := e.keptItems()
	switch {
	case items >= 16 && s.chunks > 1:
		return e.splitItems(items, total)
	case total*s.chunks <= maxPartials:
	case items > 1:
		return e.splitItems(items, total)
	case e.keepsColumns():
		s.byColumns = true
		s.size = max((e.cols+maxChunks-1)/maxChunks+15, 64) / 16 * 16
		s.chunks = pieces(e.cols, s.size)
	default:
		s.size = e.chunkOf(max(maxPartials/total, 1))
		s.chunks = pieces(e.points, s.size)
	}
	s.shared, s.accumulators = true, total
	return s
}

func pieces(n, size int) int { return (n + size - 1) / size }

// chunkOf is the number of points in a chunk if there are to be at most n: whole tiles.
func (e *Exec) chunkOf(n int) int {
	size := max((e.points+n-1)/n, chunkPoints)
	unit := e.block
	switch {
	case e.transposes:
		unit = stripRows * e.cols
	case e.long():
		unit = 64
	}
	return max((size+unit-1)/unit*unit, 1)
}

// keptItems is the number of indices of the leading axes that no reduction sums over.
func (e *Exec) keptItems() int {
	items := 1
	for axis, d := range append(append([]int(nil), e.outer...), e.cols) {
		for _, o := range e.reductions {
			if e.outputs[o].strides[axis] == 0 {
				return items
			}
		}
		if axis < len(e.outer) { // an item is at least a row
			items *= d
		}
	}
	return items
}

func (e *Exec) keepsColumns() bool {
	for _, o := range e.reductions {
		if e.outputs[o].strides[len(e.outer)] == 0 {
			return false
		}
	}
	return true
}

func (e *Exec) splitItems(items, total int) split {
	s := split{items: items, itemPoints: e.points / items}
	s.size = max(chunkPoints/s.itemPoints, (items+4*maxChunks-1)/(4*maxChunks), 1)
	// The accumulators of a chunk should not outgrow the cache.
	s.size = max(min(s.size, (64<<10)/(total/items)), 1)
	s.chunks = pieces(items, s.size)
	s.accumulators = s.size * (total / items)
	return s
}

// bytes is the memory of the accumulators.
func (s *split) bytes(e *Exec, threads int) int {
	switch {
	case s.shared && s.byColumns:
		return 8 * s.accumulators
	case s.shared:
		return 8 * s.accumulators * s.chunks
	}
	return 8 * s.accumulators * threads
}
