package fused

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/par"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute/dtypes"
)

func TestThreadsDoNotChangeBits(t *testing.T) {
	counts := []int{2, 3, 8}
	if testing.Short() {
		counts = []int{3}
	}
	for name, p := range programs(dtypes.Float32) {
		m := allocate(p, rand.New(rand.NewPCG(9, 9)))
		runOn(t, p, isa.Best(), 1, m)
		one := m.out
		for _, threads := range counts {
			m.out = allocateOutputs(p)
			runOn(t, p, isa.Best(), threads, m)
			for i := range one {
				if !bytes.Equal(one[i], m.out[i]) {
					t.Errorf("%s: output %d differs between 1 and %d threads", name, i, threads)
				}
			}
		}
	}
}

// TestInPlace lets every output be the memory of an input of the same strides, in any pairing.
func TestInPlace(t *testing.T) {
	b := newBuilder(dtypes.Float32, 3000, 7)
	w, m, v, g := b.dense(), b.dense(), b.dense(), b.dense()
	m2 := b.op(FMA, g, b.constant(0.1), b.op(Mul, m, b.constant(0.9)))
	v2 := b.op(FMA, b.op(Mul, g, g), b.constant(0.01), b.op(Mul, b.op(Mul, v, v), b.constant(0.99)))
	w2 := b.op(Sub, w, b.op(Div, m2, b.op(Add, b.op(Sqrt, v2), b.constant(0.1))))
	b.store(w2).store(m2).store(v2).sum(g, axes()).store(g)
	p := &b.p
	for shift := range 4 {
		mem := allocate(p, rand.New(rand.NewPCG(1, uint64(shift))))
		want := reference(p, mem)
		stores := []int{0, 1, 2, 4}
		for i, o := range stores {
			mem.out[o] = mem.in[(i+shift)%4]
		}
		runOn(t, p, isa.Best(), 2, mem)
		for _, o := range []int{0, 1, 2, 3, 4} {
			for j := range extent(p.Dims, p.Outputs[o].Strides, true) {
				got, w := loadAt(mem.out[o], p.DType, j), loadAt(want[o], p.DType, j)
				if math.Abs(got-w) > 2e-5*(1+math.Abs(w)) {
					t.Fatalf("shift %d: output %d[%d] = %v, want %v", shift, o, j, got, w)
				}
			}
		}
	}
}

func TestRunRange(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for _, c := range []int{1, 3, 64, 600} {
		b := newBuilder(dtypes.Float32, 2, 9, 5, c)
		x, shift := b.dense(), b.input([]int{0, 0, 0, 1})
		y := b.op(Max, b.op(Add, x, shift), b.constant(0))
		b.store(y).store(b.op(Greater, y, b.constant(0.5)))
		p := &b.p
		m := allocate(p, rng)
		want := reference(p, m)
		e, err := Compile(p, isa.Best())
		if err != nil {
			t.Fatal(err)
		}
		m.out[0] = m.in[0] // a convolution's output, in place
		scratch := make([]byte, e.ScratchBytes(2))
		points := 2 * 9 * 5 * c
		for lo := 0; lo < points; {
			hi := min(lo+1+rng.IntN(3*c+50), points)
			e.RunRange(rng.IntN(2), m.in[0][4*lo:], m.in, m.out, scratch, lo, hi)
			lo = hi
		}
		for o := range want {
			for j := range points {
				if got, w := loadAt(m.out[o], p.Outputs[o].DType, j), loadAt(want[o], p.Outputs[o].DType, j); got != w {
					t.Fatalf("c=%d: output %d[%d] = %v, want %v", c, o, j, got, w)
				}
			}
		}
	}
}

// TestRangeAside has input 0 of each range, and nothing else of it, in memory of its own, and stores halves.
func TestRangeAside(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 3))
	for _, c := range []int{1, 3, 64, 600} {
		b := newBuilder(dtypes.Float32, 9, 5, c)
		x, mask := b.dense(), b.halves(rowMajor(b.p.Dims, all))
		b.store(b.op(Select, b.op(Greater, mask, b.constant(0)), x, b.constant(0)))
		b.p.Outputs[0].DType = dtypes.BFloat16
		m := allocate(&b.p, rng)
		want := reference(&b.p, m)
		e, err := Compile(&b.p, isa.Best())
		if err != nil {
			t.Fatal(err)
		}
		scratch := make([]byte, e.ScratchBytes(1))
		whole := m.in[0]
		m.in[0] = nil
		points := 9 * 5 * c
		for lo := 0; lo < points; {
			hi := min(lo+1+rng.IntN(3*c+50), points)
			e.RunRange(0, slices.Clone(whole[4*lo:4*hi]), m.in, m.out, scratch, lo, hi)
			lo = hi
		}
		if !slices.Equal(m.out[0], want[0]) {
			t.Errorf("c=%d: other bytes than in one piece, or than in float64", c)
		}
	}
}

