package resolve

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/pkg/errors"

	"github.com/atelier-go/atelier/cpu/internal/ir"
)

// attr makes the arguments of c, a copy of n, concrete.
func (r *resolver) attr(n, c *ir.Node) error {
	var err error
	switch a := n.Attr.(type) {
	case ir.ReshapeAttr:
		a.Dims, err = reshapeDims(a.Dims, n.Inputs[0].Shape(), c.Inputs[0].Shape())
		c.Attr = a
	case ir.BroadcastAttr:
		a.Shape, err = r.shape(a.Shape)
		c.Attr = a
	case ir.IotaAttr:
		a.Shape, err = r.shape(a.Shape)
		c.Attr = a
	case ir.RNGAttr:
		a.Shape, err = r.shape(a.Shape)
		c.Attr = a
	case ir.SliceAttr:
		a.Limits = wholeAxes(a.Limits, c.Inputs[0].Shape())
		c.Attr = a
	case ir.GatherAttr:
		a.SliceSizes = wholeAxes(a.SliceSizes, c.Inputs[0].Shape())
		c.Attr = a
	case ir.DynamicSliceAttr:
		a.Sizes = wholeAxes(a.Sizes, c.Inputs[0].Shape())
		c.Attr = a
	}
	return errors.WithMessagef(err, "%v", n.Op)
}

// shape replaces the named dynamic dimensions of s by their sizes.
func (r *resolver) shape(s shapes.Shape) (shapes.Shape, error) {
	s, err := s.Resolve(r.axes)
	return unnamed(s), err
}

// wholeAxes replaces sizes or limits given as dynamic by the length of the axis.
func wholeAxes(sizes []int, s shapes.Shape) []int {
	out := slices.Clone(sizes)
	for axis, n := range out {
		if n == shapes.DynamicDim {
			out[axis] = s.Dimensions[axis]
		}
	}
	return out
}

// reshapeDims replaces the dynamic dimensions of a reshape, in order, by those of the operand.
func reshapeDims(dims []int, dynamic, concrete shapes.Shape) ([]int, error) {
	out := slices.Clone(dims)
	axis := 0
	for i, d := range out {
		if d != shapes.DynamicDim {
			continue
		}
		for axis < dynamic.Rank() && dynamic.Dimensions[axis] != shapes.DynamicDim {
			axis++
		}
		if axis == dynamic.Rank() {
			return nil, errors.Errorf("%v has fewer dynamic axes than dimensions %v", dynamic, dims)
		}
		out[i] = concrete.Dimensions[axis]
		axis++
	}
	return out, nil
}

// reshape turns a DynamicReshape into a Reshape.
func (r *resolver) reshape(n, c *ir.Node) (*ir.Node, error) {
	specs := n.Attr.(ir.DynamicReshapeAttr).Specs
	dims := make([]int, len(specs))
	known, inferred := 1, -1
	for i, s := range specs {
		dims[i] = s.Static
		switch {
		case s.Input > 0:
			size, err := r.scalar(c.Inputs[s.Input])
			if err != nil {
				return nil, errors.WithMessagef(err, "DynamicReshape: axis %q", s.Name)
			}
			if size <= 0 {
				return nil, errors.Errorf("DynamicReshape: axis %q has size %d, want 1 or more", s.Name, size)
			}
			dims[i] = size
		case s.Name != "":
			inferred = i
			continue
		}
		known *= dims[i]
	}
	x := c.Inputs[0].Shape()
	if inferred >= 0 {
		if known == 0 || x.Size()%known != 0 {
			return nil, errors.Errorf("DynamicReshape: %v cannot be reshaped to %v: axis %q would not be whole", x, dims,
				specs[inferred].Name)
		}
		dims[inferred] = x.Size() / known
	}
	if err := r.bindAxes(specs, dims); err != nil {
		return nil, err
	}
	c.Op = ir.Op(compute.OpTypeReshape)
	c.Attr = ir.ReshapeAttr{Dims: dims}
	c.Inputs = c.Inputs[:1]
	var err error
	c.Shapes, err = ir.Infer(c.Op, c.Attr, []shapes.Shape{x})
	return c, err
}

// bindAxes makes the axes that a reshape names known to later operations.
func (r *resolver) bindAxes(specs []ir.DynamicDim, dims []int) error {
	for i, s := range specs {
		if s.Name == "" || s.Name == shapes.AnonymousAxis {
			continue
		}
		if size, bound := r.axes[s.Name]; bound && size != dims[i] {
			return errors.Errorf("DynamicReshape: axis %q has size %d here and %d elsewhere", s.Name, dims[i], size)
		}
		r.axes[s.Name] = dims[i]
	}
	return nil
}
