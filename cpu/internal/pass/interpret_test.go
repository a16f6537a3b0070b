package pass

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/kernel/conv"
	"github.com/atelier-go/atelier/cpu/internal/kernel/fused"
	"github.com/atelier-go/atelier/cpu/internal/ref"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// interpret runs f on params, node by node: GoMLX's operations by the reference loops, the passes' own by their
// definitions.
func interpret(t testing.TB, f *ir.Func, params []tensor.Tensor) []tensor.Tensor {
	t.Helper()
	values := map[ir.Value]tensor.Tensor{}
	for i, p := range f.Params {
		values[p.Value(0)] = params[i]
	}
	for _, n := range f.Nodes {
		if n.Op == op(compute.OpTypeParameter) {
			continue
		}
		if a, ok := n.Attr.(ir.ConstantAttr); ok {
			values[n.Value(0)] = tensor.Tensor{Shape: n.Shapes[0], Data: a.Data}
			continue
		}
		in := make([]tensor.Tensor, len(n.Inputs))
		for i, v := range n.Inputs {
			in[i] = values[v]
		}
		out := newTensors(n)
		if err := evaluate(n, in, out); err != nil {
			t.Fatalf("%v: %v\n%v", n, err, f)
		}
		for i, o := range out {
			values[n.Value(i)] = o
		}
	}
	outputs := make([]tensor.Tensor, len(f.Outputs))
	for i, v := range f.Outputs {
		outputs[i] = values[v]
	}
	return outputs
}

func evaluate(n *ir.Node, in, out []tensor.Tensor) error {
	switch a := n.Attr.(type) {
	case *fused.Program:
		return runProgram(a, in, out)
	case ir.ConvolutionAttr:
		return runConvolution(a, in, out)
	case ir.PoolAttr:
		runPool(a, in, tensor.Of[float32](out[0]))
		return nil
	case ir.MatMulAttr:
		if n.Op == ir.OpSyrk {
			in = []tensor.Tensor{in[0], in[0]}
		}
		runMatMul(a, in, out[0])
		return nil
	}
	return ref.Eval(n, in, out)
}

// opcodes maps instructions to GoMLX's operations; those with several meanings are handled by runInstr.
var opcodes = map[fused.Opcode]compute.OpType{
	fused.IsNaN: compute.OpTypeIsNaN, fused.IsFinite: compute.OpTypeIsFinite, fused.MaskAnd: compute.OpTypeLogicalAnd,
	fused.MaskOr: compute.OpTypeLogicalOr, fused.MaskXor: compute.OpTypeLogicalXor, fused.MaskNot: compute.OpTypeLogicalNot,
	fused.Select: compute.OpTypeWhere, fused.ToMask: compute.OpTypeConvertDType, fused.ToNum: compute.OpTypeConvertDType,
}

func init() {
	for o, code := range elementwise {
		if _, ok := opcodes[code]; !ok && code != fused.Invalid {
			opcodes[code] = compute.OpType(o)
		}
	}
}

// runProgram evaluates every instruction at every point, with the reference loops for the arithmetic.
func runProgram(p *fused.Program, in, out []tensor.Tensor) error {
	if len(in) != len(p.Inputs) || len(out) != len(p.Outputs) {
		return fmt.Errorf("program has %d inputs and %d outputs, node %d and %d", len(p.Inputs), len(p.Outputs), len(in), len(out))
	}
	regs := make([]tensor.Tensor, p.Regs)
	for i, input := range p.Inputs {
		if input.DType != in[i].Shape.DType {
			return fmt.Errorf("input %d is %v, program reads %v", i, in[i].Shape, input.DType)
		}
		regs[i] = tensor.New(shapes.Make(input.DType, p.Dims...))
		size := int(input.DType.Size())
		eachPoint(p.Dims, func(point, at int) {
			from := offset(p.Dims, point, input.Strides)
			copy(regs[i].Data[at*size:(at+1)*size], in[i].Data[from*size:(from+1)*size])
		})
	}
	for _, c := range p.Code {
		if err := runInstr(p, c, regs); err != nil {
			return err
		}
	}
	for i, o := range p.Outputs {
		if err := writeOutput(p, o, regs[o.Reg], out[i]); err != nil {
			return err
		}
	}
	return nil
}

func eachPoint(dims []int, visit func(point, at int)) {
	for point := range product(dims...) {
		visit(point, point)
	}
}

// offset of a point, counted in row-major order of dims, in an array with the given strides.
func offset(dims []int, point int, strides []int) int {
	at := 0
	for i := len(dims) - 1; i >= 0; i-- {
		at += point % dims[i] * strides[i]
		point /= dims[i]
	}
	return at
}

