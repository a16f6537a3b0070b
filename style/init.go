package style

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Init is where a painting starts.
type Init string

// The starts.
const (
	InitContent     Init = "content"      // the content picture
	InitNoise       Init = "noise"        // pixels independent and uniform
	InitSmoothNoise Init = "smooth-noise" // the same behind a median filter of 8 by 8, as fast.ai's lesson has it
	InitStyleStats  Init = "style-stats"  // pixels independent and normal, with the styles' mean and deviation of each channel
	InitPicture     Init = "picture"      // Options.InitPicture
)

// Inits are the names of the starts.
var Inits = []Init{InitContent, InitNoise, InitSmoothNoise, InitStyleStats, InitPicture}

// first is the picture [h w 3] that a painting starts from.
func (o Options) first(content Picture, h, w int) []float32 {
	random := rand.New(rand.NewPCG(o.Seed, 0x57791e))
	switch o.Init {
	case InitContent:
		return slices.Clone(content.Pixels)
	case InitPicture:
		return slices.Clone(o.InitPicture.Resized(h, w).Pixels)
	case InitStyleStats:
		return styleNoise(random, o.Styles, h, w)
	}
	x := make([]float32, h*w*3)
	for i := range x {
		x[i] = random.Float32()
	}
	if o.Init == InitSmoothNoise {
		return median(x, h, w)
	}
	return x
}

// styleNoise is normal noise with the pictures' statistics, weighted by their weights.
func styleNoise(random *rand.Rand, styles []StyleInput, h, w int) []float32 {
	var mean, square [3]float64
	total := 0.0
	for _, s := range styles {
		weight := s.Weight
		if weight == 0 {
			weight = 1
		}
		total += weight
		n := weight / float64(s.Picture.H*s.Picture.W)
		for i, v := range s.Picture.Pixels {
			mean[i%3] += n * float64(v)
			square[i%3] += n * float64(v) * float64(v)
		}
	}
	x := make([]float32, h*w*3)
	for i := range x {
		m := mean[i%3] / total
		x[i] = float32(m + random.NormFloat64()*math.Sqrt(max(0, square[i%3]/total-m*m)))
	}
	clamp(x)
	return x
}

// medianSide is the window of the median filter.
const medianSide = 8

// median filters each channel; windows at the edge repeat mirrored pixels.
func median(x []float32, h, w int) []float32 {
	out := make([]float32, len(x))
	var window [medianSide * medianSide]float32
	for y := range h {
		for col := range w {
			for c := range 3 {
				for i := range window {
					sy := mirrored(y+i/medianSide-medianSide/2, h)
					sx := mirrored(col+i%medianSide-medianSide/2, w)
					window[i] = x[(sy*w+sx)*3+c]
				}
				slices.Sort(window[:])
				out[(y*w+col)*3+c] = window[len(window)/2]
			}
		}
	}
	return out
}

// mirrored is position i of an axis of n that goes on mirrored.
func mirrored(i, n int) int {
	i = ((i % (2 * n)) + 2*n) % (2 * n)
	if i >= n {
		return 2*n - 1 - i
	}
	return i
}
