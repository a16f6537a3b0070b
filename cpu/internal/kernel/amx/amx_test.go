package amx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// packA and packB are the formulas of the package's documentation.
func packA(a []uint16, m, k int) []uint16 {
	packed, tiles := make([]uint16, PackedSizeA(m, k)), ceilDiv(k, Depth)
	for i := range m {
		for p := range k {
			packed[((i/16*tiles+p/32)*16+i%16)*32+p%32] = a[i*k+p]
		}
	}
	return packed
}

func packB(b []uint16, k, n int) []uint16 {
	packed, tiles := make([]uint16, PackedSizeB(k, n)), ceilDiv(k, Depth)
	for p := range k {
		for j := range n {
			packed[((j/32*16*tiles+p/2)*32+j%32)*2+p%2] = b[p*n+j]
		}
	}
	return packed
}

// operands is a product of matrices stored by rows, a: [m k], b: [k n], and packed.
type operands struct {
	m, n, k          int
	a, b             []uint16
	packedA, packedB []uint16
}

func newOperands(m, n, k int) *operands {
	r := rand.New(rand.NewPCG(uint64(m<<32|n), uint64(k)))
	x := &operands{m: m, n: n, k: k, a: bfloats(r, m*k), b: bfloats(r, k*n)}
	x.pack()
	return x
}

func (x *operands) pack() {
	x.packedA, x.packedB = packA(x.a, x.m, x.k), packB(x.b, x.k, x.n)
}

// multiply computes C (+)= A·B, all whole panels of B and then what is left.
func (x *operands) multiply(g *Kernel, c []float32, ldc int, accumulate bool) {
	tiles := ceilDiv(x.k, Depth)
	whole, rest := x.n/ColumnsB, x.n%ColumnsB
	if whole > 0 {
		g.Panels(whole, x.m, ColumnsB, tiles, &x.packedA[0], tiles*tileA, &x.packedB[0], tiles*tileB, &c[0], ldc, accumulate)
	}
	if rest > 0 {
		g.Panels(1, x.m, rest, tiles, &x.packedA[0], tiles*tileA, &x.packedB[whole*tiles*tileB], 0, &c[whole*ColumnsB], ldc, accumulate)
	}
}

// bfloats is numbers between -1 and 1 of 8 significant bits.
func bfloats(r *rand.Rand, n int) []uint16 {
	x := make([]uint16, n)
	for i := range x {
		x[i] = bfloat(2*r.Float32() - 1)
	}
	return x
}

// bfloat cuts a number to bfloat16.
func bfloat(x float32) uint16 { return uint16(math.Float32bits(x) >> 16) }

func value(x uint16) float64 { return float64(math.Float32frombits(uint32(x) << 16)) }

// guard is what must not be written.
const guard = 12345

// output is C with gaps between its rows and guards around it.
type output struct {
	buffer []float32
	n, ldc int
}

func newOutput(m, n int, seed uint64) *output {
	r := rand.New(rand.NewPCG(seed, 1))
	x := &output{n: n, ldc: n + 3}
	x.buffer = make([]float32, (m+2)*x.ldc)
	for i := range x.buffer {
		x.buffer[i] = guard
	}
	for i := range m {
		for j := range n {
			x.buffer[(i+1)*x.ldc+j] = 2*r.Float32() - 1
		}
	}
	return x
}

func (x *output) clone() *output {
	return &output{buffer: slices.Clone(x.buffer), n: x.n, ldc: x.ldc}
}

func (x *output) data() []float32     { return x.buffer[x.ldc:] }
func (x *output) at(i, j int) float32 { return x.buffer[(i+1)*x.ldc+j] }
func (x *output) inside(index, m int) bool {
	return index/x.ldc-1 >= 0 && index/x.ldc-1 < m && index%x.ldc < x.n
}

