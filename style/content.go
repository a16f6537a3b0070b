package style

import (
	"context"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// fixContent measures the content picture's features: their energy, and where one graph does everything the features
// themselves. With tiles pass 2 computes them anew, so that they take no memory.
func (o *Objective) fixContent(ctx context.Context) error {
	var names []string
	for _, l := range o.content {
		names = append(names, l.Name)
	}
	exec, err := o.executor(func(scope *model.Scope, inputs []*node) []*node { return o.net.Build(scope, inputs[0], names) })
	if err != nil {
		return err
	}
	defer exec.Finalize()
	o.energy = make([]float64, len(o.content))
	for _, t := range o.layout.tiles {
		if err := ctx.Err(); err != nil {
			return err
		}
		picture, err := o.crop("content window", o.contentPicture.Pixels, t)
		if err != nil {
			return err
		}
		out, err := exec.Exec(picture)
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
		if o.single() {
			o.contents = out
		} else {
			finalize(out)
		}
	}
	return nil
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
