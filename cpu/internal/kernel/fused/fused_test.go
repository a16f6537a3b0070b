package fused

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/par"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute/dtypes"
)

// builder writes programs for tests.
type builder struct {
	p    Program
	mask []bool // by register
}

func newBuilder(dtype dtypes.DType, dims ...int) *builder {
	return &builder{p: Program{DType: dtype, Dims: dims}}
}

// rowMajor returns the strides of an array that has only the axes in keep, dense; the others have stride 0.
func rowMajor(dims []int, keep func(axis int) bool) []int {
	s, n := make([]int, len(dims)), 1
	for axis := len(dims) - 1; axis >= 0; axis-- {
		if keep(axis) {
			s[axis] = n
			n *= dims[axis]
		}
	}
	return s
}

func all(int) bool { return true }

func (b *builder) register(mask bool) int {
	b.mask = append(b.mask, mask)
	b.p.Regs++
	return b.p.Regs - 1
}

func (b *builder) input(strides []int) int {
	b.p.Inputs = append(b.p.Inputs, Input{DType: b.p.DType, Strides: strides})
	return b.register(false)
}

func (b *builder) bools(strides []int) int {
	b.p.Inputs = append(b.p.Inputs, Input{DType: dtypes.Bool, Strides: strides})
	return b.register(true)
}

func (b *builder) halves(strides []int) int {
	b.p.Inputs = append(b.p.Inputs, Input{DType: dtypes.BFloat16, Strides: strides})
	return b.register(false)
}

func (b *builder) dense() int { return b.input(rowMajor(b.p.Dims, all)) }

func (b *builder) op(op Opcode, args ...int) int {
	c := Instr{Op: op, Dst: b.register(op.IsMask())}
	for i, r := range args {
		*[]*int{&c.A, &c.B, &c.C}[i] = r
	}
	b.p.Code = append(b.p.Code, c)
	return c.Dst
}

func (b *builder) constant(v float64) int {
	r := b.op(Const)
	b.p.Code[len(b.p.Code)-1].Imm = v
	return r
}

func (b *builder) output(reg int, kind Reduction, strides []int) *builder {
	dtype := b.p.DType
	if b.mask[reg] {
		dtype = dtypes.Bool
	}
	b.p.Outputs = append(b.p.Outputs, Output{Reg: reg, Kind: kind, DType: dtype, Strides: strides})
	return b
}

func (b *builder) store(reg int) *builder { return b.output(reg, Store, rowMajor(b.p.Dims, all)) }

func (b *builder) sum(reg int, keep func(axis int) bool) *builder {
	return b.output(reg, ReduceSum, rowMajor(b.p.Dims, keep))
}

// memory is a program's operands with guard bytes after them.
type memory struct{ in, out [][]byte }

const guard = 64

func allocate(p *Program, rng *rand.Rand) memory {
	var m memory
	for _, in := range p.Inputs {
		n := extent(p.Dims, in.Strides, false)
		if in.DType == dtypes.Bool {
			b := tensor.Alloc(n)
			for i := range b {
				b[i] = byte(rng.IntN(2))
			}
			m.in = append(m.in, b)
			continue
		}
		b := tensor.Alloc(n * in.DType.Size())
		for i := range n {
			storeAt(b, in.DType, i, math.Round(rng.NormFloat64()*512)/256)
		}
		m.in = append(m.in, b)
	}
	m.out = allocateOutputs(p)
	return m
}

func allocateOutputs(p *Program) [][]byte {
	var outs [][]byte
	for _, out := range p.Outputs {
		n := extent(p.Dims, out.Strides, out.Kind != Store)
		b := tensor.Alloc(n*out.DType.Size() + guard)
		for i := range b {
			b[i] = 0xA5
		}
		outs = append(outs, b)
	}
	return outs
}

// reference is what naive writes to the outputs.
func reference(p *Program, m memory) [][]byte {
	want := allocateOutputs(p)
	naive(p, m.in, want)
	return want
}

