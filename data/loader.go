package data

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
)

// Corrupt says what happens when a picture cannot be read.
type Corrupt int

// What happens when a picture cannot be read or transformed.
const (
	Fail Corrupt = iota // Next gives an error with the picture's name
	Skip                // the next good picture of the epoch's order takes its place, and it is counted
)

var corrupt = []string{Fail: "fail", Skip: "skip"}

func (c Corrupt) String() string { return nameOf(corrupt, int(c)) }

// MarshalText is the choice's name.
func (c Corrupt) MarshalText() ([]byte, error) {
	return textOf("choice for corrupt pictures", corrupt, int(c))
}

// UnmarshalText reads fail or skip.
func (c *Corrupt) UnmarshalText(text []byte) error {
	return fromText("choice for corrupt pictures", corrupt, text, (*int)(c))
}

// Loader makes batches of a dataset: it reads, transforms and normalises pictures in parallel with whoever uses them.
//
// Batch b is a function of the fields and b alone: the same bits for any Workers and Prefetch, and whether the stream
// was opened at 0 or at b. The random numbers of picture i in epoch e come from (Seed, e, i).
type Loader struct {
	Dataset    Dataset
	Transforms []Transform // applied in this order; afterwards all pictures must have one size
	Normalise  Normalise   // bytes to numbers
	Mixup      Mixup       // the zero value mixes nothing

	Batch    int    // examples a batch
	Seed     uint64 // of shuffles, transforms and Mixup
	Shuffle  bool   // an order of its own for each epoch; false: the dataset's
	DropLast bool   // see Sampler

	Corrupt  Corrupt // the zero value fails
	Workers  int     // goroutines that read and transform, at most 4096; 0: one a processor
	Prefetch int     // batches made ahead of the one in use, at most a million; 0: 2

	skipped atomic.Int64
}

// Sampler is the sampler with the loader's fields.
func (l *Loader) Sampler() Sampler {
	n := 0
	if l.Dataset != nil {
		n = l.Dataset.Len()
	}
	return Sampler{N: n, Batch: l.Batch, Seed: l.Seed, Shuffle: l.Shuffle, DropLast: l.DropLast}
}

// StepsPerEpoch is the number of batches in an epoch, 0 where Check fails.
func (l *Loader) StepsPerEpoch() int { return l.Sampler().StepsPerEpoch() }

// Skipped is how many corrupt pictures were replaced in all batches that Next has given. A corrupt picture counts every
// time its turn comes. Batch.Skipped has their errors.
func (l *Loader) Skipped() int { return int(l.skipped.Load()) }

// maxWorkers and maxPrefetch are far above what helps, and below what takes the memory for goroutines and queues.
const (
	maxWorkers  = 1 << 12
	maxPrefetch = 1_000_000
)

// Check says everything that is wrong with the fields, transforms and labels, and with Fail which picture of a Memory could
// not be loaded. It reads no picture.
func (l *Loader) Check() error {
	if err := Check(l.Dataset); err != nil {
		return err
	}
	errs := []error{l.Sampler().Check(), l.Normalise.Check(), l.Mixup.Check()}
	for i, t := range l.Transforms {
		if t == nil {
			errs = append(errs, fmt.Errorf("data: Loader: transform %d is nil", i))
		} else if err := t.Check(); err != nil {
			errs = append(errs, fmt.Errorf("data: Loader: transform %d: %w", i, err))
		}
	}
	if l.Workers < 0 || l.Workers > maxWorkers {
		errs = append(errs, fmt.Errorf("data: Loader: Workers is %d, want 1 to %d, or 0, which means one a processor", l.Workers, maxWorkers))
	}
	if l.Prefetch < 0 || l.Prefetch > maxPrefetch {
		errs = append(errs, fmt.Errorf("data: Loader: Prefetch is %d, want 1 to %d, or 0, which means 2", l.Prefetch, maxPrefetch))
	}
	if l.Corrupt != Fail && l.Corrupt != Skip {
		errs = append(errs, fmt.Errorf("data: Loader: Corrupt is %d, want Fail or Skip", l.Corrupt))
	}
	if m, ok := l.Dataset.(*Memory); ok && l.Corrupt == Fail {
		errs = append(errs, m.unread()) // what is known to fail fails before training
	}
	return errors.Join(errs...)
}

// Open starts to make batches from number from on, without end. What is wrong with the loader is the error of the first
// Next. The stream must be closed. The loader's fields must not change while it is open; several streams may be.
func (l *Loader) Open(ctx context.Context, from int) *Stream {
	return l.open(ctx, from, -1)
}

// OpenEpoch starts to make the batches of one epoch; after the last, Next gives io.EOF.
func (l *Loader) OpenEpoch(ctx context.Context, epoch int) *Stream {
	steps := l.StepsPerEpoch()
	return l.open(ctx, epoch*steps, (epoch+1)*steps)
}

func (l *Loader) workers() int {
	if l.Workers > 0 {
		return l.Workers
	}
	return runtime.GOMAXPROCS(0)
}

func (l *Loader) prefetch() int {
	if l.Prefetch > 0 {
		return l.Prefetch
	}
	return 2
}

func pictureError(d Dataset, i int, err error) error {
	return fmt.Errorf("data: %s: %w", d.Name(i), err)
}
