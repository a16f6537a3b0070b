package data

import (
	"fmt"
	"math"
	"slices"
)

// Subset is some of a dataset's pictures, in the order of Indices. The classes stay those of the dataset.
type Subset struct {
	Dataset
	Indices []int
}

var _ Dataset = (*Subset)(nil)

// Len is the number of indices.
func (s *Subset) Len() int { return len(s.Indices) }

// Read gives the dataset's picture Indices[i].
func (s *Subset) Read(i int) (Picture, error) { return s.Dataset.Read(s.Indices[i]) }

// Label is the label of picture Indices[i].
func (s *Subset) Label(i int) int { return s.Dataset.Label(s.Indices[i]) }

// Name is the name of picture Indices[i].
func (s *Subset) Name(i int) string { return s.Dataset.Name(s.Indices[i]) }

// Check says which index the dataset does not have.
func (s *Subset) Check() error {
	if s.Dataset == nil {
		return fmt.Errorf("data: Subset of no dataset")
	}
	for k, i := range s.Indices {
		if i < 0 || i >= s.Dataset.Len() {
			return fmt.Errorf("data: Subset: index %d is %d, want 0 to %d", k, i, s.Dataset.Len()-1)
		}
	}
	if c, ok := s.Dataset.(checker); ok {
		return c.Check()
	}
	return nil
}

// Split cuts a dataset in two by chance: the first part has the given fraction of the pictures (rounded, at least one),
// the second the rest. The same seed gives the same parts; inside of a part the dataset's order is kept.
func Split(d Dataset, fraction float64, seed uint64) (first, second *Subset, err error) {
	if err := Check(d); err != nil {
		return nil, nil, err
	}
	n := d.Len()
	if !(fraction > 0 && fraction < 1) {
		return nil, nil, fmt.Errorf("data: Split: fraction is %g, want more than 0 and less than 1", fraction)
	}
	if n < 2 {
		return nil, nil, fmt.Errorf("data: Split: the dataset has %d picture, want 2 or more", n)
	}
	cut := min(max(int(math.Round(fraction*float64(n))), 1), n-1)
	order := permutation(n, seed, streamSplit, 0)
	slices.Sort(order[:cut])
	slices.Sort(order[cut:])
	return &Subset{d, order[:cut:cut]}, &Subset{d, order[cut:]}, nil
}

// Limit is at most n pictures of a dataset, chosen by chance from the seed, in the dataset's order.
func Limit(d Dataset, n int, seed uint64) (*Subset, error) {
	if err := Check(d); err != nil {
		return nil, err
	}
	if n <= 0 {
		return nil, fmt.Errorf("data: Limit: n is %d, want 1 or more", n)
	}
	order := permutation(d.Len(), seed, streamSplit, 1)
	order = order[:min(n, len(order))]
	slices.Sort(order)
	return &Subset{d, order}, nil
}