// TestSumsOfHalves has the sums of a program that reads and stores bfloat16 have the bits of those of the same numbers in
// float32. They are so different in size that a sum says in what pieces it was added.
func TestSumsOfHalves(t *testing.T) {
	for _, c := range []int{3, 64, 300} {
		rows := 1 << 19 / c
		b := newBuilder(dtypes.Float32, rows, c)
		x, dy := b.halves(rowMajor(b.p.Dims, all)), b.dense()
		r := b.op(Select, b.op(Greater, x, b.constant(0)), dy, b.constant(0))
		b.store(r).sum(r, func(axis int) bool { return axis == 1 })
		b.p.Outputs[0].DType = dtypes.BFloat16
		m := allocate(&b.p, rand.New(rand.NewPCG(4, 5)))
		for i := range rows * c {
			binary.LittleEndian.PutUint16(m.in[0][2*i:], 0x3f80)
			v := float32(1)
			switch i / c % 256 {
			case 0:
				v = 1 << 60
			case 4:
				v = -1 << 60
			}
			binary.LittleEndian.PutUint32(m.in[1][4*i:], math.Float32bits(v))
		}
		p, differs := b.p.widened()
		if !differs {
			t.Fatal("the program has no halves")
		}
		wide := allocate(p, rand.New(rand.NewPCG(4, 5)))
		wide.in[1] = m.in[1]
		for i := range rows * c {
			binary.LittleEndian.PutUint32(wide.in[0][4*i:], math.Float32bits(1))
		}
		for _, l := range isa.Available() {
			runOn(t, &b.p, l, 2, m)
			runOn(t, p, l, 2, wide)
			if !slices.Equal(m.out[1], wide.out[1]) {
				t.Errorf("%v, %d columns: the sums of halves are others", l, c)
			}
		}
	}
}

func TestNoAllocation(t *testing.T) {
	b := newBuilder(dtypes.Float32, 500, 64)
	x, shift := b.dense(), b.input([]int{0, 1})
	y := b.op(Add, x, shift)
	b.store(y).sum(y, axes(1))
	m := allocate(&b.p, rand.New(rand.NewPCG(1, 1)))
	e, err := Compile(&b.p, isa.Best())
	if err != nil {
		t.Fatal(err)
	}
	pool := par.New(1)
	scratch := make([]byte, e.ScratchBytes(1))
	loops := testing.AllocsPerRun(20, func() { // the pool's own: Run has a loop over points and one over results
		pool.For(1, func(int, int) {})
		pool.For(1, func(int, int) {})
	})
	if n := testing.AllocsPerRun(20, func() { e.Run(pool, m.in, m.out, scratch) }); n > loops {
		t.Errorf("Run allocates %v times, its loops %v", n, loops)
	}
}

// TestSumError: the sum of many numbers with a mean far from 0 is right to the last place of a float32.
func TestSumError(t *testing.T) {
	n := 1 << 22
	if testing.Short() {
		n = 1 << 18
	}
	b := newBuilder(dtypes.Float32, n/64, 64)
	b.dense()
	b.sum(0, axes()).sum(0, axes(1))
	m := allocate(&b.p, rand.New(rand.NewPCG(1, 1)))
	x := tensor.View[float32](m.in[0])
	total, columns := 0.0, make([]float64, 64)
	for i := range x {
		x[i] += 1000
		total += float64(x[i])
		columns[i%64] += float64(x[i])
	}
	for _, l := range isa.Available() {
		runOn(t, &b.p, l, 2, m)
		if got := float64(tensor.View[float32](m.out[0])[0]); math.Abs(got/total-1) > 6e-8 {
			t.Errorf("isa=%v: sum %v, want %v", l, got, total)
		}
		for i, want := range columns {
			if got := float64(tensor.View[float32](m.out[1])[i]); math.Abs(got/want-1) > 6e-8 {
				t.Errorf("isa=%v: column %d: sum %v, want %v", l, i, got, want)
			}
		}
	}
}

func TestSpecialValues(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	values := []float64{1, nan, inf, -inf, 0, math.Copysign(0, -1), -1e-40, 3}
	for _, l := range isa.Available() {
		b := newBuilder(dtypes.Float32, 5, 8)
		x := b.dense()
		b.store(b.op(Max, x, b.constant(0))).store(b.op(Select, b.op(Greater, x, b.constant(0)), x, b.op(Mul, x, b.constant(0))))
		b.output(x, ReduceMax, []int{0, 1}).output(x, ReduceMin, []int{0, 0}).sum(x, axes(1))
		m := allocate(&b.p, rand.New(rand.NewPCG(1, 1)))
		for i := range 40 {
			storeAt(m.in[0], dtypes.Float32, i, values[i%8])
		}
		runOn(t, &b.p, l, 1, m)
		check(t, &b.p, m, reference(&b.p, m), 0)
	}
}

