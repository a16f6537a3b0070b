package conv

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/par"
)

// aligned is n random elements that begin a cache line, between guards.
func aligned(rng *rand.Rand, n int) guarded {
	all := make([]float32, n+2*guard+line/4)
	for uintptr(unsafe.Pointer(&all[0]))%line != 0 {
		all = all[1:]
	}
	g := guarded{all[:n+2*guard], n}
	for i := range g.all {
		g.all[i] = float32(math.NaN())
	}
	for i := range g.data() {
		g.data()[i] = float32(rng.NormFloat64())
	}
	return g
}

// TestShallow compares tiles of pixels and channels with their formula, stored both ways.
func TestShallow(t *testing.T) {
	levels(t, func(t *testing.T, l isa.Level) {
		rng := rand.New(rand.NewPCG(1, 5))
		offsets := []int64{0, 1, 2, 40, 41, 42, 43, 90}
		for taps := 1; taps <= len(offsets); taps++ {
			for tiles := 1; tiles <= 3; tiles++ {
				for panels := 1; panels <= 3; panels++ {
					for _, stream := range []bool{false, true} {
						checkShallow(t, rng, l, offsets[:taps], tiles, panels, stream)
					}
				}
			}
		}
	})
}

func checkShallow(t *testing.T, rng *rand.Rand, l isa.Level, offsets []int64, tiles, panels int, stream bool) {
	t.Helper()
	const step = 5
	size := tileOf[l]
	pixels, channels := tiles*size.rows, panels*size.columns
	ldy := roundUp(channels, line/4) + line/4
	x := random(rng, (pixels-1)*step+int(offsets[len(offsets)-1])+1)
	k := random(rng, len(offsets)*channels)
	y := aligned(rng, (pixels-1)*ldy+channels)
	before := append([]float32{}, y.data()...)
	lanesFor(l).shallow(y.data(), ldy, x.data(), step, offsets, k.data(), tiles, panels, stream)
	y.check(t, "shallow")
	for at, got := range y.data() {
		i, j := at/ldy, at%ldy
		if j >= channels {
			if got != before[at] {
				t.Fatalf("shallow: y[%d] beside the panels was written", at)
			}
			continue
		}
		var want float32
		panel := k.data()[j/size.columns*len(offsets)*size.columns:]
		for n, offset := range offsets {
			want += x.data()[i*step+int(offset)] * panel[n*size.columns+j%size.columns]
		}
		if !near(got, want) {
			t.Fatalf("shallow, %d taps, %d tiles, %d panels, stream %v: y[%d,%d] = %v, want %v", len(offsets), tiles, panels, stream, i, j, got, want)
		}
	}
}

// TestShallowStream checks that outputs stored past the caches have the bits of those that are not.
func TestShallowStream(t *testing.T) {
	defer func(n int) { lastCache = n }(lastCache)
	lastCache = 1 << 10
	levels(t, func(t *testing.T, l isa.Level) {
		for _, s := range []Spec{
			spec(2, 13, 21, 3, 3, 3, 64, 1, 1, 1, 1),
			spec(1, 9, 300, 2, 5, 3, 32, 2, 1, 2, 1),
		} {
			p := NewPlan(s, l, 2, Options{Algorithm: "shallow"})
			if a := p.alg.(*shallow); !a.streams {
				t.Fatalf("%v: not stored past the caches", s)
			}
			rng := rand.New(rand.NewPCG(1, 6))
			na, nb, n := s.sizes()
			a, b, plain, streamed := random(rng, na), random(rng, nb), aligned(rng, n), aligned(rng, n)
			pool := par.New(2)
			scratch := make([]byte, p.ScratchBytes())
			p.Run(pool, a.data(), b.data(), plain.data(), scratch, func(worker, pixel, n int, sums []float32) {})
			p.Run(pool, a.data(), b.data(), streamed.data(), scratch, nil)
			pool.Close()
			streamed.check(t, s.String())
			want, abs := naive(s, a.data(), b.data())
			compare(t, s, l, "shallow", a, b, streamed.data(), want, abs)
			for i, v := range streamed.data() {
				if math.Float32bits(v) != math.Float32bits(plain.data()[i]) {
					t.Fatalf("%v: out[%d] = %v, want %v", s, i, v, plain.data()[i])
				}
			}
		}
	})
}
