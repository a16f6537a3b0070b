package fused

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/par"
	"github.com/gomlx/compute/dtypes"
)

// benchmarks are the elementwise passes of training steps.
func benchmarks() []struct {
	name string
	p    *Program
} {
	type row = struct {
		name string
		p    *Program
	}
	var rows []row
	add := func(name string, b *builder) { rows = append(rows, row{name, &b.p}) }
	b := newBuilder(dtypes.Float32, 1<<24)
	add("add", b.store(b.op(Add, b.dense(), b.dense())))
	b = newBuilder(dtypes.Float32, 1<<24)
	add("relu", b.store(b.op(Max, b.dense(), b.constant(0))))
	b = newBuilder(dtypes.Float32, 1<<24)
	x, y := b.dense(), b.dense()
	r := b.op(Add, x, y)
	for range 3 {
		r = b.op(FMA, r, y, b.op(Max, r, b.constant(0.25)))
	}
	add("chain of 7", b.store(r))
	b = newBuilder(dtypes.Float32, 1<<22)
	w, m, v, g := b.dense(), b.dense(), b.dense(), b.dense()
	m2 := b.op(FMA, g, b.constant(0.1), b.op(Mul, m, b.constant(0.9)))
	v2 := b.op(FMA, b.op(Mul, g, g), b.constant(0.01), b.op(Mul, v, b.constant(0.99)))
	w2 := b.op(Sub, w, b.op(Div, m2, b.op(Add, b.op(Sqrt, v2), b.constant(1e-3))))
	add("adam", b.store(w2).store(m2).store(v2))
	for _, c := range []int{3, 64, 512, 1024} {
		n := 1 << 22 / c
		b = newBuilder(dtypes.Float32, n, c)
		x, scale, shift := b.dense(), b.input([]int{0, 1}), b.input([]int{0, 1})
		add(fmt.Sprintf("bn apply c=%d", c), b.store(b.op(Max, b.op(FMA, x, scale, shift), b.constant(0))))
		b = newBuilder(dtypes.Float32, n, c)
		x, y = b.dense(), b.dense()
		add(fmt.Sprintf("two channel sums c=%d", c), b.sum(x, axes(1)).sum(b.op(Mul, x, y), axes(1)))
	}
	b = newBuilder(dtypes.Float32, 1<<24)
	add("sum", b.sum(b.dense(), axes()))
	b = newBuilder(dtypes.Float32, 1<<14, 64)
	add("row sums", b.sum(b.op(Exp, b.dense()), axes(0)))
	for _, op := range []Opcode{Exp, Log, Tanh, Logistic, Erf, Sin} {
		b = newBuilder(dtypes.Float32, 1<<20)
		add(op.String(), b.store(b.op(op, b.dense())))
	}
	b = newBuilder(dtypes.Float32, 1<<20)
	x = b.dense()
	add("pow", b.store(b.op(Pow, b.op(Abs, x), b.constant(1.7))))
	return rows
}

func BenchmarkProgram(b *testing.B) {
	for _, row := range benchmarks() {
		for _, l := range isa.Available() {
			b.Run(fmt.Sprintf("%s/isa=%v", row.name, l), func(b *testing.B) { benchmark(b, row.p, l) })
		}
	}
}

func benchmark(b *testing.B, p *Program, l isa.Level) {
	m := allocate(p, rand.New(rand.NewPCG(1, 1)))
	e, err := Compile(p, l)
	if err != nil {
		b.Fatal(err)
	}
	pool := par.New(2)
	defer pool.Close()
	scratch := make([]byte, e.ScratchBytes(2))
	bytes := 0
	for _, x := range append(append([][]byte(nil), m.in...), m.out...) {
		bytes += len(x)
	}
	b.SetBytes(int64(bytes))
	for b.Loop() {
		e.Run(pool, m.in, m.out, scratch)
	}
	b.ReportMetric(float64(e.points)*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gpoints/s")
}

// BenchmarkRange measures short ranges, as a convolution's epilogue has them.
func BenchmarkRange(b *testing.B) {
	for _, c := range []int{3, 64, 512} {
		p := newBuilder(dtypes.Float32, 1<<20/c, c)
		x, shift := p.dense(), p.input([]int{0, 1})
		p.store(p.op(Max, p.op(Add, x, shift), p.constant(0)))
		m := allocate(&p.p, rand.New(rand.NewPCG(1, 1)))
		e, err := Compile(&p.p, isa.Best())
		if err != nil {
			b.Fatal(err)
		}
		scratch := make([]byte, e.ScratchBytes(1))
		for _, pixels := range []int{1, 16, 96} {
			b.Run(fmt.Sprintf("c=%d/pixels=%d", c, pixels), func(b *testing.B) {
				for b.Loop() {
					e.RunRange(0, m.in[0], m.in, m.out, scratch, 0, pixels*c)
				}
			})
		}
	}
}
