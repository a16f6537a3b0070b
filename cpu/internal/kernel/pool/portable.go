package pool

import (
	"math"
	"unsafe"
)

// portable is the reference for the other kernels.
var portable = kernels{max: windowMax, sum: windowSum, scatterMax: scatterMax}

// at returns the element i after p.
func at(p *float32, i int) *float32 { return (*float32)(unsafe.Add(unsafe.Pointer(p), i*4)) }

// group is how many channels are folded at a time.
const group = 16

// windowMax is y[p·channels+c] = the largest of x[p·pixelStride + i·rowStride + j·channels + c] over i in [0, kh),
// j in [0, kw). NaN wins.
func windowMax(y, x *float32, pixels, channels, kh, kw, rowStride, pixelStride int) {
	for p := range pixels {
		for c := 0; c < channels; c += group {
			n := min(group, channels-c)
			acc := unsafe.Slice(at(y, p*channels+c), n)
			for i := range acc {
				acc[i] = float32(math.Inf(-1))
			}
			for tap := range kh * kw {
				row := unsafe.Slice(at(x, p*pixelStride+tap/kw*rowStride+tap%kw*channels+c), n)
				for i, v := range row {
					if v > acc[i] || v != v {
						acc[i] = v
					}
				}
			}
		}
	}
}

// windowSum is the sum instead; the rows of a window are summed first.
func windowSum(y, x *float32, pixels, channels, kh, kw, rowStride, pixelStride int) {
	for p := range pixels {
		for c := 0; c < channels; c += group {
			n := min(group, channels-c)
			acc := unsafe.Slice(at(y, p*channels+c), n)
			clear(acc)
			for i := range kh {
				var sums [group]float32
				for j := range kw {
					for i, v := range unsafe.Slice(at(x, p*pixelStride+i*rowStride+j*channels+c), n) {
						sums[i] += v
					}
				}
				for i := range acc {
					acc[i] += sums[i]
				}
			}
		}
	}
}

// scatterMax adds dy[p·dyStride+c] to dx[o] for the offset o = p·pixelStride + i·rowStride + j·tapStride + c with the
// largest x[o] over i in [0, kh), j in [0, kw): the first NaN if there is one, else the first of equal ones.
func scatterMax(dx, x, dy *float32, pixels, channels, kh, kw, rowStride, tapStride, pixelStride, dyStride int) {
	for p := range pixels {
		for c := range channels {
			best := p*pixelStride + c
			for i := range kh {
				for j := range kw {
					o := p*pixelStride + i*rowStride + j*tapStride + c
					v, b := *at(x, o), *at(x, best)
					if v > b || v != v && b == b {
						best = o
					}
				}
			}
			*at(dx, best) += *at(dy, p*dyStride+c)
		}
	}
}
