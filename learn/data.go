package learn

import (
	"context"

	"github.com/atelier-go/atelier/data"
)

// Data is what a phase trains on and is judged by. Phases with the same *Data go on where the phase before stopped in it.
type Data struct {
	Name  string
	Train *data.Loader
	Valid *data.Loader // read in its order at the ends of epochs; nil means no validation
}

// check says what is wrong with the loaders, without reading a picture.
func (d *Data) check() error {
	if err := d.Train.Check(); err != nil {
		return err
	}
	if d.Valid == nil {
		return nil
	}
	if err := d.Valid.Check(); err != nil {
		return err
	}
	return data.SameClasses(d.Train.Dataset.Classes(), d.Valid.Dataset.Classes())
}

// clean is the training data in its own order with validation's transformations, without mixing. Without validation the
// transformations are training's.
func (d *Data) clean() *data.Loader {
	t := d.Train
	l := &data.Loader{
		Dataset: t.Dataset, Transforms: t.Transforms, Normalise: t.Normalise,
		Batch: t.Batch, Corrupt: t.Corrupt, Workers: t.Workers, Prefetch: t.Prefetch,
	}
	if d.Valid != nil {
		l.Transforms = d.Valid.Transforms
	}
	return l
}

// sizeOf reads a loader's first batch for the size of its pictures.
func sizeOf(l *data.Loader) (h, w, c int, err error) {
	stream := l.Open(context.Background(), 0)
	defer stream.Close()
	b, err := stream.Next()
	if err != nil {
		return 0, 0, 0, err
	}
	return b.H, b.W, b.C, nil
}
