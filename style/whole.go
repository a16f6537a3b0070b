package style

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// buildWhole is loss and gradient of the whole picture in one graph. Its inputs are the picture, the targets, the guides
// of regions where there are masks, and the content's features; its results the terms and the gradient.
func (o *Objective) buildWhole(scope *model.Scope, inputs []*node) []*node {
	x := inputs[0]
	names, index := o.taps()
	features := o.net.Build(scope, x, names)
	var terms []*node
	var parts []part
	targets, rest := o.targetNodes(inputs[1:])
	if len(o.style) > 0 {
		parts = o.styleParts()
		for r := range targets {
			for l, layer := range o.style {
				f := features[index[layer.Name]]
				var guide *node
				how := alike
				if o.masks != nil {
					guide, rest, how = rest[0], rest[1:], softly
				}
				count := graph.Const(x.Graph(), float32(o.counts[r][l]))
				losses := momentLosses(o.spec, sums(f, guide, how, o.means).over(count), targets[r][l])
				for _, name := range o.momentLosses() {
					terms = append(terms, losses[name])
				}
			}
		}
	}
	for l, layer := range o.content {
		d := squared(graph.Sub(features[index[layer.Name]], rest[l]))
		terms = append(terms, graph.MulScalar(d, 1/(o.energy[l]+tiny)))
		parts = append(parts, part{contentName(layer), true, o.contentWeight(l)})
	}
	return []*node{stack(terms), graph.Gradient(weighted(parts, terms), x)[0]}
}

func contentName(l Layer) string { return "content " + l.Name }

func (o *Objective) parts() []part {
	var parts []part
	if len(o.style) > 0 {
		parts = o.styleParts()
	}
	for l, layer := range o.content {
		parts = append(parts, part{contentName(layer), true, o.contentWeight(l)})
	}
	return parts
}

func (o *Objective) evaluateWhole(x, gradient []float32) (losses Losses, err error) {
	picture, err := o.set("x", x, 1, o.h, o.w, 3)
	if err != nil {
		return losses, err
	}
	args := []any{picture}
	for _, t := range o.targets {
		args = append(args, t)
	}
	if o.masks != nil {
		for r := range o.guides {
			for l, layer := range o.style {
				h, w := o.net.Size(layer.Name, o.h, o.w)
				guide, err := o.set(fmt.Sprint("guide ", r, l), o.guides[r][l], 1, h, w, 1)
				if err != nil {
					return losses, err
				}
				args = append(args, guide)
			}
		}
	}
	for _, features := range o.contents { // one or, without content, none
		for _, t := range features {
			args = append(args, t)
		}
	}
	out, err := o.whole.Exec(args...)
	if err != nil {
		return losses, err
	}
	defer finalize(out)
	values, err := vector(out[0])
	if err != nil {
		return losses, err
	}
	losses.add(o.parts(), values)
	return losses, tensors.ConstFlatData(out[1], func(flat []float32) { copy(gradient, flat) })
}
