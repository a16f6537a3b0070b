package style

import (
	"context"
	"fmt"

	"github.com/gomlx/gomlx/core/tensors"
)

// A loss of the whole picture is a function of sums over positions, and those add up over tiles:
//
//	pass 1   for each tile: Σ w·f, Σ w·ffᵀ at the positions that it owns
//	         the loss L of the sums, and ∂L/∂sums
//	pass 2   for each tile: the gradient of Σ ∂L/∂sums·(the tile's sums), which is the tile's part of the gradient
//
// What a tile's pixels do to positions that other tiles own is in those tiles' parts: windows overlap by what features see.

// sumsOf are the statistics of the whole picture.
type sumsOf struct {
	mean, second [][][]float64 // [region][style layer]; means are 0 where they do not count
}

func (o *Objective) newSums() *sumsOf {
	s := &sumsOf{}
	for range o.regions() {
		var means, seconds [][]float64
		for _, l := range o.style {
			means = append(means, make([]float64, l.Channels))
			seconds = append(seconds, make([]float64, l.Channels*l.Channels))
		}
		s.mean, s.second = append(s.mean, means), append(s.second, seconds)
	}
	return s
}

// crop copies a window of a picture.
func (o *Objective) crop(name string, pixels []float32, t window) (*tensors.Tensor, error) {
	h, w := o.layout.windowH, o.layout.windowW
	return o.fill(name, func(flat []float32) {
		for y := range h {
			at := ((t.top+y)*o.w + t.left) * 3
			copy(flat[y*w*3:(y+1)*w*3], pixels[at:])
		}
	}, 1, h, w, 3)
}

// weights are the positions of a layer that a tile owns, times a region's guide, in the tile's window.
func (o *Objective) weights(name string, layer Layer, guide []float32, t window) (*tensors.Tensor, error) {
	h, w := o.net.Size(layer.Name, o.layout.windowH, o.layout.windowW)
	wholeH, wholeW := o.net.Size(layer.Name, o.h, o.w)
	rows, cols := owned(t.y0, t.y1, o.h, wholeH, layer.Stride), owned(t.x0, t.x1, o.w, wholeW, layer.Stride)
	top, left := t.top/layer.Stride, t.left/layer.Stride
	return o.fill(name, func(flat []float32) {
		clear(flat)
		for y := rows.from; y < rows.to; y++ {
			for x := cols.from; x < cols.to; x++ {
				v := float32(1)
				if guide != nil {
					v = guide[y*wholeW+x]
				}
				flat[(y-top)*w+x-left] = v
			}
		}
	}, 1, h, w, 1)
}

// owned are the positions of a layer that belong to the pixels from to before to.
func owned(from, to, pixels, positions, stride int) span {
	s := span{from: min(from/stride, positions), to: min(to/stride, positions)}
	if to == pixels {
		s.to = positions
	}
	return s
}

// statistics is pass 1. see is given each tile's features of style layers, with the weights, if the histogram loss counts.
func (o *Objective) statistics(ctx context.Context, x []float32, see func(r, l int, features, weights []float32)) (*sumsOf, error) {
	total := o.newSums()
	for _, t := range o.layout.tiles {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := o.addTile(total, x, t, see); err != nil {
			return nil, err
		}
	}
	return total, nil
}

