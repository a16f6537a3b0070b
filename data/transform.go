package data

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/atelier-go/atelier/imageio"
)

// Transform makes a picture of a picture. It may be called concurrently, and must depend on nothing but its fields, r
// and p.
type Transform interface {
	// Apply gives the transformed picture. It must not change p's pixels, which may be the dataset's; it may give p back.
	Apply(r *rand.Rand, p Picture) (Picture, error)
	// Check says what is wrong with the settings, naming field and value; nil if nothing.
	Check() error
}

// buffered are the transforms of this package. They write into memory that a worker of the loader uses again.
type buffered interface {
	Transform
	apply(r *rand.Rand, p Picture, b *buffers) (Picture, error)
}

// buffers is the memory of one worker. A chain of transforms writes alternately into two pictures, so that none writes
// into what it reads.
type buffers struct {
	pictures [2]Picture
	last     int
	resizer  imageio.Resizer
}

// next is a picture of undefined pixels. It stays valid until next is called twice more.
func (b *buffers) next(h, w, c int) Picture {
	b.last = 1 - b.last
	p := &b.pictures[b.last]
	p.Reset(h, w, c)
	return *p
}

// occasion is which picture of which epoch a transform has before it.
type occasion struct {
	seed           uint64 // of the loader
	epoch, example int
}

// occasional are the transforms that may depend on the epoch, and on which picture it is.
type occasional interface {
	applyAt(at occasion, r *rand.Rand, p Picture, b *buffers) (Picture, error)
}

// apply runs one transform, in the worker's memory if it can.
func (b *buffers) apply(t Transform, at occasion, r *rand.Rand, p Picture) (Picture, error) {
	if f, ok := t.(buffered); ok {
		if err := p.Check(); err != nil {
			return Picture{}, err
		}
		if f, ok := t.(occasional); ok {
			return f.applyAt(at, r, p, b)
		}
		return f.apply(r, p, b)
	}
	return t.Apply(r, p)
}

// alone applies a transform outside of a loader.
func alone(t buffered, r *rand.Rand, p Picture) (Picture, error) {
	if err := errors.Join(t.Check(), p.Check()); err != nil {
		return Picture{}, err
	}
	return t.apply(r, p, new(buffers))
}

// kinds are the transforms that recipes name.
var kinds = map[string]func() Transform{
	"random_crop":         func() Transform { return new(RandomCrop) },
	"random_resized_crop": func() Transform { return new(RandomResizedCrop) },
	"resize":              func() Transform { return new(Resize) },
	"center_crop":         func() Transform { return new(CenterCrop) },
	"flip":                func() Transform { return new(Flip) },
	"rotate":              func() Transform { return new(Rotate) },
	"color_jitter":        func() Transform { return new(ColorJitter) },
	"cutout":              func() Transform { return new(Cutout) },
}

// Kinds are the names of the transforms that New knows, sorted.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds)) }

// New gives a pointer to the zero value of a transform by its name, for decoders to fill; false where there is none.
func New(kind string) (Transform, bool) {
	f, ok := kinds[kind]
	if !ok {
		return nil, false
	}
	return f(), true
}

// channels says whether a picture is grey or RGB, which is what colour transforms can work on.
func channels(p Picture) error {
	if p.C != 1 && p.C != 3 {
		return fmt.Errorf("picture is %s: want 1 or 3 channels", p.Size())
	}
	return nil
}
