package imageio

import (
	"fmt"
	"math"
)

// Filter is the kernel a resize weighs pixels with. When a picture gets smaller the kernel is stretched by the ratio, so
// that every pixel counts (antialiasing), as in PIL and in torchvision with antialias=True.
type Filter int

// The filters, by PIL's names.
const (
	Bilinear Filter = iota // a triangle of half-width 1
	Bicubic                // Keys (1981) with a = -0.5, half-width 2
	Lanczos                // a windowed sinc, half-width 3
	Box                    // the mean of an area, half-width 0.5
)

var filters = []struct {
	name    string
	support float64
	weight  func(x float64) float64
}{
	Bilinear: {"bilinear", 1, triangle},
	Bicubic:  {"bicubic", 2, keys},
	Lanczos:  {"lanczos", 3, lanczos},
	Box:      {"box", 0.5, box},
}

func (f Filter) String() string {
	if f < 0 || int(f) >= len(filters) {
		return fmt.Sprintf("Filter(%d)", int(f))
	}
	return filters[f].name
}

// Check says whether there is such a filter.
func (f Filter) Check() error {
	if f < 0 || int(f) >= len(filters) {
		return fmt.Errorf("imageio: there is no filter %d", int(f))
	}
	return nil
}

// MarshalText is the filter's name.
func (f Filter) MarshalText() ([]byte, error) { return []byte(f.String()), f.Check() }

// UnmarshalText reads a filter's name: bilinear, bicubic, lanczos or box.
func (f *Filter) UnmarshalText(text []byte) error {
	for i := range filters {
		if filters[i].name == string(text) {
			*f = Filter(i)
			return nil
		}
	}
	return fmt.Errorf("imageio: there is no filter %q; want bilinear, bicubic, lanczos or box", text)
}

func triangle(x float64) float64 { return max(0, 1-math.Abs(x)) }

func keys(x float64) float64 {
	const a = -0.5
	x = math.Abs(x)
	switch {
	case x < 1:
		return ((a+2)*x-(a+3))*x*x + 1
	case x < 2:
		return ((x-5)*x+8)*x*a - 4*a
	}
	return 0
}

func lanczos(x float64) float64 {
	if x <= -3 || x >= 3 {
		return 0
	}
	return sinc(x) * sinc(x/3)
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// box is open on its left, so that a pixel on the border of two areas counts once.
func box(x float64) float64 {
	if x > -0.5 && x <= 0.5 {
		return 1
	}
	return 0
}

// kernel has the weights of each output position along one axis, as integers of 22 fractional bits, PIL's precision for
// pictures of 8 bits.
type kernel struct {
	taps    int     // weights kept for each position
	first   []int   // the first input position of each output position
	count   []int   // how many follow; at most taps
	weights []int32 // [positions taps]

	scratch []float64
}

const fraction = 22

// window is where the weights of an output position lie, and how they are found.
type window struct {
	filter                  Filter
	in                      int
	scale, stretch, support float64
}

func newWindow(in, out int, f Filter) window {
	scale := float64(in) / float64(out)
	stretch := max(scale, 1)
	return window{f, in, scale, stretch, filters[f].support * stretch}
}

// taps is how many weights a position has at most.
func (w window) taps() int { return int(math.Ceil(w.support))*2 + 1 }

// weigh writes the weights of output position o into dst, of which it returns the part, summing to 1; first is the input
// position of the first. Weights of positions outside are left out and the others scaled.
func (w window) weigh(dst []float64, o int) (first int, weights []float64) {
	center := (float64(o) + 0.5) * w.scale
	first = max(int(center-w.support+0.5), 0)
	weights = dst[:min(int(center+w.support+0.5), w.in)-first]
	sum := 0.0
	for i := range weights {
		weights[i] = filters[w.filter].weight((float64(first+i) - center + 0.5) / w.stretch)
		sum += weights[i]
	}
	for i := range weights {
		weights[i] /= sum
	}
	return first, weights
}

// build computes the weights that make out positions of the input's positions lo..lo+in-1.
func (k *kernel) build(lo, in, out int, f Filter) {
	w := newWindow(in, out, f)
	k.taps = w.taps()
	k.first, k.count = resized(k.first, out), resized(k.count, out)
	k.weights = resized(k.weights, out*k.taps)
	k.scratch = resized(k.scratch, k.taps)
	for o := range out {
		first, weights := w.weigh(k.scratch, o)
		for i, v := range weights {
			k.weights[o*k.taps+i] = int32(math.Round(v * (1 << fraction)))
		}
		k.first[o], k.count[o] = lo+first, len(weights)
	}
}

// at are the weights of output position o, and the input position of the first.
func (k *kernel) at(o int) (first int, weights []int32) {
	return k.first[o], k.weights[o*k.taps:][:k.count[o]]
}

func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