func runInstr(p *fused.Program, c fused.Instr, regs []tensor.Tensor) error {
	dtype := p.DType
	if c.Op.IsMask() {
		dtype = dtypes.Bool
	}
	dst := tensor.New(shapes.Make(dtype, p.Dims...))
	regs[c.Dst] = dst
	switch c.Op {
	case fused.Const:
		for i := range dst.Shape.Size() {
			setNumber(dst, i, c.Imm)
		}
		return nil
	case fused.FMA:
		for i := range dst.Shape.Size() {
			setNumber(dst, i, math.FMA(number(regs[c.A], i), number(regs[c.B], i), number(regs[c.C], i)))
		}
		return nil
	}
	n := &ir.Node{Op: op(opcodes[c.Op]), Shapes: []shapes.Shape{dst.Shape}}
	if c.Op == fused.ToMask || c.Op == fused.ToNum {
		n.Attr = ir.DTypeAttr{DType: dtype}
	}
	in := []tensor.Tensor{}
	for _, r := range operandRegisters(c) {
		in = append(in, regs[r])
		n.Inputs = append(n.Inputs, (&ir.Node{Shapes: []shapes.Shape{regs[r].Shape}}).Value(0))
	}
	return ref.Eval(n, in, []tensor.Tensor{dst})
}

func number(t tensor.Tensor, i int) float64 {
	if t.Shape.DType == dtypes.Float64 {
		return tensor.Of[float64](t)[i]
	}
	return float64(tensor.Of[float32](t)[i])
}

func setNumber(t tensor.Tensor, i int, x float64) {
	if t.Shape.DType == dtypes.Float64 {
		tensor.Of[float64](t)[i] = x
		return
	}
	tensor.Of[float32](t)[i] = float32(x)
}

func writeOutput(p *fused.Program, o fused.Output, reg, out tensor.Tensor) error {
	if o.DType != out.Shape.DType {
		return fmt.Errorf("output is %v, program writes %v", out.Shape, o.DType)
	}
	size := int(o.DType.Size())
	if o.Kind == fused.Store {
		eachPoint(p.Dims, func(point, at int) {
			to := offset(p.Dims, point, o.Strides)
			copy(out.Data[to*size:(to+1)*size], reg.Data[at*size:(at+1)*size])
		})
		return nil
	}
	total := make([]float64, out.Shape.Size())
	start := map[fused.Reduction]float64{fused.ReduceMax: math.Inf(-1), fused.ReduceMin: math.Inf(1)}[o.Kind]
	for i := range total {
		total[i] = start
	}
	eachPoint(p.Dims, func(point, at int) {
		to, x := offset(p.Dims, point, o.Strides), number(reg, at)
		switch o.Kind {
		case fused.ReduceSum:
			total[to] += x
		case fused.ReduceMax:
			total[to] = math.Max(total[to], x)
		case fused.ReduceMin:
			total[to] = math.Min(total[to], x)
		}
	})
	for i, x := range total {
		setNumber(out, i, x)
	}
	return nil
}

// runConvolution computes every form directly from the Spec's formula.
func runConvolution(a ir.ConvolutionAttr, in, out []tensor.Tensor) error {
	s := a.Spec
	res := out[0]
	if a.Epilogue != nil {
		dims := []int{s.N, s.OH, s.OW, s.O}
		if s.Form == conv.InputGradient {
			dims = []int{s.N, s.H, s.W, s.C}
		}
		res = tensor.New(shapes.Make(dtypes.Float32, dims...))
	}
	first, second, result := tensor.Of[float32](in[0]), tensor.Of[float32](in[1]), make([]float64, res.Shape.Size())
	cg, og := s.C/s.Groups, s.O/s.Groups
	for n := range s.N {
		for oh := range s.OH {
			for ow := range s.OW {
				for o := range s.O {
					for i := range s.KH {
						for j := range s.KW {
							for c := range cg {
								h, w := oh*s.StrideH+i*s.DilationH-s.PadTop, ow*s.StrideW+j*s.DilationW-s.PadLeft
								if h < 0 || h >= s.H || w < 0 || w >= s.W {
									continue
								}
								x := ((n*s.H+h)*s.W+w)*s.C + o/og*cg + c
								k := ((i*s.KW+j)*cg+c)*s.O + o
								y := ((n*s.OH+oh)*s.OW+ow)*s.O + o
								switch s.Form {
								case conv.Forward:
									result[y] += float64(first[x]) * float64(second[k])
								case conv.InputGradient:
									result[x] += float64(first[y]) * float64(second[k])
								case conv.KernelGradient:
									result[k] += float64(first[x]) * float64(second[y])
								}
							}
						}
					}
				}
			}
		}
	}
	for i, x := range result {
		setNumber(res, i, x)
	}
	if a.Epilogue == nil {
		return nil
	}
	return runProgram(a.Epilogue, append([]tensor.Tensor{res}, in[2:]...), out)
}

// runPool computes every kind directly from the Spec's formula.
func runPool(a ir.PoolAttr, in []tensor.Tensor, out []float32) {
	s := a.Spec
	first := tensor.Of[float32](in[0])
	if a.Kind == ir.MaxPool {
		for i := range out {
			out[i] = float32(math.Inf(-1))
		}
	}
	for n := range s.N {
		for oh := range s.OH {
			for ow := range s.OW {
				for c := range s.C {
					y, best := ((n*s.OH+oh)*s.OW+ow)*s.C+c, -1
					for i := range s.KH {
						for j := range s.KW {
							h, w := oh*s.StrideH+i-s.PadTop, ow*s.StrideW+j-s.PadLeft
							if h < 0 || h >= s.H || w < 0 || w >= s.W {
								continue
							}
							x := ((n*s.H+h)*s.W+w)*s.C + c
							switch a.Kind {
							case ir.MaxPool:
								out[y] = max(out[y], first[x])
							case ir.SumPool:
								out[y] += first[x]
							case ir.SumPoolGradient:
								out[x] += first[y]
							case ir.MaxPoolGradient:
								if best < 0 || first[x] > first[best] {
									best = x
								}
							}
						}
					}
					if best >= 0 {
						out[best] += tensor.Of[float32](in[1])[y]
					}
				}
			}
		}
	}
}

