package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/pkg/errors"

	"github.com/atelier-go/atelier/cpu/internal/exec"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// execution is one run of an executable.
type execution struct {
	e       *Executable
	inputs  []*Buffer
	donate  []bool
	shapes  []shapes.Shape // of the inputs
	params  [][]byte
	program *exec.Program
	results [][]byte
	reused  []int // per result, the input whose memory it takes, or -1
	// reserved is how many bytes of the results are counted but do not belong to a buffer yet.
	reserved int64
}

// Execute runs the computation. Donated inputs are finalized, and results may take their memory, if it succeeds;
// if it fails the error is an *[ExecutionError], and every input is as valid as before.
func (e *Executable) Execute(inputs []compute.Buffer, donate []bool, device compute.DeviceNum) ([]compute.Buffer, error) {
	x := &execution{e: e, donate: donate}
	overwritten, err := x.prepare(inputs, device)
	if err == nil {
		overwritten, err = x.program.Run(x.params, x.results)
	}
	for _, in := range x.inputs {
		in.release()
	}
	if err != nil {
		e.backend.memory.Release(x.reserved)
		return nil, newExecutionError(e.name, err, x.donatedBuffers(inputs), pick(inputs, overwritten))
	}
	return x.finish(), nil
}

// prepare checks the inputs, finds the program and provides memory for the results.
func (x *execution) prepare(inputs []compute.Buffer, device compute.DeviceNum) (overwritten []int, err error) {
	e := x.e
	if err := e.backend.check(); err != nil {
		return nil, err
	}
	if err := checkDevice(device); err != nil {
		return nil, err
	}
	if len(inputs) != len(e.params) {
		return nil, errors.Errorf("it takes %d inputs, got %d", len(e.params), len(inputs))
	}
	if len(x.donate) != 0 && len(x.donate) != len(inputs) {
		return nil, errors.Errorf("%d inputs, but donation is given for %d", len(inputs), len(x.donate))
	}
	for i, in := range inputs {
		if err := x.take(i, in); err != nil {
			return nil, errors.WithMessagef(err, "input %d, parameter %q", i, e.names[i])
		}
	}
	if x.program, err = e.program(x.shapes, x.params); err != nil {
		return nil, err
	}
	return nil, x.provide()
}

// take checks one input against its parameter.
func (x *execution) take(i int, in compute.Buffer) error {
	buf, ok := in.(*Buffer)
	if !ok || buf == nil {
		return errors.Errorf("a buffer of type %T does not belong to this backend", in)
	}
	if buf.backend != x.e.backend {
		return errors.New("the buffer belongs to another backend")
	}
	data, err := buf.borrow()
	if err != nil {
		return err
	}
	x.inputs = append(x.inputs, buf)
	want := x.e.params[i]
	if want.DType != buf.shape.DType || !fitsDims(want.Dimensions, buf.shape.Dimensions) {
		return errors.Errorf("the buffer has shape %v, want %v", buf.shape, want)
	}
	x.shapes = append(x.shapes, buf.shape)
	x.params = append(x.params, data)
	return nil
}

// fitsDims reports whether dims are a parameter's, of which some may be dynamic.
func fitsDims(param, dims []int) bool {
	return slices.EqualFunc(param, dims, func(p, d int) bool { return p == d || p == shapes.DynamicDim })
}

// provide finds memory for the results: that of donated inputs where the program allows it, and new memory elsewhere.
func (x *execution) provide() error {
	outputs := x.program.Outputs()
	reuses := x.program.Reuses()
	x.reused = make([]int, len(outputs))
	var fresh int64
	for k, s := range outputs {
		x.reused[k] = -1
		if i := reuses[k]; i >= 0 && x.gaveUp(i) {
			x.reused[k] = i
		} else {
			fresh += int64(tensor.ByteSize(s))
		}
	}
	if err := x.e.backend.memory.Reserve(fresh, "the results"); err != nil {
		return err
	}
	x.reserved = fresh
	x.results = make([][]byte, len(outputs))
	for k, s := range outputs {
		if i := x.reused[k]; i >= 0 {
			x.results[k] = x.params[i]
		} else {
			x.results[k] = x.e.backend.recycler.get(tensor.ByteSize(s))
		}
	}
	return nil
}

// gaveUp reports whether input i was donated, and is no other input as well.
func (x *execution) gaveUp(i int) bool {
	if len(x.donate) == 0 || !x.donate[i] {
		return false
	}
	for j, buf := range x.inputs {
		if j != i && buf == x.inputs[i] {
			return false
		}
	}
	return true
}

// finish makes buffers of the results and finalizes what was donated.
func (x *execution) finish() []compute.Buffer {
	out := make([]compute.Buffer, len(x.results))
	for k, data := range x.results {
		shape := x.program.Outputs()[k]
		shape.AxisNames = x.e.results[k].AxisNames
		buf := x.e.backend.wrap(shape, data)
		if i := x.reused[k]; i >= 0 {
			buf.seen = x.inputs[i].wasSeen()
		}
		out[k] = buf
	}
	for _, i := range x.reused {
		if i >= 0 {
			x.inputs[i].surrender()
		}
	}
	for i, buf := range x.inputs {
		if len(x.donate) > 0 && x.donate[i] {
			_ = buf.Finalize() // never fails; does nothing where the memory was passed on
		}
	}
	return out
}

// donatedBuffers lists the inputs that were donated.
func (x *execution) donatedBuffers(inputs []compute.Buffer) []compute.Buffer {
	var out []compute.Buffer
	for i, in := range inputs {
		if i < len(x.donate) && x.donate[i] {
			out = append(out, in)
		}
	}
	return out
}

func pick(inputs []compute.Buffer, which []int) []compute.Buffer {
	var out []compute.Buffer
	for _, i := range which {
		out = append(out, inputs[i])
	}
	return out
}
