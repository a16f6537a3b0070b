package learn

import (
	"context"
	"fmt"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/atelier-go/atelier/data"
)

// preparePictures is how many pictures Model.Prepare sees at most: airbench's number.
const preparePictures = 5000

// prepare lets the model make weights of training pictures, as they come without being transformed by chance: those of
// the first phase, the same for every seed.
func (l *Learner) prepare() error {
	if l.config.Model.Prepare == nil {
		return nil
	}
	loader := l.plan.phases[0].Data.clean()
	some, err := data.Limit(loader.Dataset, preparePictures, 0)
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
