package bf16

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestBits(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		x    float32
		want uint16
	}{
		{0, 0}, {float32(math.Copysign(0, -1)), 0x8000}, {1, 0x3f80}, {-2, 0xc000},
		{1 + 0x1p-8, 0x3f80},           // half way: to even, down
		{1 + 0x1p-8 + 0x1p-20, 0x3f81}, // above half way
		{1 + 0x1p-7 + 0x1p-8, 0x3f82},  // half way: to even, up
		{2 - 0x1p-9, 0x4000},           // carries into the exponent
		{math.MaxFloat32, 0x7f80},      // rounds to infinity
		{0x1.fep127, 0x7f7f},           // the largest
		{0x1.ffp127, 0x7f80},           // half way beyond it
		{inf, 0x7f80}, {-inf, 0xff80},
	} {
		if got := Bits(c.x); got != c.want {
			t.Errorf("Bits(%v) = %04x, want %04x", c.x, got, c.want)
		}
	}
	for _, bits := range []uint32{0x7fc00000, 0x7f800001, 0x7fffffff, 0xff800001, 0xffc12345} {
		got := Bits(math.Float32frombits(bits))
		if v := Value(got); v == v || got&0x40 == 0 || got>>15 != uint16(bits>>31) {
			t.Errorf("Bits of NaN %08x = %04x, want a quiet NaN of its sign", bits, got)
		}
	}
}

// TestRoundIsNearest compares with the two bfloat16 around a number.
func TestRoundIsNearest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 10000 {
		x := math.Float32frombits(r.Uint32())
		if x != x || math.Abs(float64(x)) > 0x1.fep127 {
			continue
		}
		got := float64(Round(x))
		down := Value(uint16(math.Float32bits(x) >> 16)) // towards zero
		up := Value(uint16(math.Float32bits(x)>>16) + 1)
		d, u := math.Abs(float64(down)-float64(x)), math.Abs(float64(up)-float64(x))
		if e := math.Abs(got - float64(x)); e > min(d, u) || got != float64(down) && got != float64(up) {
			t.Fatalf("Round(%v) = %v, between %v and %v", x, got, down, up)
		}
	}
}

// eachKernel runs a test for every kernel that can run here, and says where others are left out.
func eachKernel(t *testing.T, f func(*testing.T, *Kernel)) {
	for _, g := range append(slices.Clone(Kernels), PortableTiles) {
		t.Run(g.Name, func(t *testing.T) {
			if missing := g.Missing(); len(missing) > 0 {
				t.Skipf("this machine or build has no %s", strings.Join(missing, ", "))
			}
			f(t, g)
		})
	}
}

const guard = 0xabcd

// operand is numbers in some layout with guards around them: numbers that must not be read into a result.
func operand(rows, cols int, layout string, seed uint64) (x []float32, rs, cs int) {
	strides := map[string][2]int{"rows": {cols, 1}, "columns": {1, rows}, "strided": {2*cols + 1, 2}, "far": {cols + 37, 1}}[layout]
	rs, cs = strides[0], strides[1]
	r := rand.New(rand.NewPCG(seed, 7))
	x = make([]float32, (rows-1)*rs+(cols-1)*cs+1)
	for i := range x {
		x[i] = float32(math.NaN())
	}
	for i := range rows {
		for j := range cols {
			x[i*rs+j*cs] = r.Float32()*2 - 1
		}
	}
	// Rounding has its own ways with these.
	x[0] = float32(math.Inf(-1))
	x[(rows-1)*rs+(cols-1)*cs] = math.Float32frombits(0x7f800001)
	return x, rs, cs
}

var layouts = []string{"rows", "columns", "strided", "far"}