func check(t *testing.T, p *Program, m memory, want [][]byte, tolerance float64) {
	t.Helper()
	for i, out := range p.Outputs {
		n := extent(p.Dims, out.Strides, out.Kind != Store)
		if !bytes.Equal(m.out[i][len(m.out[i])-guard:], want[i][len(want[i])-guard:]) {
			t.Errorf("output %d: wrote past its end", i)
		}
		bad, tolerance := 0, tolerance
		if out.DType == dtypes.BFloat16 {
			tolerance = 1.0 / 128 // what is a little off may be rounded to the neighbour, which is up to 2⁻⁷ of it away
		}
		for j := range n {
			got, w := loadAt(m.out[i], out.DType, j), loadAt(want[i], out.DType, j)
			if got == w || math.IsNaN(got) && math.IsNaN(w) || math.Abs(got-w) <= tolerance*(1+math.Abs(w)) {
				continue
			}
			if bad++; bad < 5 {
				t.Errorf("output %d[%d] = %v, want %v", i, j, got, w)
			}
		}
		if bad > 0 {
			t.Fatalf("%d wrong elements of %d; %v", bad, n, p)
		}
	}
}

func runOn(t testing.TB, p *Program, l isa.Level, threads int, m memory) {
	t.Helper()
	e, err := Compile(p, l)
	if err != nil {
		t.Fatalf("%v: %v", p, err)
	}
	pool := par.New(threads)
	defer pool.Close()
	scratch := make([]byte, e.ScratchBytes(threads))
	for i := range scratch {
		scratch[i] = 0xFF
	}
	e.Run(pool, m.in, m.out, scratch)
}

func tolerance(p *Program) float64 {
	if p.DType == dtypes.Float64 {
		return 1e-12
	}
	return 2e-5
}

func axes(list ...int) func(int) bool {
	return func(axis int) bool {
		for _, a := range list {
			if a == axis {
				return true
			}
		}
		return false
	}
}

