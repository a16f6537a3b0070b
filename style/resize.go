package style

import "math"

// resample is a filter: its half-width, and its weights.
type resample struct {
	support float64
	weight  func(x float64) float64
}

var (
	cubic  = resample{2, keys}
	linear = resample{1, func(x float64) float64 { return max(0, 1-math.Abs(x)) }}
)

// keys is the cubic kernel of Keys (1981) with a = -1/2.
func keys(x float64) float64 {
	const a = -0.5
	switch x = math.Abs(x); {
	case x < 1:
		return ((a+2)*x-(a+3))*x*x + 1
	case x < 2:
		return a * (((x-5)*x+8)*x - 4)
	}
	return 0
}

// along are the weights of inputs in each output along an axis. Where it gets shorter the filter is stretched, so that
// every input counts (antialiasing).
func (r resample) along(from, to int) []taps {
	scale := float64(from) / float64(to)
	stretch := max(1, scale)
	all := make([]taps, to)
	for i := range all {
		centre := (float64(i)+0.5)*scale - 0.5
		first := max(0, int(math.Ceil(centre-r.support*stretch)))
		last := min(from-1, int(math.Floor(centre+r.support*stretch)))
		t := taps{first: first}
		total := 0.0
		for j := first; j <= last; j++ {
			w := r.weight((float64(j) - centre) / stretch)
			t.weights = append(t.weights, w)
			total += w
		}
		for j := range t.weights {
			t.weights[j] /= total
		}
		all[i] = t
	}
	return all
}

// resize changes the size of pixels [h w 3] to [toH toW 3]; the same size shares them.
func (r resample) resize(pixels []float32, h, w, toH, toW int) []float32 {
	if h == toH && w == toW {
		return pixels
	}
	rows := make([]float32, h*toW*3)
	for x, t := range r.along(w, toW) {
		for y := range h {
			var sum [3]float64
			at := (y*w + t.first) * 3
			for _, weight := range t.weights {
				for c := range sum {
					sum[c] += weight * float64(pixels[at+c])
				}
				at += 3
			}
			for c, v := range sum {
				rows[(y*toW+x)*3+c] = float32(v)
			}
		}
	}
	out := make([]float32, toH*toW*3)
	line := make([]float64, toW*3)
	for y, t := range r.along(h, toH) {
		clear(line)
		for i, weight := range t.weights {
			row := rows[(t.first+i)*toW*3:][:toW*3]
			for k, v := range row {
				line[k] += weight * float64(v)
			}
		}
		for k, v := range line {
			out[y*toW*3+k] = float32(v)
		}
	}
	return out
}

// Resized is the picture at another size, by the cubic filter, stretched where it gets smaller.
func (p Picture) Resized(h, w int) Picture {
	out := Picture{H: h, W: w, Pixels: cubic.resize(p.Pixels, p.H, p.W, h, w)}
	if h != p.H || w != p.W {
		clamp(out.Pixels)
	}
	return out
}

// clamp limits pixels to 0 to 1.
func clamp(pixels []float32) {
	for i, v := range pixels {
		pixels[i] = min(1, max(0, v))
	}
}
