package imageio

import "image"

// upsampler makes RGB of JPEG's and WebP's luma and subsampled chroma. Chroma is interpolated by a triangle filter, ¾ of
// the near sample and ¼ of the far one in each subsampled direction, rounded as libjpeg's "fancy upsampling" does, so that
// photos decode to what PIL, OpenCV and browsers show. (The standard library repeats samples, which shows as blocks of
// colour at edges.)
type upsampler struct {
	m            *image.YCbCr
	cw, ch       int                             // chroma samples
	dx, dy       int                             // pixels a chroma sample has
	smooth       bool                            // interpolate; otherwise repeat
	toRGB        func(dst, luma, cb, cr []uint8) // of a row
	sums         []int                           // of a near and a far row of chroma
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
	u.toRGB(dst, luma, cb, cr)
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
	left := sums[0]
	for i, v := range sums {
		right := v
		if i+1 < len(sums) {
			right = sums[i+1]
		}
		d := dst[2*i:]
		d[0] = uint8((3*v + left + bias) >> shift)
		if len(d) > 1 {
			d[1] = uint8((3*v + right + odd) >> shift)
		}
		left = v
	}
}

// fromJFIF converts luma 0..255, in 16 fractional bits, rounded.
func fromJFIF(dst, luma, cb, cr []uint8) {
	const (
		crR = 91881  // 1.402
		cbG = 22554  // 0.344136
		crG = 46802  // 0.714136
		cbB = 116130 // 1.772
	)
	n := len(dst) / 4
	luma, cb, cr = luma[:n], cb[:n], cr[:n]
	for x := range n {
		l, b, r := int32(luma[x])<<16+half16, int32(cb[x])-128, int32(cr[x])-128
		d := dst[4*x : 4*x+4 : 4*x+4]
		d[0], d[1], d[2], d[3] = clip16(l+crR*r), clip16(l-cbG*b-crG*r), clip16(l+cbB*b), 255
	}
}

// fromVideo converts luma 16..235 and chroma 16..240.
func fromVideo(dst, luma, cb, cr []uint8) {
	const (
		lumaAll = 76309  // 255/219
		crR     = 104597 // 1.402·255/224
		cbG     = 25675  // 0.344136·255/224
		crG     = 53279  // 0.714136·255/224
		cbB     = 132201 // 1.772·255/224
	)
	n := len(dst) / 4
	luma, cb, cr = luma[:n], cb[:n], cr[:n]
	for x := range n {
		l, b, r := lumaAll*(int32(luma[x])-16)+half16, int32(cb[x])-128, int32(cr[x])-128
		d := dst[4*x : 4*x+4 : 4*x+4]
		d[0], d[1], d[2], d[3] = clip16(l+crR*r), clip16(l-cbG*b-crG*r), clip16(l+cbB*b), 255
	}
}

const half16 = 1 << 15

// clip16 is the integer part, limited to a byte.
func clip16(v int32) uint8 {
	if uint32(v) < 1<<24 {
		return uint8(v >> 16)
	}
	if v < 0 {
		return 0
	}
	return 255
}
