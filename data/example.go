package data

import (
	"fmt"
	"math/rand/v2"
)

// reader makes examples; each worker has one.
type reader struct {
	loader  *Loader
	pcg     rand.PCG
	rand    *rand.Rand
	buffers buffers
}

func newReader(l *Loader) *reader {
	r := &reader{loader: l}
	r.rand = rand.New(&r.pcg)
	return r
}

// picture is example i as it looks in an epoch. It is valid until the next call.
func (r *reader) picture(epoch, i int) (Picture, error) {
	l := r.loader
	p, err := l.Dataset.Read(i)
	if err != nil {
		return Picture{}, pictureError(l.Dataset, i, err)
	}
	seedPCG(&r.pcg, l.Seed, streamExample, epoch, i)
	for _, t := range l.Transforms {
		if p, err = r.buffers.apply(t, occasion{l.Seed, epoch, i}, r.rand, p); err != nil {
			return Picture{}, pictureError(l.Dataset, i, fmt.Errorf("%T: %w", t, err))
		}
	}
	if err := p.Check(); err != nil {
		return Picture{}, pictureError(l.Dataset, i, err)
	}
	return p, nil
}

// at is the example at a position of an epoch's order: that picture, or with Skip the next good one. bad has the errors
// of those that were skipped.
func (r *reader) at(order []int, epoch, position int) (p Picture, i int, bad []error, err error) {
	for k := range order {
		i = order[(position+k)%len(order)]
		if p, err = r.picture(epoch, i); err == nil || r.loader.Corrupt == Fail {
			return p, i, bad, err
		}
		bad = append(bad, err)
	}
	return p, i, bad, fmt.Errorf("data: none of the %d pictures can be read; the last: %w", len(order), err)
}

// into writes the example at a position into place k of a batch.
func (r *reader) into(b *Batch, k int, order []int, epoch, position int, tables [][256]float32) ([]error, error) {
	p, i, bad, err := r.at(order, epoch, position)
	if err != nil {
		return bad, err
	}
	if p.H != b.H || p.W != b.W || p.C != b.C {
		return bad, pictureError(r.loader.Dataset, i, fmt.Errorf("is %s after the transforms, while others are %dx%dx%d; "+
			"add a crop or a resize to one size", p.Size(), b.H, b.W, b.C))
	}
	convert(b.example(k), p, tables)
	b.Labels[k], b.Indices[k] = int32(r.loader.Dataset.Label(i)), i
	return bad, nil
}
