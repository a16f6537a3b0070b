package builtin_test

import (
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/atelier-go/atelier/imageio"
	"github.com/atelier-go/atelier/style/builtin"
)

var pictures = []struct {
	name string
	draw func(side int) imageio.Float
	h, w func(side int) int
}{
	{"landscape", builtin.Landscape, func(s int) int { return s * 3 / 4 }, func(s int) int { return s }},
	{"strokes", builtin.Strokes, func(s int) int { return s }, func(s int) int { return s }},
}

func TestSizesAndRange(t *testing.T) {
	for _, p := range pictures {
		for _, side := range []int{4, 32, 96} {
			m := p.draw(side)
			if err := m.Check(); err != nil {
				t.Errorf("%s %d: %v", p.name, side, err)
			}
			if m.H != p.h(side) || m.W != p.w(side) || m.Alpha != nil {
				t.Errorf("%s %d is %s", p.name, side, m.Size())
			}
			if low, high := slices.Min(m.RGB), slices.Max(m.RGB); low < 0 || high > 1 {
				t.Errorf("%s %d has values of %v to %v", p.name, side, low, high)
			}
		}
		for _, side := range []int{-3, 0, 1} {
			if m := p.draw(side); m.H != 1 || m.W != 1 || m.Check() != nil {
				t.Errorf("%s %d is %s, %v", p.name, side, m.Size(), m.Check())
			}
		}
	}
}

func TestSameBitsForAnyNumberOfThreads(t *testing.T) {
	for _, p := range pictures {
		many := p.draw(16)
		before := runtime.GOMAXPROCS(1)
		one := p.draw(16)
		runtime.GOMAXPROCS(before)
		if !slices.Equal(many.RGB, one.RGB) {
			t.Errorf("%s differs", p.name)
		}
	}
}

// Pictures of different sizes show the same, so that a size says how fine it is and not what.
func TestSizeDoesNotChangeTheView(t *testing.T) {
	for _, p := range pictures {
		small, large := p.draw(96), p.draw(192)
		sum := 0.0
		for y := range small.H {
			for x := range small.W {
				for k := range 3 {
					mean := 0.0
					for i := range 4 {
						mean += float64(large.RGB[((2*y+i/2)*large.W+2*x+i%2)*3+k]) / 4
					}
					sum += math.Abs(mean - float64(small.RGB[(y*small.W+x)*3+k]))
				}
			}
		}
		if mean := sum / float64(len(small.RGB)); mean > 0.06 {
			t.Errorf("%s: the mean difference is %.3f", p.name, mean)
		}
	}
}

// The pictures have something to paint: lights, darks and colours.
func TestContrast(t *testing.T) {
	for _, p := range pictures {
		m := p.draw(64)
		for k, name := range []string{"red", "green", "blue"} {
			var sum, squares float64
			for i := k; i < len(m.RGB); i += 3 {
				v := float64(m.RGB[i])
				sum, squares = sum+v, squares+v*v
			}
			n := float64(len(m.RGB) / 3)
			if deviation := math.Sqrt(squares/n - sq(sum/n)); deviation < 0.1 {
				t.Errorf("%s: %s varies by %.3f", p.name, name, deviation)
			}
		}
	}
}

func sq(x float64) float64 { return x * x }
