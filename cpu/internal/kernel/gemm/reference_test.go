package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/isa"
)

// guard stands around every buffer; kernels must neither change nor use it.
const guard = 12345

// matrix is a view of a buffer with guards before, after and, where strides leave gaps, between its elements.
type matrix[T Float] struct {
	buffer     []T
	offset     int
	rows, cols int
	rs, cs     int
}

func newMatrix[T Float](rows, cols, rs, cs, offset int) *matrix[T] {
	span := 0
	if rows > 0 && cols > 0 {
		span = (rows-1)*rs + (cols-1)*cs + 1
	}
	m := &matrix[T]{buffer: make([]T, span+2*offset), offset: offset, rows: rows, cols: cols, rs: rs, cs: cs}
	for i := range m.buffer {
		m.buffer[i] = guard
	}
	return m
}

func (m *matrix[T]) data() []T { return m.buffer[m.offset : len(m.buffer)-m.offset] }

func (m *matrix[T]) at(i, j int) *T { return &m.buffer[m.offset+i*m.rs+j*m.cs] }

func (m *matrix[T]) fill(r *rand.Rand) *matrix[T] {
	for i := range m.rows {
		for j := range m.cols {
			*m.at(i, j) = T(r.Float64()*2 - 1)
		}
	}
	return m
}

func (m *matrix[T]) clone() *matrix[T] {
	c := *m
	c.buffer = append([]T(nil), m.buffer...)
	return &c
}

// layouts are the strides of a matrix: rows contiguous, columns contiguous, neither, rows far apart.
var layouts = []string{"rows", "columns", "strided", "far"}

func strides(layout string, rows, cols int) (rs, cs int) {
	switch layout {
	case "rows":
		return cols, 1
	case "columns":
		return 1, rows
	case "strided":
		return 2*cols + 1, 2
	}
	return cols + 37, 1
}

// check compares c with c0 (+) a·b summed in float64, and its guards. The bound is that of a sum of k+1 terms in any
// order, each rounded once or twice.
func check[T Float](t *testing.T, name string, a, b, c0, c *matrix[T], accumulate bool) {
	t.Helper()
	eps := 0x1p-24
	if _, ok := any(*new(T)).(float64); ok {
		eps = 0x1p-53
	}
	inside := make([]bool, len(c.buffer))
	for i := range c.rows {
		for j := range c.cols {
			inside[c.offset+i*c.rs+j*c.cs] = true
			want, size := 0.0, 0.0
			if accumulate {
				want = float64(*c0.at(i, j))
				size = math.Abs(want)
			}
			atA, atB := a.offset+i*a.rs, b.offset+j*b.cs
			for range a.cols {
				x := float64(a.buffer[atA]) * float64(b.buffer[atB])
				want += x
				size += math.Abs(x)
				atA, atB = atA+a.cs, atB+b.rs
			}
			got := float64(*c.at(i, j))
			if !(math.Abs(got-want) <= 2*float64(a.cols+2)*eps*size) && !(math.IsNaN(want) && math.IsNaN(got)) && got != want {
				t.Fatalf("%s: C[%d,%d] = %v, want %v (m=%d n=%d k=%d)", name, i, j, got, want, c.rows, c.cols, a.cols)
			}
		}
	}
	for i, x := range c.buffer {
		if !inside[i] && x != c0.buffer[i] {
			t.Fatalf("%s: wrote %v outside of C, at %d of %d (m=%d n=%d k=%d)", name, x, i-c.offset, len(c.buffer), c.rows, c.cols, a.cols)
		}
	}
}

// eachKernel runs a test for every level and both types; levels that cannot run here are skipped by name.
func eachKernel(t *testing.T, f32 func(*testing.T, *Micro), f64 func(*testing.T, *MicroF64)) {
	for l := isa.Portable; l <= isa.AVX512; l++ {
		t.Run("isa="+l.String(), func(t *testing.T) {
			if !l.Supported() {
				t.Skipf("this machine or build has no %s", l)
			}
			t.Run("float32", func(t *testing.T) { f32(t, For(l)) })
			t.Run("float64", func(t *testing.T) { f64(t, ForF64(l)) })
		})
	}
}

func random(seed ...int) *rand.Rand {
	s := uint64(17)
	for _, x := range seed {
		s = s*1000003 + uint64(x)
	}
	return rand.New(rand.NewPCG(s, 1))
}

func label(parts ...any) string { return fmt.Sprint(parts...) }
