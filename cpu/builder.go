package cpu

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/pkg/errors"

	"github.com/atelier-go/atelier/cpu/internal/ir"
)

// builder captures one computation.
type builder struct {
	backend  *Backend
	name     string
	main     *function
	names    map[string]bool // of functions
	compiled bool
}

var _ compute.Builder = (*builder)(nil)

func newBuilder(b *Backend, name string) *builder {
	bd := &builder{backend: b, name: name, names: map[string]bool{compute.MainName: true}}
	bd.main = bd.function(compute.MainName, nil)
	return bd
}

func (bd *builder) function(name string, parent *function) *function {
	f := &function{builder: bd, parent: parent, fn: &ir.Func{Name: name}, captured: make(map[ir.Value]ir.Value)}
	if parent != nil {
		f.fn.Parent = parent.fn
	}
	return f
}

func (bd *builder) Name() string { return bd.name }

func (bd *builder) Main() compute.Function { return bd.main }

// NewFunction starts a function that Call can run; its name is unique in the computation.
func (bd *builder) NewFunction(name string) (compute.Function, error) {
	if err := bd.check(); err != nil {
		return nil, err
	}
	if name == "" {
		return nil, errors.Errorf("cpu: computation %q: a named function needs a name", bd.name)
	}
	if bd.names[name] {
		return nil, errors.Errorf("cpu: computation %q already has a function %q", bd.name, name)
	}
	bd.names[name] = true
	return bd.function(name, nil), nil
}

func (bd *builder) check() error {
	if bd.compiled {
		return errors.Errorf("cpu: computation %q is compiled already, nothing can be added to it", bd.name)
	}
	return bd.backend.check()
}

// OpShape returns the shape of a value.
func (bd *builder) OpShape(v compute.Value) (shapes.Shape, error) {
	own, ok := v.(value)
	if !ok || own.fn.builder != bd {
		return shapes.Invalid(), errors.Errorf("cpu: %T is not a value of computation %q", v, bd.name)
	}
	return own.v.Shape(), nil
}

func (bd *builder) DistributedSPMD(int) error {
	return errors.Wrap(compute.ErrNotImplemented, "cpu: there is only one device to distribute to")
}

func (bd *builder) DistributedAutoSharding(...compute.Mesh) error {
	return errors.Wrap(compute.ErrNotImplemented, "cpu: there is only one device to distribute to")
}

func (bd *builder) DeviceAssignment(devices ...compute.DeviceNum) error {
	if len(devices) != 1 {
		return errors.Errorf("cpu: %d devices are assigned, a computation runs on one", len(devices))
	}
	return checkDevice(devices[0])
}

// Compile makes the computation executable. Nothing can be added to it afterwards.
func (bd *builder) Compile() (compute.Executable, error) {
	if err := bd.check(); err != nil {
		return nil, err
	}
	if !bd.main.returned {
		return nil, errors.Errorf("cpu: computation %q: its main function has no Return", bd.name)
	}
	bd.compiled = true
	e, err := newExecutable(bd)
	if err != nil {
		return nil, errors.WithMessagef(err, "cpu: computation %q", bd.name)
	}
	return e, nil
}
