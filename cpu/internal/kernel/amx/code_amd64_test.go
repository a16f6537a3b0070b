//go:build !noasm

package amx

import (
	"runtime"
	"slices"
	"testing"
	"unsafe"
)

// kernelFunc is the type of the assembly functions.
type kernelFunc = func(config *byte, panels, blocks, tiles int, a *uint16, panelA int, b *uint16, panelB int, c *float32, ldc, pace int, accumulate bool)

// codeOf is the machine code of an assembly function, as it lies in memory. A function value leads to a wrapper, which
// calls it with arguments on the stack.
func codeOf[F any](t *testing.T, f F) []byte {
	t.Helper()
	wrapper := **(**unsafe.Pointer)(unsafe.Pointer(&f))
	name := runtime.FuncForPC(uintptr(wrapper)).Name()
	for i := range 256 {
		if *(*byte)(unsafe.Add(wrapper, i)) != 0xe8 { // CALL
			continue
		}
		target := unsafe.Add(wrapper, i+5+int(*(*int32)(unsafe.Add(wrapper, i+1))))
		if g := runtime.FuncForPC(uintptr(target)); g != nil && g.Entry() == uintptr(target) && g.Name() == name {
			return unsafe.Slice((*byte)(target), codeLength(g))
		}
	}
	t.Fatalf("the code of %s is not found", name)
	return nil
}

// codeLength is the bytes from a function's start to where addresses belong to another.
func codeLength(f *runtime.Func) int {
	n := 1
	for runtime.FuncForPC(f.Entry()+uintptr(n)).Entry() == f.Entry() {
		n++
	}
	return n
}

// interpret is an assembly function's call on a machine of its own, which it returns.
func interpret(t *testing.T, f kernelFunc, cfg *config, panels, blocks, tiles int, a []uint16, panelA int, b []uint16, panelB int, c []float32, ldc int, accumulate bool) *machine {
	t.Helper()
	address := func(r region) uint64 { return r.address }
	configs := []config{*cfg}
	stack := []uint64{
		0, address(regionOf(configs)), uint64(panels), uint64(blocks), uint64(tiles),
		address(regionOf(a)), uint64(panelA), address(regionOf(b)), uint64(panelB), address(regionOf(c)), uint64(ldc), uint64(pace(blocks)), 0,
	}
	if accumulate {
		stack[len(stack)-1] = 1
	}
	m := &machine{code: codeOf(t, f), memory: []region{regionOf(configs), regionOf(stack), regionOf(a), regionOf(b), regionOf(c)}}
	const sp = 4
	m.r[sp] = address(regionOf(stack))
	if err := m.run(); err != nil {
		t.Fatal(err)
	}
	if m.configured {
		t.Fatal("tiles are not released")
	}
	runtime.KeepAlive(stack)
	return m
}

// TestCode executes the assembled kernels in an interpreter, on memory that ends where the operands do, and compares
// with the formula and, bit for bit, with the portable kernel.
func TestCode(t *testing.T) {
	for _, c := range []struct {
		name       string
		f          kernelFunc
		rows, cols []int // of a block
	}{
		{"panel32x32", panel32x32BF16AMX, []int{17, 31, 32}, []int{17, 32}},
		{"panel32x16", panel32x16BF16AMX, []int{17, 31, 32}, []int{1, 16}},
		{"panel16x32", panel16x32BF16AMX, []int{1, 15, 16}, []int{17, 32}},
		{"panel16x16", panel16x16BF16AMX, []int{1, 15, 16}, []int{1, 16}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, rows := range c.rows {
				for _, cols := range c.cols {
					for _, k := range []int{1, 33, 96} {
						for _, accumulate := range []bool{false, true} {
							testCode(t, c.f, 1, rows, cols, k, accumulate)
							if cols == ColumnsB {
								testCode(t, c.f, 3, rows, cols, k, accumulate)
							}
						}
					}
				}
			}
		})
	}
}

// TestPrefetch has the kernels of whole panels ask for the panel of B that comes next while they read one: for all of it
// where there are blocks enough, for each line from its beginning on where there are not, and for nothing else but a few
// lines behind it.
func TestPrefetch(t *testing.T) {
	const panels, tiles, k, line = 3, 3, 3 * Depth, 64
	for _, f := range []struct {
		code kernelFunc
		rows int
	}{{panel32x32BF16AMX, 2 * side}, {panel16x32BF16AMX, side}} {
		for _, blocks := range []int{1, 2, 6, 7, 8, 11} {
			x := newOperands(blocks*f.rows, panels*ColumnsB, k)
			c, cfg := make([]float32, x.m*x.n), configure(f.rows, ColumnsB)
			m := interpret(t, f.code, &cfg, panels, blocks, tiles, x.packedA, tiles*tileA, x.packedB, tiles*tileB, c, x.n, false)
			begin, panel := regionOf(x.packedB).address, uint64(2*tiles*tileB)
			asked := map[uint64]bool{}
			for _, address := range m.prefetched {
				asked[address/line] = true
				if address < begin || address >= begin+panels*panel+5*line {
					t.Fatalf("%d blocks of %d rows: asks for byte %d of B, which has %d", blocks, f.rows, int64(address-begin), panels*panel)
				}
			}
			for next := uint64(1); next < panels; next++ {
				for at := range min(panel, uint64(blocks*tiles*5*line)) {
					if address := begin + next*panel + at; !asked[address/line] {
						t.Fatalf("%d blocks of %d rows: does not ask for byte %d of panel %d", blocks, f.rows, at, next)
					}
				}
			}
		}
	}
}

// TestLimitCode counts the products that the assembled kernel of Limit forms.
func TestLimitCode(t *testing.T) {
	const rounds = 3
	configs := []config{configure(2*side, 2*side)}
	stack := []uint64{0, regionOf(configs).address, rounds}
	m := machine{code: codeOf(t, limitBF16AMX), memory: []region{regionOf(configs), regionOf(stack)}}
	const sp = 4
	m.r[sp] = regionOf(stack).address
	if err := m.run(); err != nil {
		t.Fatal(err)
	}
	if m.configured || m.products != rounds*16 {
		t.Errorf("%d products of tiles in %d rounds, tiles released: %v", m.products, rounds, !m.configured)
	}
	runtime.KeepAlive(stack)
}

func testCode(t *testing.T, f kernelFunc, panels, rows, cols, k int, accumulate bool) {
	t.Helper()
	blocks := 1
	if rows%side == 0 {
		blocks = 3 // below each other
	}
	x := newOperands(blocks*rows, panels*cols, k)
	tiles := ceilDiv(k, Depth)
	before := newOutput(x.m, x.n, 9)
	got, want := before.clone(), before.clone()
	cfg := configure(rows, cols)
	interpret(t, f, &cfg, panels, blocks, tiles, x.packedA, tiles*tileA, x.packedB, tiles*tileB, got.data()[:(x.m-1)*got.ldc+x.n], got.ldc, accumulate)
	check(t, x, before, got, accumulate)
	x.multiply(&portableKernel, want.data(), want.ldc, accumulate)
	if !slices.Equal(got.buffer, want.buffer) {
		t.Fatalf("panels=%d rows=%d cols=%d k=%d: the code and the portable kernel differ", panels, rows, cols, k)
	}
}
