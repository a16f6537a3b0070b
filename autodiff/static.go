package autodiff

import (
	"fmt"
	"reflect"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// GoMLX keeps the static arguments of a node (strides, axes, paddings) in unexported fields. Everything that reads
// them is in this file, and reads only: no field is ever written. TestStaticArguments fails if a field is renamed.

// static is the struct with the static arguments of a node.
type static struct {
	node *Node
	args reflect.Value
}

func staticOf(node *Node) static {
	args := reflect.ValueOf(node).Elem().FieldByName("inputs")
	if !args.IsValid() || args.IsNil() {
		panic(fmt.Errorf("autodiff: this version of GoMLX keeps the arguments of %s elsewhere", node.Type()))
	}
	return static{node, args.Elem().Elem()}
}

func (s static) field(name string) reflect.Value {
	f := s.args.FieldByName(name)
	if !f.IsValid() {
		panic(fmt.Errorf("autodiff: %s has no argument %q in this version of GoMLX", s.node.Type(), name))
	}
	return f
}

func (s static) int(name string) int   { return int(s.field(name).Int()) }
func (s static) bool(name string) bool { return s.field(name).Bool() }
func (s static) ints(name string) []int {
	return intsOf(s.field(name))
}

// intsOr is ints, or n times def if the argument was left out.
func (s static) intsOr(name string, n, def int) []int {
	if a := s.ints(name); len(a) > 0 {
		return a
	}
	a := make([]int, n)
	for i := range a {
		a[i] = def
	}
	return a
}

// pairs reads paddings; those left out are zero.
func (s static) pairs(name string, n int) [][2]int {
	f, p := s.field(name), make([][2]int, n)
	for i := range f.Len() {
		p[i] = [2]int{int(f.Index(i).Index(0).Int()), int(f.Index(i).Index(1).Int())}
	}
	return p
}

// padAxes reads the configuration of a Pad of the given rank; axes left out are not padded.
func (s static) padAxes(rank int) []PadAxis {
	f, p := s.field("axesConfig"), make([]PadAxis, rank)
	for i := range f.Len() {
		c := f.Index(i)
		p[i] = PadAxis{
			Start:    int(c.FieldByName("Start").Int()),
			End:      int(c.FieldByName("End").Int()),
			Interior: int(c.FieldByName("Interior").Int()),
		}
	}
	return p
}

// convAxes reads the axes of a ConvGeneral.
func (s static) convAxes() compute.ConvolveAxesConfig {
	f := s.field("axes")
	num := func(name string) int { return int(f.FieldByName(name).Int()) }
	list := func(name string) []int { return intsOf(f.FieldByName(name)) }
	return compute.ConvolveAxesConfig{
		InputBatch: num("InputBatch"), InputChannels: num("InputChannels"), InputSpatial: list("InputSpatial"),
		KernelInputChannels:  num("KernelInputChannels"),
		KernelOutputChannels: num("KernelOutputChannels"),
		KernelSpatial:        list("KernelSpatial"),
		OutputBatch:          num("OutputBatch"), OutputChannels: num("OutputChannels"), OutputSpatial: list("OutputSpatial"),
	}
}

func intsOf(v reflect.Value) []int {
	a := make([]int, v.Len())
	for i := range a {
		a[i] = int(v.Index(i).Int())
	}
	return a
}

// isZero reports whether n is a scalar constant 0, broadcast or not.
func isZero(n *Node) bool {
	for !n.IsScalar() || n.Type() != NodeTypeConstant {
		switch n.Type() {
		case NodeTypeBroadcastInDim, NodeTypeReshape, NodeTypeConvertDType, NodeTypeIdentity:
			n = n.Inputs()[0]
		default:
			return false
		}
	}
	value := (*tensors.Tensor)(staticOf(n).field("tensor").UnsafePointer())
	if value == nil {
		return false
	}
	switch v := value.Value().(type) {
	case float32:
		return v == 0
	case float64:
		return v == 0
	case interface{ Float32() float32 }: // the half precision types
		return v.Float32() == 0
	default:
		return reflect.ValueOf(v).IsZero()
	}
}