func TestPack(t *testing.T) {
	eachKernel(t, func(t *testing.T, g *Kernel) {
		for _, n := range []int{1, 2, 15, 16, 17, 31, 32, 33, 70} {
			for _, k := range []int{1, 2, 3, 15, 16, 31, 32, 33, 63, 64, 97} {
				for _, layout := range layouts {
					name := fmt.Sprintf("n=%d k=%d %s", n, k, layout)
					tiles := Tiles(k)
					a, rs, cs := operand(n, k, layout, uint64(n*k))
					wantA := func(want []uint16) {
						for i := range n {
							for p := range k {
								want[((i/16*tiles+p/32)*16+i%16)*32+p%32] = Bits(a[i*rs+p*cs])
							}
						}
					}
					comparePacked(t, g.Name+" A "+name, SizeA(n, k), func(dst []uint16) { PackA(g, dst, a, rs, cs, n, k) }, wantA)
					comparePacked(t, g.Name+" A of halves "+name, SizeA(n, k), func(dst []uint16) { PackA(g, dst, halved(a), rs, cs, n, k) }, wantA)
					b, rsb, csb := operand(k, n, layout, uint64(n*k))
					wantB := func(want []uint16) {
						for p := range k {
							for j := range n {
								want[((j/32*16*tiles+p/2)*32+j%32)*2+p%2] = Bits(b[p*rsb+j*csb])
							}
						}
					}
					comparePacked(t, g.Name+" B "+name, SizeB(k, n), func(dst []uint16) { PackB(g, dst, b, rsb, csb, k, n) }, wantB)
					comparePacked(t, g.Name+" B of halves "+name, SizeB(k, n), func(dst []uint16) { PackB(g, dst, halved(b), rsb, csb, k, n) }, wantB)
				}
			}
		}
	})
}

// halved is x as bfloat16.
func halved(x []float32) []uint16 {
	h := make([]uint16, len(x))
	for i, v := range x {
		h[i] = Bits(v)
	}
	return h
}

// comparePacked packs into memory full of guards, and compares with zeros in which want sets what is not.
func comparePacked(t *testing.T, name string, size int, pack, set func(dst []uint16)) {
	t.Helper()
	got, want := make([]uint16, size+64), make([]uint16, size+64)
	for i := range got {
		got[i] = guard
		if i >= size {
			want[i] = guard
		}
	}
	pack(got[:size:size])
	set(want[:size])
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%s: element %d is %04x, want %04x", name, i, got[i], want[i])
		}
	}
}

// TestPackRows packs rows from the middle of a panel on, in pieces beside each other, as PackA packs all at once.
func TestPackRows(t *testing.T) {
	eachKernel(t, func(t *testing.T, g *Kernel) {
		const m, k, tiles = 45, 150, 5
		a, rs, cs := operand(m, k, "far", 1)
		want := make([]uint16, SizeA(m, k))
		PackA(g, want, a, rs, cs, m, k)
		for i := range m {
			clear(want[((i/16*tiles+1)*16+i%16)*32:][:32])
		}
		comparePacked(t, g.Name, len(want), func(dst []uint16) {
			clear(dst)
			for _, rows := range [][2]int{{0, 5}, {5, 21}, {21, 45}} {
				n := rows[1] - rows[0]
				PackRows(g, dst, tiles, rows[0], 0, a[rows[0]*rs:], rs, n, 64)
				PackRows(g, dst, tiles, rows[0], 64, a[rows[0]*rs+64:], rs, n, 86)
				ClearRows(dst, tiles, rows[0], 32, n, 32)
			}
		}, func(dst []uint16) { copy(dst, want) })
		comparePacked(t, g.Name+" of halves", len(want), func(dst []uint16) {
			clear(dst)
			for _, rows := range [][2]int{{0, 5}, {5, 21}, {21, 45}} {
				n, h := rows[1]-rows[0], halved(a[rows[0]*rs:])
				PackRows(g, dst, tiles, rows[0], 0, h, rs, n, 64)
				PackRows(g, dst, tiles, rows[0], 64, h[64:], rs, n, 86)
				ClearRows(dst, tiles, rows[0], 32, n, 32)
			}
		}, func(dst []uint16) { copy(dst, want) })
	})
}

// TestLimit has the work grow with the rounds.
func TestLimit(t *testing.T) {
	eachKernel(t, func(t *testing.T, g *Kernel) {
		if g == PortableTiles {
			t.Skip("no instruction of its own")
		}
		if one, three := g.Limit(1), g.Limit(3); one < MR*NR || three != 3*one {
			t.Errorf("%s: %d multiplications in a round, %d in three", g.Name, one, three)
		}
	})
}

func TestBlock(t *testing.T) {
	eachKernel(t, func(t *testing.T, g *Kernel) {
		for _, m := range []int{1, 7, 8, 9, 16, 17, 24, 47} {
			for _, n := range []int{1, 31, 32, 33, 70} {
				for _, k := range []int{1, 2, 31, 32, 65} {
					testBlock(t, g, m, n, k, (m+n+k)%2 == 0)
				}
			}
		}
	})
}

