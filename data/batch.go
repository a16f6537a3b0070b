package data

// Batch is a batch of pictures as numbers, with their labels.
type Batch struct {
	Step       int       // which batch of the run it is
	Pixels     []float32 // [N H W C]
	N, H, W, C int
	Labels     []int32 // [N]

	// With Mixup, example k is Lambda[k] of a picture with label Labels[k] and 1-Lambda[k] of one with label Mixed[k].
	Mixed  []int32   // nil without Mixup
	Lambda []float32 // nil without Mixup

	Indices []int   // [N] which of the dataset's pictures these are
	Skipped []error // one for each corrupt picture that was replaced, in the batch's order

	original []float32 // the pixels before they are mixed
	slot     *slot     // whose batch it is; nil where no stream made it
}

// reset gives the batch another size, using its memory again.
func (b *Batch) reset(step int, s shape, n int) {
	b.Step, b.N, b.H, b.W, b.C = step, n, s.h, s.w, s.c
	b.Pixels = resized(b.Pixels, n*s.h*s.w*s.c)
	b.Labels = resized(b.Labels, n)
	b.Indices = resized(b.Indices, n)
	b.Mixed, b.Lambda = b.Mixed[:0], b.Lambda[:0]
	b.Skipped = nil
}

// example is the part of Pixels that example k has.
func (b *Batch) example(k int) []float32 {
	size := b.H * b.W * b.C
	return b.Pixels[k*size : (k+1)*size : (k+1)*size]
}

// Keep leaves the examples with these indices in the batch, in their order, which has to rise.
func (b *Batch) Keep(examples []int) {
	for to, from := range examples {
		copy(b.example(to), b.example(from))
		b.Labels[to], b.Indices[to] = b.Labels[from], b.Indices[from]
		if len(b.Mixed) > 0 {
			b.Mixed[to], b.Lambda[to] = b.Mixed[from], b.Lambda[from]
		}
	}
	b.N = len(examples)
	b.Pixels, b.Labels, b.Indices = b.Pixels[:b.N*b.H*b.W*b.C], b.Labels[:b.N], b.Indices[:b.N]
	if len(b.Mixed) > 0 {
		b.Mixed, b.Lambda = b.Mixed[:b.N], b.Lambda[:b.N]
	}
}

// shape is the size of every picture in a stream.
type shape struct{ h, w, c int }

func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
