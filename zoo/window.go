package zoo

// window is how an operation moves over pictures, in each direction: positions see size pixels each, stride apart. The
// zero value is an operation on single pixels.
type window struct {
	kernel, stride, padding int
	ceil                    bool // positions may hang over the edge, as PyTorch's ceil_mode
}

// size is the number of positions for n pixels, less than 1 if the window does not fit.
func (w window) size(n int) int {
	if w.kernel == 0 {
		return n
	}
	room := n + 2*w.padding - w.kernel
	if n < 1 || room < 0 {
		return 0
	}
	out := room/w.stride + 1
	if w.ceil && room%w.stride != 0 && out*w.stride < n+w.padding {
		out++
	}
	return out
}

// field is what a position i sees: pixels i·stride-before to i·stride+after.
type field struct{ stride, before, after int }

// behind is the field of a position behind a window over positions with field f.
func (f field) behind(w window) field {
	if w.kernel == 0 {
		return f
	}
	return field{
		stride: f.stride * w.stride,
		before: f.before + w.padding*f.stride,
		after:  f.after + (w.kernel-1-w.padding)*f.stride,
	}
}

// across is the size of the smallest field with as many pixels on either side.
func (f field) across() int { return 2*max(f.before, f.after) + 1 }