func TestCompileErrors(t *testing.T) {
	good := func() *Program {
		b := newBuilder(dtypes.Float32, 4, 3)
		x := b.dense()
		return &b.store(b.op(Add, x, x)).p
	}
	for _, c := range []struct {
		want  string
		spoil func(p *Program)
	}{
		{"dtype", func(p *Program) { p.DType = dtypes.Int32 }},
		{"negative", func(p *Program) { p.Dims[0] = -1 }},
		{"too many points", func(p *Program) { p.Dims[0], p.Dims[1] = 1<<40, 1<<40 }},
		{"registers for", func(p *Program) { p.Regs = 0 }},
		{"input 0: dtype", func(p *Program) { p.Inputs[0].DType = dtypes.Float64 }},
		{"1 strides", func(p *Program) { p.Inputs[0].Strides = []int{1} }},
		{"negative stride", func(p *Program) { p.Inputs[0].Strides[0] = -3 }},
		{"opcode", func(p *Program) { p.Code[0].Op = 200 }},
		{"operand 1, register 9", func(p *Program) { p.Code[0].B = 9 }},
		{"operand 0, register 1", func(p *Program) { p.Code[0].A = 1 }},
		{"written twice", func(p *Program) { p.Code[0].Dst = 0 }},
		{"right kind", func(p *Program) { p.Code[0].Op = MaskAnd }},
		{"output 0: register 5", func(p *Program) { p.Outputs[0].Reg = 5 }},
		{"for dtype Bool", func(p *Program) { p.Outputs[0].DType = dtypes.Bool }},
		{"stride 0", func(p *Program) { p.Outputs[0].Strides[0] = 0 }},
		{"reduction", func(p *Program) { p.Outputs[0].Kind = 9 }},
		{"reduction", func(p *Program) { p.Outputs[0].Kind, p.Outputs[0].DType = ReduceSum, dtypes.BFloat16 }},
		{"output 0: bfloat16 with strides", func(p *Program) {
			p.Outputs[0].DType, p.Outputs[0].Strides = dtypes.BFloat16, []int{1, 4}
		}},
		{"input 0: dtype", func(p *Program) { p.DType, p.Inputs[0].DType = dtypes.Float64, dtypes.BFloat16 }},
	} {
		p := good()
		c.spoil(p)
		if _, err := Compile(p, isa.Portable); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one about %q", err, c.want)
		}
	}
}

func TestMisuse(t *testing.T) {
	b := newBuilder(dtypes.Float32, 100)
	x := b.dense()
	sums := newBuilder(dtypes.Float32, 100)
	sums.sum(sums.dense(), axes())
	pool := par.New(1)
	for _, c := range []struct {
		want string
		p    *Program
		call func(e *Exec, m memory, scratch []byte)
	}{
		{"number of operands", &b.store(x).p, func(e *Exec, m memory, scratch []byte) { e.Run(pool, nil, m.out, scratch) }},
		{"input memory", &b.p, func(e *Exec, m memory, scratch []byte) { e.Run(pool, [][]byte{m.in[0][:396]}, m.out, scratch) }},
		{"output memory", &b.p, func(e *Exec, m memory, scratch []byte) { e.Run(pool, m.in, [][]byte{m.out[0][:399]}, scratch) }},
		{"scratch memory", &b.p, func(e *Exec, m memory, scratch []byte) { e.Run(pool, m.in, m.out, scratch[1:]) }},
		{"outside", &b.p, func(e *Exec, m memory, scratch []byte) { e.RunRange(0, m.in[0], m.in, m.out, scratch, 0, 101) }},
		{"reduces", &sums.p, func(e *Exec, m memory, scratch []byte) { e.RunRange(0, m.in[0], m.in, m.out, scratch, 0, 100) }},
	} {
		e, err := Compile(c.p, isa.Best())
		if err != nil {
			t.Fatal(err)
		}
		m := allocate(c.p, rand.New(rand.NewPCG(1, 1)))
		func() {
			defer func() {
				if got, _ := recover().(string); !strings.Contains(got, c.want) {
					t.Errorf("panic %q, want one about %q", got, c.want)
				}
			}()
			c.call(e, m, make([]byte, e.ScratchBytes(1)))
		}()
	}
}

func TestString(t *testing.T) {
	b := newBuilder(dtypes.Float32, 4, 3)
	x, scale := b.dense(), b.input([]int{0, 1})
	y := b.op(FMA, x, scale, b.constant(0.5))
	b.store(b.op(Select, b.op(Less, y, x), b.op(Neg, y), x)).sum(y, axes(1))
	want := "Float32 [4 3]; r0=in[3 1]; r1=in[0 1]; r2=0.5; r3=fma r0 r1 r2; r4=lt r3 r0; r5=neg r3; r6=select r4 r5 r0; store[3 1] r6; sum[0 1] r3"
	if got := b.p.String(); got != want {
		t.Errorf("program is %q, want %q", got, want)
	}
}
