package bench

import (
	"math"

	"github.com/atelier-go/atelier/style"
)

// hashed returns n numbers that are uniform in [0, 1), the same for the same seed on every machine and, in peer_style.py,
// in every language. Each is the hash of its index, multiples of 2^-24.
func hashed(seed uint32, n int) []float64 {
	u := make([]float64, n)
	for i := range u {
		x := uint32(i) + seed*0x1e3779b1
		x ^= x >> 16
		x *= 0x7feb352d
		x ^= x >> 15
		x *= 0x46ca68b5
		x ^= x >> 16
		u[i] = float64(x>>8) / (1 << 24)
	}
	return u
}

// hashedWeight is a kernel of the published shape [out in KH KW], returned as [KH KW in out], or a bias [out]. Kernels are
// uniform with the deviation of He et al. (2015), biases up to 0.1.
func hashedWeight(seed uint32, shape []int) (values []float32, dims []int) {
	if len(shape) == 1 {
		for _, u := range hashed(seed, shape[0]) {
			values = append(values, float32((u-0.5)*0.2))
		}
		return values, shape
	}
	out, in, pixels := shape[0], shape[1], shape[2]*shape[3]
	bound := math.Sqrt(6 / float64(in*pixels))
	values = make([]float32, out*in*pixels)
	for i, u := range hashed(seed, len(values)) {
		o, c, p := i/(in*pixels), i/pixels%in, i%pixels
		values[(p*in+c)*out+o] = float32((u - 0.5) * 2 * bound)
	}
	return values, []int{shape[2], shape[3], in, out}
}

// octaves of a hashed picture, each with cells of half the size and half the strength of the one before.
const hashedOctaves = 4

// hashedPicture is noise with structure: hashed colours at the corners of cells, so many across and down at first, and
// linear in between. Values are multiples of 1/255, as of a picture from a file.
func hashedPicture(seed uint32, h, w, cells int) style.Picture {
	sums := make([]float64, h*w*3)
	strength, total := 1., 0.
	for octave := range hashedOctaves {
		n := cells << octave
		addCells(sums, h, w, n, strength, hashed(seed+100*uint32(octave+1), (n+1)*(n+1)*3))
		total += strength
		strength /= 2
	}
	p := style.Picture{H: h, W: w, Pixels: make([]float32, len(sums))}
	for i, v := range sums {
		p.Pixels[i] = float32(math.Floor(v/total*255+0.5) / 255)
	}
	return p
}

// addCells adds what lies between the corners [n+1 n+1 3] of n by n cells.
func addCells(sums []float64, h, w, n int, strength float64, corners []float64) {
	for y := range h {
		top, down := cell(y, h, n)
		for x := range w {
			left, right := cell(x, w, n)
			for c := range 3 {
				corner := func(y, x int) float64 { return corners[(y*(n+1)+x)*3+c] }
				a := corner(top, left)*(1-right) + corner(top, left+1)*right
				b := corner(top+1, left)*(1-right) + corner(top+1, left+1)*right
				sums[(y*w+x)*3+c] += strength * (a*(1-down) + b*down)
			}
		}
	}
}

// cell is the one of n that the middle of pixel i of size lies in, and where in it, 0 to 1.
func cell(i, size, n int) (first int, at float64) {
	v := (float64(i) + 0.5) * float64(n) / float64(size)
	return int(v), v - math.Floor(v)
}
