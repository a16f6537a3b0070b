package style

import (
	"context"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// fixContent measures the energy of the content picture's features, and keeps the features where that is wanted.
func (o *Objective) fixContent(ctx context.Context) error {
	var names []string
	for _, l := range o.content {
		names = append(names, l.Name)
	}
	var err error
	o.contentOnly, err = o.executor(func(scope *model.Scope, inputs []*node) []*node { return o.net.Build(scope, inputs[0], names) })
	if err != nil {
		return err
	}
	o.energy = make([]float64, len(o.content))
	for _, t := range o.layout.tiles {
		if err := ctx.Err(); err != nil {
			return err
		}
		out, err := o.contentFeatures(t)
		if err != nil {
			return err
		}
		for l, layer := range o.content {
			weights, err := o.weights("content energy "+layer.Name, layer, nil, t)
			if err != nil {
				return err
			}
			if err := addEnergy(&o.energy[l], out[l], weights, layer.Channels); err != nil {
				return err
			}
		}
		if o.keep {
			o.contents = append(o.contents, out)
		} else {
			finalize(out)
		}
	}
	return nil
}

// contentFeatures are the content picture's in a window; the caller's to finalize.
func (o *Objective) contentFeatures(t window) ([]*tensors.Tensor, error) {
	picture, err := o.crop("content window", o.contentPicture.Pixels, t)
	if err != nil {
		return nil, err
	}
	return o.contentOnly.Exec(picture)
}

// addEnergy adds Σ w·‖f‖².
func addEnergy(sum *float64, features, weights *tensors.Tensor, channels int) error {
	return tensors.ConstFlatData(features, func(flat []float32) {
		_ = tensors.ConstFlatData(weights, func(w []float32) {
			for i, weight := range w {
				if weight == 0 {
					continue
				}
				s := 0.0
				for _, v := range flat[i*channels : (i+1)*channels] {
					s += float64(v) * float64(v)
				}
				*sum += s * float64(weight)
			}
		})
	})
}