func runMatMul(a ir.MatMulAttr, in []tensor.Tensor, out tensor.Tensor) {
	for b := range a.Batch {
		for i := range a.M {
			for j := range a.N {
				sum := 0.0
				for k := range a.K {
					sum += number(in[0], b*a.BatchA+i*a.RowA+k*a.ColA) * number(in[1], b*a.BatchB+k*a.RowB+j*a.ColB)
				}
				setNumber(out, (b*a.M+i)*a.N+j, sum)
			}
		}
	}
}

// verify checks a function's structure: numbering, order, shapes, and that programs compile.
func verify(t testing.TB, f *ir.Func) {
	t.Helper()
	fail := func(n *ir.Node, format string, args ...any) {
		t.Helper()
		t.Fatalf("%v: %s\n%v", n, fmt.Sprintf(format, args...), f)
	}
	for i, n := range f.Nodes {
		if n.ID != i {
			fail(n, "ID %d at position %d", n.ID, i)
		}
		in := make([]shapes.Shape, len(n.Inputs))
		for j, v := range n.Inputs {
			if v.Node.ID >= i || v.Node.ID < 0 || f.Nodes[v.Node.ID] != v.Node {
				fail(n, "input %d is not an earlier node", j)
			}
			if v.Out >= len(v.Node.Shapes) {
				fail(n, "input %d is output %d of %d", j, v.Out, len(v.Node.Shapes))
			}
			in[j] = v.Shape()
		}
		checkShapes(n, in, fail)
	}
	for _, p := range f.Params {
		if p.ID >= len(f.Nodes) || f.Nodes[p.ID] != p {
			t.Fatalf("parameter %v is not among the nodes", p)
		}
	}
	for _, v := range f.Outputs {
		if v.Node.ID >= len(f.Nodes) || f.Nodes[v.Node.ID] != v.Node {
			t.Fatalf("output %v is not among the nodes\n%v", v, f)
		}
	}
}

func checkShapes(n *ir.Node, in []shapes.Shape, fail func(n *ir.Node, format string, args ...any)) {
	switch a := n.Attr.(type) {
	case *fused.Program:
		if _, err := fused.Compile(a, isa.Portable); err != nil {
			fail(n, "%v", err)
		}
		for i, input := range a.Inputs {
			if reach(a.Dims, input.Strides) > in[i].Size() {
				fail(n, "input %d reads past its end", i)
			}
		}
		for i, o := range a.Outputs {
			if reach(a.Dims, o.Strides) != n.Shapes[i].Size() {
				fail(n, "output %d does not fill %v", i, n.Shapes[i])
			}
		}
	case ir.ConvolutionAttr:
		if a.Epilogue != nil {
			if _, err := fused.Compile(a.Epilogue, isa.Portable); err != nil {
				fail(n, "%v", err)
			}
		}
	case ir.MatMulAttr:
		if n.Shapes[0].Size() != a.Batch*a.M*a.N {
			fail(n, "%d elements", n.Shapes[0].Size())
		}
		last := func(batch, row, col, rows, cols int) int {
			return (a.Batch-1)*batch + (rows-1)*row + (cols-1)*col
		}
		if last(a.BatchA, a.RowA, a.ColA, a.M, a.K) >= in[0].Size() || last(a.BatchB, a.RowB, a.ColB, a.K, a.N) >= in[len(in)-1].Size() {
			fail(n, "reads past an operand's end")
		}
	case ir.PoolAttr:
		x, y := a.Spec.N*a.Spec.H*a.Spec.W*a.Spec.C, a.Spec.N*a.Spec.OH*a.Spec.OW*a.Spec.C
		if a.Kind == ir.MaxPoolGradient || a.Kind == ir.SumPoolGradient {
			x, y = y, x
		}
		if err := a.Spec.Check(); err != nil || n.Shapes[0].Size() != y || in[len(in)-1].Size() != x {
			fail(n, "sizes do not fit, %v", err)
		}
	case ir.ConstantAttr, ir.ParameterAttr:
	default:
		want, err := ir.Infer(n.Op, n.Attr, in)
		if err != nil || !slices.EqualFunc(want, n.Shapes, shapes.Shape.Equal) {
			fail(n, "shapes %v, inferred %v, %v", n.Shapes, want, err)
		}
	}
}

// reach is one more than the last element that strides touch.
func reach(dims, strides []int) int {
	last := 0
	for i, d := range dims {
		last += (d - 1) * strides[i]
	}
	return last + 1
}
