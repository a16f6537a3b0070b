package conv

// The functions here are the reference of the assembly, and what other architectures run. Products are rounded
// before they are added: the conversions keep compilers from fusing the two.

// tapsPortable is lanes.taps for channels from c0 on.
func tapsPortable(dst, src, k []float32, from, at []int64, c0 int) {
	n := len(dst)
	if c0 == n {
		return
	}
	clear(dst[c0:])
	for t := range from {
		x := src[from[t]:][c0:n]
		w := k[at[t]:][c0:n]
		for c, v := range x {
			dst[c0+c] += float32(v * w[c])
		}
	}
}

// tapsRepeat is tapsPortable where each source channel makes multiple output channels.
func tapsRepeat(dst, src, k []float32, from, at []int64, multiple int) {
	clear(dst)
	for t := range from {
		x := src[from[t]:][:len(dst)/multiple]
		w := k[at[t]:][:len(dst)]
		for g, v := range x {
			for u := g * multiple; u < (g+1)*multiple; u++ {
				dst[u] += float32(v * w[u])
			}
		}
	}
}

// tapsSum is tapsPortable where multiple source channels contribute to each output channel.
func tapsSum(dst, src, k []float32, from, at []int64, multiple int) {
	clear(dst)
	for t := range from {
		x := src[from[t]:][:len(dst)*multiple]
		w := k[at[t]:][:len(dst)*multiple]
		for g := range dst {
			for u := g * multiple; u < (g+1)*multiple; u++ {
				dst[g] += float32(x[u] * w[u])
			}
		}
	}
}

// rowsPortable is lanes.rows for channels from c0 on.
func rowsPortable(dst, x, y []float32, stepX, stepY, n, c0 int) {
	if c0 == len(dst) {
		return
	}
	for i := range n {
		a := x[i*stepX:][c0:len(dst)]
		b := y[i*stepY:][c0:len(dst)]
		for c, v := range a {
			dst[c0+c] += float32(v * b[c])
		}
	}
}

// rowsRepeat is rowsPortable where each channel of x meets multiple channels of y.
func rowsRepeat(dst, x, y []float32, stepX, stepY, n, multiple int) {
	for i := range n {
		a := x[i*stepX:][:len(dst)/multiple]
		b := y[i*stepY:][:len(dst)]
		for g, v := range a {
			for u := g * multiple; u < (g+1)*multiple; u++ {
				dst[u] += float32(v * b[u])
			}
		}
	}
}

// shallowPortable is lanes.shallow for any number of pixels, with panels of 4 channels.
func shallowPortable(y []float32, ldy int, x []float32, step int, offsets []int64, k []float32, pixels, panels int) {
	for i := range pixels {
		from := x[i*step:]
		for p := range panels {
			var s0, s1, s2, s3 float32
			w := k[p*len(offsets)*4:][:len(offsets)*4]
			for _, at := range offsets {
				v := from[at]
				s0 += float32(v * w[0])
				s1 += float32(v * w[1])
				s2 += float32(v * w[2])
				s3 += float32(v * w[3])
				w = w[4:]
			}
			to := y[i*ldy+4*p:][:4]
			to[0], to[1], to[2], to[3] = s0, s1, s2, s3
		}
	}
}
