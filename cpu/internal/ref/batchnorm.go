package ref

import (
	"fmt"
	"math"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
)

// chooseBatchNorm covers batch normalization over every axis but the features', all in float64, rounded at the end.
// Variances are biased: the mean of the squared differences from the mean.
func chooseBatchNorm(n *ir.Node) evalFunc {
	for _, in := range n.Inputs {
		if !in.Shape().DType.IsFloat() {
			return nil
		}
	}
	switch compute.OpType(n.Op) {
	case compute.OpTypeBatchNormForInference:
		return ifCounts(n, 5, 1, batchNormForInference)
	case compute.OpTypeBatchNormForTraining:
		return ifCounts(n, 3, 3, batchNormForTraining)
	case compute.OpTypeBatchNormGradient:
		return ifCounts(n, 5, 3, batchNormGradient)
	}
	return nil
}

func ifCounts(n *ir.Node, inputs, outputs int, eval evalFunc) evalFunc {
	if len(n.Inputs) != inputs || len(n.Shapes) != outputs || !n.Shapes[0].DType.IsFloat() {
		return nil
	}
	return eval
}

// featureAxis is an array seen as [outer, features, inner].
type featureAxis struct{ outer, features, inner int }

func newFeatureAxis(attr ir.BatchNormAttr, x tensor.Tensor, perFeature ...tensor.Tensor) (featureAxis, error) {
	dims := x.Shape.Dimensions
	if attr.Axis < 0 || attr.Axis >= len(dims) {
		return featureAxis{}, fmt.Errorf("axis %d of rank %d", attr.Axis, len(dims))
	}
	f := featureAxis{product(dims[:attr.Axis]), dims[attr.Axis], product(dims[attr.Axis+1:])}
	for _, t := range perFeature {
		if t.Shape.Size() != f.features {
			return f, fmt.Errorf("%s for %d features", t.Shape, f.features)
		}
	}
	return f, nil
}

// count is the number of elements of one feature.
func (f featureAxis) count() float64 { return float64(f.outer * f.inner) }

// each visits runs of at most blockLen elements in memory order: element i of a run belongs to feature first + i·step.
func (f featureAxis) each(visit func(off, n, first, step int)) {
	for o := range f.outer {
		if f.inner == 1 {
			for done := 0; done < f.features; done += blockLen {
				visit(o*f.features+done, min(blockLen, f.features-done), done, 1)
			}
			continue
		}
		for c := range f.features {
			for done := 0; done < f.inner; done += blockLen {
				visit((o*f.features+c)*f.inner+done, min(blockLen, f.inner-done), c, 0)
			}
		}
	}
}

// sums adds up term(feature, element) by feature. Each run is summed before it is added to the total.
func (f featureAxis) sums(x view[float64], term func(feature int, x float64) float64) []float64 {
	total := make([]float64, f.features)
	var buf [blockLen]float64
	f.each(func(off, n, first, step int) {
		partial := 0.0
		for i, v := range x.row(buf[:], off, 1, n) {
			if step == 1 {
				total[first+i] += term(first+i, v)
			} else {
				partial += term(first, v)
			}
		}
		if step == 0 {
			total[first] += partial
		}
	})
	return total
}

// scaleShift writes x·scale + shift by feature.
func (f featureAxis) scaleShift(dst sink[float64], x view[float64], mean, scale, offset []float64) {
	var buf, bufR [blockLen]float64
	f.each(func(off, n, first, step int) {
		row := dst.row(bufR[:], off, n)
		for i, v := range x.row(buf[:], off, 1, n) {
			c := first + i*step
			row[i] = (v-mean[c])*scale[c] + offset[c]
		}
		dst.put(row, off)
	})
}

func floatsOf(t tensor.Tensor) []float64 {
	values := make([]float64, t.Shape.Size())
	floatView(t).load(values, 0, 1)
	return values
}

func batchNormForInference(n *ir.Node, in, out []tensor.Tensor) error {
	attr := n.Attr.(ir.BatchNormAttr)
	f, err := newFeatureAxis(attr, in[0], in[1:]...)
	if err != nil {
		return err
	}
	scale, offset, mean, variance := floatsOf(in[1]), floatsOf(in[2]), floatsOf(in[3]), floatsOf(in[4])
	for c := range scale {
		scale[c] /= math.Sqrt(variance[c] + float64(attr.Epsilon))
	}
	f.scaleShift(floatSink(out[0]), floatView(in[0]), mean, scale, offset)
	return nil
}

func batchNormForTraining(n *ir.Node, in, out []tensor.Tensor) error {
	attr := n.Attr.(ir.BatchNormAttr)
	f, err := newFeatureAxis(attr, in[0], in[1], in[2], out[1], out[2])
	if err != nil {
		return err
	}
	x, scale, offset := floatView(in[0]), floatsOf(in[1]), floatsOf(in[2])
	mean := f.sums(x, func(_ int, v float64) float64 { return v })
	for c := range mean {
		mean[c] /= f.count()
	}
	variance := f.sums(x, func(c int, v float64) float64 { return (v - mean[c]) * (v - mean[c]) })
	for c := range variance {
		variance[c] /= f.count()
		scale[c] /= math.Sqrt(variance[c] + float64(attr.Epsilon))
	}
	f.scaleShift(floatSink(out[0]), x, mean, scale, offset)
	floatSink(out[1]).store(mean, 0, 1)
	floatSink(out[2]).store(variance, 0, 1)
	return nil
}

// batchNormGradient computes, with x̂ = (x-mean)/σ, σ = √(variance+ε) and g the gradient of the output:
//
//	∂offset = Σg    ∂scale = Σ g·x̂    ∂x = scale/σ · (g - ∂offset/N - x̂·∂scale/N)
func batchNormGradient(n *ir.Node, in, out []tensor.Tensor) error {
	attr := n.Attr.(ir.BatchNormAttr)
	f, err := newFeatureAxis(attr, in[0], in[1], in[2], in[3], out[1], out[2])
	if err != nil {
		return err
	}
	if err := sameSize(in[0], in[4]); err != nil {
		return err
	}
	x, g := floatView(in[0]), floatView(in[4])
	scale, mean, rstd := floatsOf(in[1]), floatsOf(in[2]), floatsOf(in[3])
	for c, variance := range rstd {
		rstd[c] = 1 / math.Sqrt(variance+float64(attr.Epsilon))
	}
	dOffset := f.sums(g, func(_ int, v float64) float64 { return v })
	dScale := make([]float64, f.features)
	var bufX, bufG, bufR [blockLen]float64
	f.each(func(off, n, first, step int) {
		rowG := g.row(bufG[:], off, 1, n)
		for i, v := range x.row(bufX[:], off, 1, n) {
			c := first + i*step
			dScale[c] += rowG[i] * (v - mean[c]) * rstd[c]
		}
	})
	dst, count := floatSink(out[0]), f.count()
	f.each(func(off, n, first, step int) {
		row, rowG := dst.row(bufR[:], off, n), g.row(bufG[:], off, 1, n)
		for i, v := range x.row(bufX[:], off, 1, n) {
			c := first + i*step
			normal := (v - mean[c]) * rstd[c]
			row[i] = scale[c] * rstd[c] * (rowG[i] - dOffset[c]/count - normal*dScale[c]/count)
		}
		dst.put(row, off)
	})
	floatSink(out[1]).store(dScale, 0, 1)
	floatSink(out[2]).store(dOffset, 0, 1)
	return nil
}
