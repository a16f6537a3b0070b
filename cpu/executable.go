package cpu

import (
	"fmt"
	"strings"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/pkg/errors"

	"github.com/atelier-go/atelier/cpu/internal/exec"
	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/resolve"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// Executable is a compiled computation. Executions may run at the same time.
type Executable struct {
	backend *Backend
	name    string
	main    *ir.Func // as captured
	names   []string // of the parameters
	params  []shapes.Shape
	results []shapes.Shape

	// dynamic is set if shapes are only known at execution. A program is then compiled for each combination of
	// dimensions, and of the content of the sizeParams.
	dynamic    bool
	sizeParams []int

	mu        sync.Mutex
	finalized bool
	programs  map[string]*exec.Program
	order     []string // keys of programs, oldest first
}

var _ compute.Executable = (*Executable)(nil)

// maxPrograms is how many programs an executable with dynamic shapes keeps.
const maxPrograms = 64

func newExecutable(bd *builder) (*Executable, error) {
	e := &Executable{
		backend:    bd.backend,
		name:       bd.name,
		main:       bd.main.fn,
		dynamic:    resolve.IsDynamic(bd.main.fn),
		sizeParams: resolve.SizeParams(bd.main.fn),
		programs:   make(map[string]*exec.Program),
	}
	for _, p := range e.main.Params {
		e.names = append(e.names, p.Attr.(ir.ParameterAttr).Name)
		e.params = append(e.params, p.Shapes[0])
	}
	e.results = bd.main.outputShapes()
	if !e.dynamic && len(e.sizeParams) == 0 {
		if _, err := e.program(e.params, nil); err != nil {
			return nil, err
		}
	}
	e.backend.remember(e)
	return e, nil
}

// program returns the program for parameters of the given shapes and content, compiling it the first time.
func (e *Executable) program(params []shapes.Shape, data [][]byte) (*exec.Program, error) {
	key := e.key(params, data)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.finalized {
		return nil, errors.New("the executable is finalized")
	}
	if p := e.programs[key]; p != nil {
		return p, nil
	}
	p, err := e.compile(params, data)
	if err != nil {
		return nil, err
	}
	if len(e.order) == maxPrograms {
		delete(e.programs, e.order[0])
		e.order = e.order[1:]
	}
	e.programs[key] = p
	e.order = append(e.order, key)
	return p, nil
}

// key identifies a program among those of a computation.
func (e *Executable) key(params []shapes.Shape, data [][]byte) string {
	if !e.dynamic && len(e.sizeParams) == 0 {
		return ""
	}
	var b strings.Builder
	for i, s := range params {
		if e.params[i].IsDynamic() {
			fmt.Fprintf(&b, "%v ", s.Dimensions)
		}
	}
	for _, i := range e.sizeParams {
		fmt.Fprintf(&b, "%x ", data[i])
	}
	return b.String()
}

func (e *Executable) compile(params []shapes.Shape, data [][]byte) (*exec.Program, error) {
	known := func(i int) (tensor.Tensor, bool) {
		if data == nil {
			return tensor.Tensor{}, false
		}
		return tensor.Tensor{Shape: params[i], Data: data[i]}, true
	}
	f, err := resolve.Function(e.main, params, known)
	if err != nil {
		return nil, err
	}
	env := &e.backend.env
	if err := rewrite(f, env); err != nil {
		return nil, err
	}
	return exec.Compile(f, env)
}

// Finalize frees the compiled programs. The executable cannot be executed afterwards.
func (e *Executable) Finalize() {
	e.mu.Lock()
	e.finalized, e.programs, e.order = true, nil, nil
	e.mu.Unlock()
	e.backend.forget(e)
}

// Inputs returns the names and the shapes of the parameters.
func (e *Executable) Inputs() (names []string, inputShapes []shapes.Shape) {
	return append([]string(nil), e.names...), append([]shapes.Shape(nil), e.params...)
}

// Outputs returns the shapes of the results.
func (e *Executable) Outputs() []shapes.Shape { return append([]shapes.Shape(nil), e.results...) }

// Explain describes what an execution does: every step in order, the kernel that computes it, its shapes and where in
// memory its values are. With profile=1 it also says how long each step took on average. There is one plan for each
// combination of dynamic dimensions that was executed.
func (e *Executable) Explain() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "computation %q\n", e.name)
	for _, key := range e.order {
		if key != "" {
			fmt.Fprintf(&b, "for dimensions %s\n", key)
		}
		b.WriteString(e.programs[key].Explain())
	}
	return b.String()
}
