package data

import "fmt"

// Sampler says which examples make batch b of a run. It has no state: batch b is a function of the fields and of b, so a
// run can start anywhere. Batch b belongs to epoch b / StepsPerEpoch; each epoch has an order of its own.
type Sampler struct {
	N        int    // examples
	Batch    int    // examples a batch
	Seed     uint64 // of the shuffles
	Shuffle  bool   // false: every epoch in the dataset's order
	DropLast bool   // leave out the examples of an epoch that do not fill a batch; false: the last batch is smaller
}

// maxBatch is more than fits into memory, and small enough to compute with.
const maxBatch = 1 << 24

// Check says what is wrong with the fields; nil if nothing.
func (s Sampler) Check() error {
	switch {
	case s.N <= 0:
		return fmt.Errorf("data: Sampler: N is %d, want 1 or more", s.N)
	case s.Batch <= 0 || s.Batch > maxBatch:
		return fmt.Errorf("data: Sampler: Batch is %d, want 1 to %d", s.Batch, maxBatch)
	case s.DropLast && s.Batch > s.N:
		return fmt.Errorf("data: Sampler: %d examples do not fill a batch of %d, and DropLast drops the rest", s.N, s.Batch)
	}
	return nil
}

// StepsPerEpoch is the number of batches in an epoch, 0 where the fields do not pass Check.
func (s Sampler) StepsPerEpoch() int {
	switch {
	case s.Check() != nil:
		return 0
	case s.DropLast:
		return s.N / s.Batch
	}
	return (s.N + s.Batch - 1) / s.Batch
}

// Size is the number of examples in batch b.
func (s Sampler) Size(b int) int {
	lo, hi := s.span(b)
	return hi - lo
}

// Indices are the examples of batch b ≥ 0. It shuffles a whole epoch, N steps of work; a [Stream] does that once an epoch.
// The fields must pass Check.
func (s Sampler) Indices(b int) []int {
	lo, hi := s.span(b)
	return s.order(b / s.StepsPerEpoch())[lo:hi:hi]
}

// span is the part of its epoch's order that batch b has.
func (s Sampler) span(b int) (lo, hi int) {
	lo = b % s.StepsPerEpoch() * s.Batch
	return lo, min(lo+s.Batch, s.N)
}

// order is the order of all examples in an epoch.
func (s Sampler) order(epoch int) []int {
	if s.Shuffle {
		return permutation(s.N, s.Seed, streamOrder, epoch)
	}
	order := make([]int, s.N)
	for i := range order {
		order[i] = i
	}
	return order
}