// check compares with the formula in float64, within k·ε·Σ|a|·|b| and what C adds, and looks at the guards.
func check(t *testing.T, x *operands, before, after *output, accumulate bool) {
	t.Helper()
	for i := range x.m {
		for j := range x.n {
			want, size := 0.0, 0.0
			if accumulate {
				want = float64(before.at(i, j))
				size = math.Abs(want)
			}
			for p := range x.k {
				product := value(x.a[i*x.k+p]) * value(x.b[p*x.n+j])
				want += product
				size += math.Abs(product)
			}
			bound := float64(x.k+2) * 0x1p-24 * size
			if got := float64(after.at(i, j)); !(math.Abs(got-want) <= bound) {
				t.Fatalf("m=%d n=%d k=%d accumulate=%v: C[%d,%d] = %v, want %v ± %v", x.m, x.n, x.k, accumulate, i, j, got, want, bound)
			}
		}
	}
	for i, got := range after.buffer {
		if !after.inside(i, x.m) && got != guard {
			t.Fatalf("m=%d n=%d k=%d: wrote %v outside of C, at %d", x.m, x.n, x.k, got, i-after.ldc)
		}
	}
}

// eachKernel runs a test for the kernels that can run here and says where tiles are left out.
func eachKernel(t *testing.T, test func(t *testing.T, g *Kernel)) {
	for _, g := range []*Kernel{&portableKernel, &tileKernel} {
		t.Run("kernel="+g.Name, func(t *testing.T) {
			if g == &tileKernel && len(Missing()) > 0 {
				t.Skipf("no tiles here: missing %v", Missing())
			}
			test(t, g)
		})
	}
}

// panelShapes are rows, columns and depths at, before and behind every edge of tiles and blocks.
func panelShapes() [][3]int {
	var shapes [][3]int
	for _, rows := range []int{1, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100} {
		for _, cols := range []int{1, 15, 16, 17, 31, 32, 70} {
			for _, k := range []int{1, 2, 31, 32, 33, 97} {
				if testing.Short() && (rows+cols+k)%3 != 0 && rows > 33 {
					continue
				}
				shapes = append(shapes, [3]int{rows, cols, k})
			}
		}
	}
	return shapes
}

func TestPanel(t *testing.T) {
	eachKernel(t, func(t *testing.T, g *Kernel) {
		for _, s := range panelShapes() {
			x := newOperands(s[0], s[1], s[2])
			for _, accumulate := range []bool{false, true} {
				before := newOutput(x.m, x.n, 7)
				after := before.clone()
				x.multiply(g, after.data(), after.ldc, accumulate)
				check(t, x, before, after, accumulate)
			}
		}
	})
}

// TestPartOfK has a panel over some of the tiles of k give what those alone give.
func TestPartOfK(t *testing.T) {
	eachKernel(t, func(t *testing.T, g *Kernel) {
		const m, n, k, skip, use = 50, 96, 160, 32, 64
		x := newOperands(m, n, k)
		got := newOutput(m, n, 1)
		g.Panels(n/ColumnsB, m, ColumnsB, use/Depth, &x.packedA[skip/Depth*tileA], k/Depth*tileA,
			&x.packedB[skip/Depth*tileB], k/Depth*tileB, &got.data()[0], got.ldc, false)
		part := &operands{m: m, n: n, k: use, b: x.b[skip*n : (skip+use)*n]}
		for i := range m {
			part.a = append(part.a, x.a[i*k+skip:][:use]...)
		}
		check(t, part, got, got, false)
	})
}

// TestKernelsAgree compares numbers whose sizes differ, so that order and rounding show, with the order of additions in
// Intel's manual: the portable kernel has to keep it to the bit. Tiles may add in another one; where they do that is
// reported, and their sums have to keep the bound that holds for every order.
func TestKernelsAgree(t *testing.T) {
	eachKernel(t, func(t *testing.T, g *Kernel) {
		for _, s := range [][3]int{{33, 32, 320}, {16, 17, 64}, {70, 5, 33}} {
			x := newOperands(s[0], s[1], s[2])
			r := rand.New(rand.NewPCG(3, 4))
			for i := range x.a {
				x.a[i] = bfloat(float32(r.NormFloat64() * math.Exp(4*r.NormFloat64())))
			}
			x.pack()
			before := newOutput(x.m, x.n, 5)
			got, want := before.clone(), before.clone()
			x.multiply(g, got.data(), got.ldc, true)
			byFormula(x, want)
			check(t, x, before, got, true)
			differ := 0
			for i := range got.buffer {
				if math.Float32bits(got.buffer[i]) != math.Float32bits(want.buffer[i]) {
					differ++
				}
			}
			switch {
			case differ > 0 && g == &portableKernel:
				t.Errorf("%v: %d of %d sums differ from the manual's", s, differ, x.m*x.n)
			case differ > 0:
				t.Logf("%v: this processor adds in another order than the manual says: %d of %d sums differ", s, differ, x.m*x.n)
			}
		}
	})
}