func testBlock(t *testing.T, g *Kernel, m, n, k int, accumulate bool) {
	r := rand.New(rand.NewPCG(uint64(m*n*k), 3))
	a, b := make([]float32, m*k), make([]float32, k*n)
	for _, x := range [][]float32{a, b} {
		for i := range x {
			x[i] = r.Float32()*2 - 1
		}
	}
	packedA, packedB := make([]uint16, SizeA(m, k)), make([]uint16, SizeB(k, n))
	PackA(g, packedA, a, k, 1, m, k)
	PackB(g, packedB, b, n, 1, k, n)
	ldc := n + m%3
	c0 := make([]float32, m*ldc+9)
	for i := range c0 {
		c0[i] = r.Float32()
	}
	c := append([]float32(nil), c0...)
	g.Block(m, n, k, packedA, packedB, c, ldc, accumulate)
	for at, got := range c {
		i, j := at/ldc, at%ldc
		if i >= m || j >= n {
			if got != c0[at] {
				t.Fatalf("%s m=%d n=%d k=%d: wrote outside of C, at %d", g.Name, m, n, k, at)
			}
			continue
		}
		want, size := 0.0, 0.0
		if accumulate {
			want = float64(c0[at])
			size = want
		}
		for p := range k {
			x := float64(Round(a[i*k+p])) * float64(Round(b[p*n+j]))
			want += x
			size += math.Abs(x)
		}
		if math.Abs(float64(got)-want) > 2*float64(k+2)*0x1p-24*size {
			t.Fatalf("%s m=%d n=%d k=%d: C[%d,%d] = %v, want %v", g.Name, m, n, k, i, j, got, want)
		}
	}
}

// TestPanelsApart has panels of B that are the beginnings of longer ones, and rows below a diagonal left out, give the bits
// of Block in all rows that are not, and leave the others as they were.
func TestPanelsApart(t *testing.T) {
	eachKernel(t, func(t *testing.T, g *Kernel) {
		const m, n, k, deep, ldc = 70, 150, 50, 96, 153
		r := rand.New(rand.NewPCG(5, 3))
		a, b := make([]float32, m*k), make([]float32, k*n)
		for _, x := range [][]float32{a, b} {
			for i := range x {
				x[i] = r.Float32()*2 - 1
			}
		}
		packedA, packedB, long := make([]uint16, SizeA(m, k)), make([]uint16, SizeB(k, n)), make([]uint16, SizeB(deep, n))
		PackA(g, packedA, a, k, 1, m, k)
		PackB(g, packedB, b, n, 1, k, n)
		PackPanels(g, long, SizeB(deep, 1), b, n, 1, k, n)
		for _, accumulate := range []bool{false, true} {
			whole := make([]float32, m*ldc)
			for i := range whole {
				whole[i] = r.Float32()
			}
			before := slices.Clone(whole)
			g.Block(m, n, k, packedA, packedB, whole, ldc, accumulate)
			for _, diagonal := range []int{full, -1000, -40, -1, 0, 1, 31, 32, 64, 100, 149, 182, 1000} {
				c := slices.Clone(before)
				g.Panels(m, n, k, packedA, long, SizeB(deep, 1), c, ldc, accumulate, diagonal)
				for at, got := range c {
					i, j := at/ldc, at%ldc
					want := whole[at]
					if below := i+diagonal >= j/NR*NR+NR; below {
						want = before[at]
					}
					if got != want {
						t.Fatalf("%s diagonal=%d accumulate=%v: C[%d,%d] = %v, want %v", g.Name, diagonal, accumulate, i, j, got, want)
					}
				}
			}
		}
	})
}

func TestPanics(t *testing.T) {
	g := Kernels[0]
	x, h := make([]float32, 12), make([]uint16, 512)
	for name, f := range map[string]func(){
		"a":        func() { PackA(g, h, x, 4, 1, 4, 4) },
		"b":        func() { PackB(g, make([]uint16, 1024), x, 4, 1, 4, 4) },
		"negative": func() { PackA(g, h, x, -4, 1, 3, 4) },
		"dst":      func() { PackA(g, h[:511], x, 4, 1, 3, 4) },
		"packed":   func() { g.Block(17, 4, 3, h, make([]uint16, 1024), make([]float32, 100), 4, false) },
		"c":        func() { g.Block(3, 4, 3, h, make([]uint16, 1024), x[:11], 4, false) },
		"tile":     func() { PackRows(g, h, 1, 0, 8, x, 4, 3, 4) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if _, ok := recover().(string); !ok {
					t.Error("did not panic with a message")
				}
			}()
			f()
		})
	}
}
