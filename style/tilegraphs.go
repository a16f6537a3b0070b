package style

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// weighing is how weights of positions in tiles count.
func (o *Objective) weighing() weighing {
	if o.masks != nil {
		return softly
	}
	return chosen
}

// moments is how many sums there are of a region and layer: the second, and before it the first where means count.
func (o *Objective) moments() int {
	if o.means {
		return 2
	}
	return 1
}

// taken are those sums, or anything that goes with them, from the front of a list; the first is nil where means do not count.
func (o *Objective) taken(list *[]*node) moments {
	n := o.moments()
	m := moments{second: (*list)[n-1]}
	if o.means {
		m.mean = (*list)[0]
	}
	*list = (*list)[n:]
	return m
}

// buildSums is pass 1. Inputs: the window, and for each region and style layer the weights of positions. Results: for each
// of those the sums, and with the histogram loss each style layer's features.
func (o *Objective) buildSums(scope *model.Scope, inputs []*node) []*node {
	var names []string
	for _, l := range o.style {
		names = append(names, l.Name)
	}
	features := o.net.Build(scope, inputs[0], names)
	var results []*node
	for r := range o.regions() {
		for l := range o.style {
			m := sums(features[l], inputs[1+r*len(o.style)+l], o.weighing(), o.means)
			if o.means {
				results = append(results, m.mean)
			}
			results = append(results, m.second)
		}
	}
	if _, ok := o.spec.has(Histogram); ok {
		results = append(results, features...)
	}
	return results
}

// buildCombine is the loss of statistics. Inputs: for each region and layer the moments, then the targets.
// Results: the terms, and the gradients by the moments.
func (o *Objective) buildCombine(_ *model.Scope, inputs []*node) []*node {
	n := o.moments() * o.regions() * len(o.style)
	found := inputs[:n]
	targets, _ := o.targetNodes(inputs[n:])
	var terms []*node
	for r := range targets {
		for l := range o.style {
			losses := momentLosses(o.spec, o.taken(&found), targets[r][l])
			for _, name := range o.momentLosses() {
				terms = append(terms, losses[name])
			}
		}
	}
	if len(terms) == 0 {
		zero := graph.ScalarZero(inputs[0].Graph(), dtypes.Float32)
		return append([]*node{graph.Reshape(zero, 1)}, zeros(inputs[:n])...)
	}
	return append([]*node{stack(terms)}, graph.Gradient(weighted(o.styleParts(), terms), inputs[:n]...)...)
}

func zeros(of []*node) []*node {
	all := make([]*node, len(of))
	for i, x := range of {
		all[i] = graph.ZerosLike(x)
	}
	return all
}

// buildBackward is pass 2. Inputs: the window; for each region and style layer the weights of positions, the gradients by
// their sums, and with the histogram loss its coefficient and table; for each content layer the content picture's
// features, the weights of positions and the coefficient. Results: the sums of the local terms, and the gradient.
func (o *Objective) buildBackward(scope *model.Scope, inputs []*node) []*node {
	x := inputs[0]
	inputs = inputs[1:]
	names, index := o.taps()
	features := o.net.Build(scope, x, names)
	next := func() *node {
		n := inputs[0]
		inputs = inputs[1:]
		return n
	}
	_, histogram := o.spec.has(Histogram)
	total := graph.ScalarZero(x.Graph(), dtypes.Float32)
	var local []*node
	for r := range o.regions() {
		for l, layer := range o.style {
			f, weight := features[index[layer.Name]], next()
			by, m := o.taken(&inputs), sums(f, weight, o.weighing(), o.means)
			total = graph.Add(total, graph.ReduceAllSum(graph.Mul(by.second, m.second)))
			if o.means {
				total = graph.Add(total, graph.ReduceAllSum(graph.Mul(by.mean, m.mean)))
			}
			if histogram {
				coefficient, table := next(), next()
				match := graph.StopGradient(o.matches[r][l].apply(f, table))
				d := graph.ReduceAllSum(graph.Mul(weight, graph.Square(graph.Sub(f, match))))
				local = append(local, d)
				total = graph.Add(total, graph.Mul(coefficient, d))
			}
		}
	}
	for _, layer := range o.content {
		wanted, weight, coefficient := next(), next(), next()
		d := graph.Sub(features[index[layer.Name]], wanted)
		sum := graph.ReduceAllSum(graph.Mul(weight, graph.Square(d)))
		local = append(local, sum)
		total = graph.Add(total, graph.Mul(coefficient, sum))
	}
	if len(local) == 0 {
		local = []*node{graph.ScalarZero(x.Graph(), dtypes.Float32)}
	}
	return []*node{stack(local), graph.Gradient(total, x)[0]}
}