// byFormula adds to C as Intel's manual describes TDPBF16PS, tile after tile, on matrices that are not packed.
func byFormula(x *operands, c *output) {
	at := func(s []uint16, i int, inside bool) float64 {
		if !inside {
			return 0
		}
		return value(s[i])
	}
	for i := range x.m {
		for j := range x.n {
			sum := c.at(i, j)
			for t := 0; t < x.k; t += 32 {
				var halves [2]float32
				for p := t; p < t+32; p++ {
					product := at(x.a, i*x.k+p, p < x.k) * at(x.b, p*x.n+j, p < x.k)
					halves[p%2] = float32(float64(halves[p%2]) + product)
				}
				sum += halves[0] + halves[1]
			}
			c.data()[i*c.ldc+j] = sum
		}
	}
}

// TestSubnormal has subnormal numbers count as zeros where they are factors, sums and what is accumulated to.
func TestSubnormal(t *testing.T) {
	eachKernel(t, func(t *testing.T, g *Kernel) {
		const one, tiny, small = 0x3f80, 0x0001, 0x0080 // 1, 2^-133, 2^-126: the smallest normal number
		const half = 0x3f00
		for _, c := range []struct {
			a, b uint16
			c    float32
			want float32
		}{
			{one, one, 0x1p-140, 1},
			{tiny, 0x7f00, 1, 1},
			{0x7f00, tiny, 1, 1},
			{small, one, 0, 0x1p-126},
			{small, half, 0, 0},
			{small, half, 0x1p-126, 0x1p-126},
			{0, one, 0x1p-140, 0},
		} {
			x := &operands{m: 1, n: 1, k: 1, a: []uint16{c.a}, b: []uint16{c.b}}
			x.pack()
			got := []float32{c.c}
			x.multiply(g, got, 1, true)
			if got[0] != c.want {
				t.Errorf("%v + %v·%v = %v, want %v", c.c, value(c.a), value(c.b), got[0], c.want)
			}
		}
	})
}

// TestNonFinite has NaN and infinity go where the formula has them, and nowhere else: not into what pads.
func TestNonFinite(t *testing.T) {
	eachKernel(t, func(t *testing.T, g *Kernel) {
		const m, n, k, nan, infinity = 35, 33, 37, 0x7fc0, 0x7f80
		for _, bad := range []uint16{nan, infinity} {
			x := newOperands(m, n, k)
			for i := range x.b {
				x.b[i] = 0
			}
			x.a[(m-1)*k+k-1] = bad // times 0
			x.pack()
			c := newOutput(m, n, 1)
			x.multiply(g, c.data(), c.ldc, false)
			for i := range m {
				for j := range n {
					if got := c.at(i, j); (got != got) != (i == m-1) {
						t.Fatalf("%#x: C[%d,%d] = %v", bad, i, j, got)
					}
				}
			}
		}
	})
}

// On a machine that has tiles nothing may keep them from being used: $ATELIER_AMX says that it does.
func TestNothingIsMissing(t *testing.T) {
	if os.Getenv("ATELIER_AMX") == "" {
		t.Skip("$ATELIER_AMX is not set")
	}
	if missing := Missing(); len(missing) > 0 {
		t.Fatalf("no tiles: missing %v", missing)
	}
}

func BenchmarkPanel(b *testing.B) {
	if len(Missing()) > 0 {
		b.Skipf("no tiles here: missing %v", Missing())
	}
	for _, s := range [][3]int{{512, 32, 352}, {128, 32, 512}, {2048, 32, 512}} {
		b.Run(fmt.Sprintf("m=%d/n=%d/k=%d", s[0], s[1], s[2]), func(b *testing.B) {
			x := newOperands(s[0], s[1], s[2])
			c := make([]float32, x.m*x.n)
			for b.Loop() {
				x.multiply(&tileKernel, c, x.n, false)
			}
			b.ReportMetric(2*float64(x.m)*float64(x.n)*float64(x.k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}