func (o *Objective) addTile(total *sumsOf, x []float32, t window, see func(r, l int, features, weights []float32)) error {
	picture, err := o.crop("window", x, t)
	if err != nil {
		return err
	}
	args := []any{picture}
	for r := range o.regions() {
		for l, layer := range o.style {
			weights, err := o.weights(fmt.Sprint("weights ", r, l), layer, o.guideOf(r, l), t)
			if err != nil {
				return err
			}
			args = append(args, weights)
		}
	}
	out, err := o.sums.Exec(args...)
	if err != nil {
		return err
	}
	defer finalize(out)
	n := len(o.style)
	for r := range o.regions() {
		for l := range o.style {
			k := o.moments()
			at := k * (r*n + l)
			if o.means {
				if err := accumulate(total.mean[r][l], out[at]); err != nil {
					return err
				}
			}
			if err := accumulate(total.second[r][l], out[at+k-1]); err != nil {
				return err
			}
			if see == nil || len(out) == k*o.regions()*n {
				continue
			}
			err := tensors.ConstFlatData(out[k*o.regions()*n+l], func(features []float32) {
				_ = tensors.ConstFlatData(args[1+r*n+l].(*tensors.Tensor), func(weights []float32) { see(r, l, features, weights) })
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func accumulate(sum []float64, t *tensors.Tensor) error {
	return tensors.ConstFlatData(t, func(flat []float32) {
		for i, v := range flat {
			sum[i] += float64(v)
		}
	})
}

// gradients of the loss by sums: for each region and style layer as many as there are moments.
type gradients [][][]*tensors.Tensor

// judge computes the loss of sums, and what pass 2 needs.
func (o *Objective) judge(total *sumsOf, losses *Losses) (gradients, error) {
	var args []any
	var made []*tensors.Tensor
	defer func() { finalize(made) }()
	for r := range o.regions() {
		for l, layer := range o.style {
			n := o.counts[r][l]
			if o.means {
				made = append(made, scaled(total.mean[r][l], 1/n, layer.Channels))
			}
			made = append(made, scaled(total.second[r][l], 1/n, layer.Channels, layer.Channels))
		}
	}
	for _, t := range made {
		args = append(args, t)
	}
	for _, t := range o.targets {
		args = append(args, t)
	}
	out, err := o.combine.Exec(args...)
	if err != nil {
		return nil, err
	}
	defer finalize(out)
	values, err := vector(out[0])
	if err != nil {
		return nil, err
	}
	losses.add(o.styleParts(), values)
	g := make(gradients, o.regions())
	out = out[1:]
	for r := range g {
		for l, layer := range o.style {
			var by []*tensors.Tensor
			for i := range o.moments() {
				v, err := vector(out[i])
				if err != nil {
					return nil, err
				}
				dims := []int{layer.Channels, layer.Channels}[:3-o.moments()+i]
				by = append(by, scaled(v, 1/o.counts[r][l], dims...))
			}
			out = out[o.moments():]
			g[r] = append(g[r], by)
		}
	}
	return g, nil
}

func scaled(values []float64, by float64, dims ...int) *tensors.Tensor {
	flat := make([]float32, len(values))
	for i, v := range values {
		flat[i] = float32(v * by)
	}
	return tensors.FromFlatDataAndDimensions(flat, dims...)
}

func (o *Objective) evaluateTiles(ctx context.Context, x, gradient []float32) (losses Losses, err error) {
	var g gradients
	var tables [][]*tensors.Tensor
	if len(o.style) > 0 {
		histograms := o.newHistograms()
		total, err := o.statistics(ctx, x, histograms.see())
		if err != nil {
			return losses, err
		}
		if g, err = o.judge(total, &losses); err != nil {
			return losses, err
		}
		tables = histograms.tables()
	}
	clear(gradient)
	local := make([]float64, 0)
	for i := range o.layout.tiles {
		if err := ctx.Err(); err != nil {
			return losses, err
		}
		sums, err := o.backwardTile(x, gradient, i, g, tables)
		if err != nil {
			return losses, err
		}
		if len(local) == 0 {
			local = sums
			continue
		}
		for i, v := range sums {
			local[i] += v
		}
	}
	for _, lists := range tables {
		finalize(lists)
	}
	for _, layers := range g {
		for _, by := range layers {
			finalize(by)
		}
	}
	parts, scales := o.localParts()
	for i := range parts {
		local[i] *= scales[i]
	}
	losses.add(parts, local[:len(parts)])
	return losses, nil
}

// localParts are the terms that pass 2 sums up, and what makes a term of a sum.
func (o *Objective) localParts() (parts []part, scales []float64) {
	if weight, ok := o.spec.has(Histogram); ok {
		for r := range o.regions() {
			for l, layer := range o.style {
				name := fmt.Sprintf("%s %s", Histogram, layer.Name)
				if o.regions() > 1 {
					name = fmt.Sprintf("%s region %d", name, r+1)
				}
				parts = append(parts, part{name, false, o.spec.Style * o.styleWeight(l) * weight * o.share(r, l)})
				scales = append(scales, 1/(o.counts[r][l]*o.matches[r][l].energy+tiny))
			}
		}
	}
	for l, layer := range o.content {
		parts = append(parts, part{contentName(layer), true, o.contentWeight(l)})
		scales = append(scales, 1/(o.energy[l]+tiny))
	}
	return parts, scales
}

// backwardTile adds a tile's part to the gradient and returns its local sums.
func (o *Objective) backwardTile(x, gradient []float32, tile int, g gradients, tables [][]*tensors.Tensor) ([]float64, error) {
	t := o.layout.tiles[tile]
	var wanted []*tensors.Tensor
	switch {
	case len(o.contents) > 0:
		wanted = o.contents[tile]
	case len(o.content) > 0:
		var err error
		if wanted, err = o.contentFeatures(t); err != nil {
			return nil, err
		}
		defer finalize(wanted)
	}
	picture, err := o.crop("window", x, t)
	if err != nil {
		return nil, err
	}
	args := []any{picture}
	parts, scales := o.localParts()
	coefficient := func() (*tensors.Tensor, error) {
		c := parts[0].weight * scales[0]
		name := "coefficient " + parts[0].name
		parts, scales = parts[1:], scales[1:]
		return o.set(name, []float32{float32(c)})
	}
	for r := range o.regions() {
		for l, layer := range o.style {
			weights, err := o.weights(fmt.Sprint("weights ", r, l), layer, o.guideOf(r, l), t)
			if err != nil {
				return nil, err
			}
			args = append(args, weights)
			for _, by := range g[r][l] {
				args = append(args, by)
			}
			if tables != nil {
				c, err := coefficient()
				if err != nil {
					return nil, err
				}
				args = append(args, c, tables[r][l])
			}
		}
	}
	for l, layer := range o.content {
		weights, err := o.weights(fmt.Sprint("content weights ", l), layer, nil, t)
		if err != nil {
			return nil, err
		}
		c, err := coefficient()
		if err != nil {
			return nil, err
		}
		args = append(args, wanted[l], weights, c)
	}
	out, err := o.backward.Exec(args...)
	if err != nil {
		return nil, err
	}
	defer finalize(out)
	err = tensors.ConstFlatData(out[1], func(flat []float32) {
		w := o.layout.windowW * 3
		for y := range o.layout.windowH {
			at := ((t.top+y)*o.w + t.left) * 3
			for i, v := range flat[y*w : (y+1)*w] {
				gradient[at+i] += v
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return vector(out[0])
}
