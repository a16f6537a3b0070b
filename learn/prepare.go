package learn

import (
	"context"
	"fmt"
	"time"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/atelier-go/atelier/data"
)

// Model.Prepare sees so many pictures at most, airbench's number, and of pictures that are larger than its as many as have
// as many pixels.
const (
	preparePictures = 5000
	preparePixels   = preparePictures * 32 * 32
)

// prepare lets the model make weights of training pictures, as they come without being transformed by chance: those of
// the first phase, the same for every seed.
func (l *Learner) prepare() error {
	if l.config.Model.Prepare == nil {
		return nil
	}
	began := time.Now()
	defer func() { l.spent(time.Since(began)) }()
	loader := l.plan.phases[0].Data.clean()
	h, w, _, err := sizeOf(first(loader))
	if err != nil {
		return err
	}
	some, err := data.Limit(loader.Dataset, min(preparePictures, max(1, preparePixels/(h*w))), 0)
	if err != nil {
		return err
	}
	loader.Dataset, loader.Batch = some, some.Len()
	return eachBatch(context.Background(), loader, 1, func(b *data.Batch) error {
		pictures := tensors.FromFlatDataAndDimensions(b.Pixels, b.N, b.H, b.W, b.C)
		defer pictures.FinalizeAll()
		if err := l.config.Model.Prepare(l.store, pictures); err != nil {
			return fmt.Errorf("learn: preparing the model on %d pictures: %w", b.N, err)
		}
		return nil
	})
}
