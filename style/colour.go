package style

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// Colour is a way to keep the content's colours.
type Colour string

// The ways to keep colours.
const (
	// Luma paints in colour, and then takes the content's chroma (Y'CbCr of BT.601) and the painting's luma.
	Luma Colour = "luma"
	// LuminanceMatch paints in grey with styles whose luma has the content's mean and deviation, and then takes the
	// content's chroma (Gatys et al., "Preserving Color in Neural Artistic Style Transfer", 2016, section 3).
	LuminanceMatch Colour = "luminance-match"
	// CORAL gives styles the content's mean and covariance of colours before painting, by the linear map with the
	// symmetric positive matrix that does it (Monge and Kantorovich; Gatys et al., 2016, section 2).
	CORAL Colour = "coral"
)

// Colours are the names of the ways to keep colours.
var Colours = []Colour{Luma, LuminanceMatch, CORAL}

var lumaWeights = [3]float64{0.299, 0.587, 0.114}

func lumaOf(p []float32) float64 {
	return lumaWeights[0]*float64(p[0]) + lumaWeights[1]*float64(p[1]) + lumaWeights[2]*float64(p[2])
}

// contentFor is the content picture as it is painted.
func (c Colour) contentFor(content Picture) Picture {
	if c != LuminanceMatch {
		return content
	}
	return grey(content, 1, 0)
}

// styleFor is a style picture as it is looked at, at the content picture's side.
func (c Colour) styleFor(s, content Picture) Picture {
	switch c {
	case LuminanceMatch:
		mean, deviation := lumaStatistics(s)
		wantMean, wantDeviation := lumaStatistics(content)
		gain := wantDeviation / max(deviation, 1e-3)
		return grey(s, gain, wantMean-gain*mean)
	case CORAL:
		return matchColours(s, content)
	default:
		return s
	}
}

// finish gives a painting the content's colours.
func (c Colour) finish(painted []float32, content Picture) {
	if c != Luma && c != LuminanceMatch {
		return
	}
	for i := 0; i < len(painted); i += 3 {
		change := lumaOf(painted[i:]) - lumaOf(content.Pixels[i:])
		for k := range 3 {
			painted[i+k] = float32(float64(content.Pixels[i+k]) + change)
		}
	}
	clamp(painted)
}

// grey is gain·luma + offset, in all channels.
func grey(p Picture, gain, offset float64) Picture {
	out := Picture{H: p.H, W: p.W, Pixels: make([]float32, len(p.Pixels))}
	for i := 0; i < len(p.Pixels); i += 3 {
		v := float32(min(1, max(0, gain*lumaOf(p.Pixels[i:])+offset)))
		out.Pixels[i], out.Pixels[i+1], out.Pixels[i+2] = v, v, v
	}
	return out
}

func lumaStatistics(p Picture) (mean, deviation float64) {
	square := 0.0
	n := float64(p.H * p.W)
	for i := 0; i < len(p.Pixels); i += 3 {
		v := lumaOf(p.Pixels[i:])
		mean += v / n
		square += v * v / n
	}
	return mean, math.Sqrt(max(0, square-mean*mean))
}

// matchColours maps s linearly so that its colours have the mean and covariance of those of like.
func matchColours(s, like Picture) Picture {
	mean, covariance := colourStatistics(s)
	wantMean, want := colourStatistics(like)
	// T = A^-½ (A^½ B A^½)^½ A^-½ takes covariance A to B.
	root, inverse := power(covariance, 0.5), power(covariance, -0.5)
	middle := power(product(root, want, root), 0.5)
	t := product(inverse, middle, inverse)
	out := Picture{H: s.H, W: s.W, Pixels: make([]float32, len(s.Pixels))}
	for i := 0; i < len(s.Pixels); i += 3 {
		for k := range 3 {
			v := wantMean[k]
			for j := range 3 {
				v += t.At(k, j) * (float64(s.Pixels[i+j]) - mean[j])
			}
			out.Pixels[i+k] = float32(min(1, max(0, v)))
		}
	}
	return out
}

// colourStatistics are the mean colour, and the covariance with a little on its diagonal, so that it can be inverted.
func colourStatistics(p Picture) (mean [3]float64, covariance *mat.SymDense) {
	const ridge = 1e-5 // (1/300)², less than a step of 8 bits
	n := float64(p.H * p.W)
	for i, v := range p.Pixels {
		mean[i%3] += float64(v) / n
	}
	var sum [3][3]float64
	for i := 0; i < len(p.Pixels); i += 3 {
		for a := range 3 {
			for b := range 3 {
				sum[a][b] += (float64(p.Pixels[i+a]) - mean[a]) * (float64(p.Pixels[i+b]) - mean[b]) / n
			}
		}
	}
	covariance = mat.NewSymDense(3, nil)
	for a := range 3 {
		for b := a; b < 3; b++ {
			covariance.SetSym(a, b, sum[a][b])
		}
		covariance.SetSym(a, a, sum[a][a]+ridge)
	}
	return mean, covariance
}

// power is a symmetric positive matrix to an exponent.
func power(a *mat.SymDense, exponent float64) *mat.SymDense {
	var eigen mat.EigenSym
	if !eigen.Factorize(a, true) {
		// Of a finite matrix of three by three it always exists; pixels are finite.
		return a
	}
	var v mat.Dense
	eigen.VectorsTo(&v)
	values := eigen.Values(nil)
	out := mat.NewSymDense(3, nil)
	for i := range 3 {
		for j := i; j < 3; j++ {
			s := 0.0
			for k, value := range values {
				s += v.At(i, k) * v.At(j, k) * math.Pow(max(value, 1e-12), exponent)
			}
			out.SetSym(i, j, s)
		}
	}
	return out
}

// product is a·b·a, which is symmetric.
func product(a, b, c *mat.SymDense) *mat.SymDense {
	var ab, abc mat.Dense
	ab.Mul(a, b)
	abc.Mul(&ab, c)
	out := mat.NewSymDense(3, nil)
	for i := range 3 {
		for j := i; j < 3; j++ {
			out.SetSym(i, j, (abc.At(i, j)+abc.At(j, i))/2)
		}
	}
	return out
}