// programs are the shapes that networks' graphs produce, and corners. In short mode those of most points have fewer, as
// many as it takes to be cut into chunks.
func programs(dtype dtypes.DType) map[string]*Program {
	ps := map[string]*Program{}
	add := func(name string, b *builder) { ps[name] = &b.p }

	for _, dims := range [][]int{{}, {1}, {7}, {64}, {100000}, {3, 1, 5}, {700, 130}, {17, 2100}, {0}, {4, 0, 3}} {
		b := newBuilder(dtype, dims...)
		add(fmt.Sprintf("add%v", dims), b.store(b.op(Add, b.dense(), b.dense())))
	}
	for _, c := range []int{1, 2, 3, 5, 16, 63, 64, 512, 1030} {
		many := 300
		if testing.Short() && c > 64 {
			many = 40
		}
		for _, rows := range []int{1, 7, many} {
			b := newBuilder(dtype, 2, rows, c)
			x, scale, shift := b.dense(), b.input([]int{0, 0, 1}), b.input([]int{0, 0, 1})
			y := b.op(FMA, x, scale, shift)
			b.store(b.op(Max, y, b.constant(0)))
			b.sum(y, axes(2)).sum(b.op(Mul, y, y), axes(2))
			add(fmt.Sprintf("channels c=%d rows=%d", c, rows), b)

			b = newBuilder(dtype, 3, rows, c)
			x, scale = b.dense(), b.input([]int{c, 0, 1})
			y = b.op(Mul, x, scale)
			b.store(y).sum(y, axes(0, 2)).sum(x, axes(0)).output(y, ReduceMax, rowMajor(b.p.Dims, axes(0, 1)))
			b.output(x, ReduceMin, rowMajor(b.p.Dims, axes()))
			add(fmt.Sprintf("instances c=%d rows=%d", c, rows), b)

			b = newBuilder(dtype, rows, c)
			x, row := b.dense(), b.input([]int{1, 0})
			add(fmt.Sprintf("rows c=%d rows=%d", c, rows), b.store(b.op(Sub, x, row)).sum(b.op(Exp, b.op(Sub, x, row)), axes(0)))
		}
	}
	b := newBuilder(dtype, 33, 2, 17, 2, 5) // nearest upsampling
	add("upsample", b.store(b.op(Neg, b.input([]int{17 * 5, 0, 5, 0, 1}))))
	b = newBuilder(dtype, 70, 600)
	add("transpose", b.store(b.op(Abs, b.input([]int{1, 70}))))
	b = newBuilder(dtype, 3, 100, 1300)
	x := b.input([]int{130000, 1, 100})
	add("transposes", b.output(x, Store, []int{130000, 1, 100}).sum(x, axes()).store(b.op(Add, x, b.dense())))
	b = newBuilder(dtype, 70, 60)
	add("transposed output", b.output(b.op(Sqrt, b.dense()), Store, []int{1, 70}))
	b = newBuilder(dtype, 5, 70, 6)
	var rowMask, mask int
	x, rowMask, mask = b.dense(), b.bools([]int{0, 1, 0}), b.bools(rowMajor(b.p.Dims, all))
	m := b.op(MaskAnd, b.op(Less, x, b.constant(0.5)), rowMask)
	m = b.op(MaskOr, m, b.op(MaskNot, mask))
	add("masks", b.store(m).store(b.op(ToNum, m)).store(b.op(Select, m, x, b.constant(2))).output(m, Store, []int{420, 1, 70}))
	b = newBuilder(dtype, 2000)
	b.dense()
	add("passed through", b.store(0).store(0).store(b.constant(3)).sum(0, axes()).sum(b.constant(2), axes()))
	b = newBuilder(dtype, 40000)
	s, x, yes := b.input([]int{0}), b.dense(), b.bools([]int{0})
	add("scalars", b.store(s).sum(b.op(Mul, s, x), axes()).sum(s, axes()).output(yes, Store, []int{1}))
	b = newBuilder(dtype, 0, 3)
	b.dense()
	add("empty sums", b.sum(0, axes(1)).output(0, ReduceMax, []int{0, 1}).output(0, ReduceMin, []int{0, 0}))
	b = newBuilder(dtype, 3, 70000)
	add("wide columns", b.sum(b.dense(), axes(1)).store(0))
	b = newBuilder(dtype, 50, 41, 30)
	add("middle kept", b.sum(b.dense(), axes(1)).sum(0, axes(0, 2)).output(0, ReduceMax, rowMajor(b.p.Dims, axes(1, 2))))
	b = newBuilder(dtype, 8, 70000)
	add("columns shared out", b.sum(b.op(Pow, b.dense(), b.constant(2)), axes(1)).output(0, ReduceMax, rowMajor(b.p.Dims, axes(1))))
	b = newBuilder(dtype, 8, 70000)
	add("few chunks", b.sum(b.dense(), axes(1)).sum(0, axes()))
	b = newBuilder(dtype, 50, 41, 30)
	add("transposed sum", b.output(b.dense(), ReduceSum, []int{1, 0, 50}).output(0, ReduceSum, []int{0, 30, 1}))
	b = newBuilder(dtype, 9000, 10)
	add("softmax rows", b.output(b.dense(), ReduceMax, []int{1, 0}).sum(0, axes(0)))
	b = newBuilder(dtype, 300, 900)
	add("long row values", b.store(b.op(Div, b.dense(), b.input([]int{2, 0}))).sum(1, axes(0)))
	return ps
}

func TestPrograms(t *testing.T) {
	for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.Float64} {
		for name, p := range programs(dtype) {
			if testing.Short() && dtype == dtypes.Float64 && points(p.Dims) > 1<<16 {
				continue // float32 is cut in the same way
			}
			m := allocate(p, rand.New(rand.NewPCG(1, 2)))
			want := reference(p, m)
			for _, l := range []isa.Level{isa.Portable, isa.AVX2, isa.AVX512} {
				t.Run(fmt.Sprintf("%v/%s/isa=%v", dtype, name, l), func(t *testing.T) {
					if !l.Supported() {
						t.Skipf("this processor has no %v", l)
					}
					m.out = allocateOutputs(p)
					runOn(t, p, l, 2, m)
					check(t, p, m, want, tolerance(p))
				})
			}
		}
	}
}
