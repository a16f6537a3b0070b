package imageio

import "image"

// upsampler makes RGB of JPEG's and WebP's luma and subsampled chroma. Chroma is interpolated by a triangle filter, ¾ of
// the near sample and ¼ of the far one in each subsampled direction, rounded as libjpeg's "fancy upsampling" does, so that
// photos decode to what PIL, OpenCV and browsers show. (The standard library repeats samples, which shows as blocks of
// colour at edges.)
type upsampler struct {
	m            *image.YCbCr
	cw, ch       int  // chroma samples
	dx, dy       int  // pixels a chroma sample has
	smooth       bool // interpolate; otherwise repeat
	toRGB        func(dst *[4]uint8, y, cb, cr uint8)
	sums         []int // of a near and a far row of chroma
	cbRow, crRow []uint8
}

// newUpsampler prepares for an image whose luma is 0..255 (JFIF), or with video 16..235 (ITU-R 601's, which WebP has).
func newUpsampler(m *image.YCbCr, video bool) *upsampler {
	u := &upsampler{m: m, dx: 1, dy: 1, smooth: true, toRGB: fromJFIF}
	if video {
		u.toRGB = fromVideo
	}
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		u.dx = 2
	case image.YCbCrSubsampleRatio420:
		u.dx, u.dy = 2, 2
	case image.YCbCrSubsampleRatio440:
		u.dy = 2
	case image.YCbCrSubsampleRatio411:
		u.dx, u.smooth = 4, false
	case image.YCbCrSubsampleRatio410:
		u.dx, u.dy, u.smooth = 4, 2, false
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	u.cw, u.ch = (w+u.dx-1)/u.dx, (h+u.dy-1)/u.dy
	if u.dx == 2 && u.cw <= 2 && !video {
		u.smooth = false // as libjpeg does
	}
	u.sums = make([]int, u.cw)
	u.cbRow, u.crRow = make([]uint8, w+1), make([]uint8, w+1)
	return u
}

// row writes row y as RGBA.
func (u *upsampler) row(dst []uint8, y int) {
	m := u.m
	luma := m.Y[m.YOffset(m.Rect.Min.X, m.Rect.Min.Y+y):]
	offset := m.COffset(m.Rect.Min.X, m.Rect.Min.Y)
	cb := u.chroma(u.cbRow, m.Cb[offset:], y)
	cr := u.chroma(u.crRow, m.Cr[offset:], y)
	for x := range len(dst) / 4 {
		u.toRGB((*[4]uint8)(dst[4*x:]), luma[x], cb[x], cr[x])
	}
}

// chroma is row y of a chroma plane at full width.
func (u *upsampler) chroma(dst, plane []uint8, y int) []uint8 {
	near := plane[y/u.dy*u.m.CStride:][:u.cw]
	if !u.smooth {
		for x := range u.m.Rect.Dx() {
			dst[x] = near[x/u.dx]
		}
		return dst
	}
	if u.dx == 1 && u.dy == 1 {
		return near
	}
	far := near
	if u.dy == 2 {
		below := min(max(y/2+y%2*2-1, 0), u.ch-1)
		far = plane[below*u.m.CStride:][:u.cw]
	}
	switch {
	case u.dx == 1:
		bias := 1 + y%2
		for i, v := range near {
			dst[i] = uint8((3*int(v) + int(far[i]) + bias) >> 2)
		}
	case u.dy == 1:
		for i, v := range near {
			u.sums[i] = int(v)
		}
		widen(dst, u.sums, 1, 2)
	default:
		for i, v := range near {
			u.sums[i] = 3*int(v) + int(far[i])
		}
		widen(dst, u.sums, 8, 4)
	}
	return dst
}

// widen doubles a row. The rounding alternates, so that on average nothing gets brighter.
func widen(dst []uint8, sums []int, bias, shift int) {
	odd := bias - 1
	if bias == 1 {
		odd = 2
	}
	last := len(sums) - 1
	for i, v := range sums {
		left, right := sums[max(i-1, 0)], sums[min(i+1, last)]
		dst[2*i] = uint8((3*v + left + bias) >> shift)
		if 2*i+1 < len(dst) {
			dst[2*i+1] = uint8((3*v + right + odd) >> shift)
		}
	}
}

// fromJFIF converts luma 0..255, in 16 fractional bits, rounded.
func fromJFIF(dst *[4]uint8, y, cb, cr uint8) {
	const (
		crR = 91881  // 1.402
		cbG = 22554  // 0.344136
		crG = 46802  // 0.714136
		cbB = 116130 // 1.772
	)
	fromYCbCr(dst, int32(y)<<16, crR*signed(cr), -cbG*signed(cb)-crG*signed(cr), cbB*signed(cb))
}

// fromVideo converts luma 16..235 and chroma 16..240.
func fromVideo(dst *[4]uint8, y, cb, cr uint8) {
	const (
		luma = 76309  // 255/219
		crR  = 104597 // 1.402·255/224
		cbG  = 25675  // 0.344136·255/224
		crG  = 53279  // 0.714136·255/224
		cbB  = 132201 // 1.772·255/224
	)
	fromYCbCr(dst, luma*(int32(y)-16), crR*signed(cr), -cbG*signed(cb)-crG*signed(cr), cbB*signed(cb))
}

func signed(chroma uint8) int32 { return int32(chroma) - 128 }

func fromYCbCr(dst *[4]uint8, luma, red, green, blue int32) {
	const half = 1 << 15
	dst[0], dst[1], dst[2], dst[3] = clip16(luma+red+half), clip16(luma+green+half), clip16(luma+blue+half), 255
}

func clip16(v int32) uint8 { return uint8(min(max(v>>16, 0), 255)) }
