package ir

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

// withIndexVector appends the implicit axis of length 1 that holds the index vector when its axis is the rank.
func withIndexVector(indices shapes.Shape, axis int) shapes.Shape {
	if axis != indices.Rank() {
		return indices
	}
	s := indices.Clone()
	s.Dimensions = append(s.Dimensions, 1)
	if s.AxisNames != nil {
		s.AxisNames = append(s.AxisNames, "")
	}
	return s
}

func inferGather(_ compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	a := attr.(GatherAttr)
	if !in[1].DType.IsInt() {
		return errOf("the indices must be integers")
	}
	indices := withIndexVector(in[1], a.IndexVectorAxis)
	if err := checkAxes("start index map", in[0].Rank(), a.StartIndexMap); err != nil {
		return nil, err
	}
	if !slices.IsSorted(a.OffsetOutputAxes) || !slices.IsSorted(a.CollapsedSliceAxes) {
		return errOf("offset output axes %v and collapsed axes %v must be sorted", a.OffsetOutputAxes, a.CollapsedSliceAxes)
	}
	return one(shapeinference.Gather(in[0], indices, a.IndexVectorAxis, a.OffsetOutputAxes, a.CollapsedSliceAxes,
		a.StartIndexMap, a.SliceSizes, a.IndicesAreSorted))
}

func inferScatter(_ compute.OpType, attr any, in []shapes.Shape) ([]shapes.Shape, error) {
	a := attr.(ScatterAttr)
	operand, indices, updates := in[0], withIndexVector(in[1], a.IndexVectorAxis), in[2]
	for _, c := range []struct {
		what string
		rank int
		axes []int
	}{
		{"update window axes", updates.Rank(), a.UpdateWindowAxes},
		{"inserted window axes", operand.Rank(), a.InsertedWindowAxes},
		{"scatter axes", operand.Rank(), a.ScatterAxesToOperandAxes},
	} {
		if err := checkAxes(c.what, c.rank, c.axes); err != nil {
			return nil, err
		}
	}
	if !slices.IsSorted(a.UpdateWindowAxes) || !slices.IsSorted(a.InsertedWindowAxes) {
		return errOf("update window axes %v and inserted window axes %v must be sorted", a.UpdateWindowAxes, a.InsertedWindowAxes)
	}
	out, err := shapeinference.Scatter(operand, indices, updates, a.IndexVectorAxis, a.UpdateWindowAxes,
		a.InsertedWindowAxes, a.ScatterAxesToOperandAxes)
	if err != nil {
		return nil, err
	}
	batch := slices.Delete(slices.Clone(indices.Dimensions), a.IndexVectorAxis, a.IndexVectorAxis+1)
	for axis, d := range updates.Dimensions {
		if slices.Contains(a.UpdateWindowAxes, axis) {
			continue
		}
		if want := batch[0]; d != want && d != shapes.DynamicDim && want != shapes.DynamicDim {
			return errOf("axis %d of the updates has length %d, the indices have %d there", axis, d, want)
		}
		batch = batch[1:]
	}
	return one(out, nil)
}
