package nn

import (
	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Pool slides a window over pictures, as PyTorch's pooling layers: output sizes are
// floor((size + padding - kernel)/stride) + 1. The zero value is a 2 by 2 window that moves by 2.
type Pool struct {
	Kernel  Size    // zero means 2
	Stride  Size    // zero means the kernel
	Padding Padding // less than the kernel on every side, Same included; zero means none
	// Ceil rounds output sizes up: a last window may hang over the padding, but starts before the bottom or right padding.
	Ceil bool
	// ExcludePadding makes the mean divide by the number of the picture's pixels in the window, as PyTorch's
	// count_include_pad=False. Otherwise padding counts as zeros; what hangs over with Ceil never counts.
	ExcludePadding bool
}

// Max is the largest value of each window; padding never wins. NaN wins over everything. The gradient goes to the first
// maximum of a window in row-major order, as PyTorch's.
func (p Pool) Max(x *Node) *Node {
	w := p.windowOf("max pooling", x)
	return w.reduce(x, compute.ReduceOpMax)
}

// Mean is the mean of each window.
func (p Pool) Mean(x *Node) *Node {
	w := p.windowOf("mean pooling", x)
	return w.mean(x, p.ExcludePadding)
}

// L2 is the root of the sum of squares of each window, as PyTorch's LPPool2d with norm 2. The gradient of a window of
// zeros is 0, where PyTorch's is NaN.
func (p Pool) L2(x *Node) *Node {
	w := p.windowOf("L2 pooling", x)
	sum := w.reduce(Square(x), compute.ReduceOpSum)
	g, dtype := x.Graph(), x.DType()
	// The root's derivative at 0 is infinite: keep it out of the gradient by taking the root of 1 there.
	some := GreaterThan(sum, ScalarZero(g, dtype))
	return Where(some, Sqrt(Where(some, sum, ScalarOne(g, dtype))), StopGradient(sum))
}

// window is a Pool with its numbers known for one picture.
type window struct {
	in, out, kernel, stride Size
	pads, hang              [2][2]int // hang: padding with what hangs over at the end
}

func (p Pool) windowOf(layer string, x *Node) window {
	wantPicture(layer, x)
	w := window{in: sizeOf(x), kernel: p.Kernel.or(Side(2))}
	w.stride = p.Stride.or(w.kernel)
	if !w.kernel.atLeast(1) || !w.stride.atLeast(1) {
		exceptions.Panicf("nn: %s of %s: kernel %s, stride %s: want positive numbers", layer, x.Shape(), w.kernel, w.stride)
	}
	w.pads = p.Padding.resolve(w.in, w.kernel, w.stride).pairs()
	w.hang = w.pads
	out := make([]int, 2)
	for i, n := range w.in.both() {
		k, s, pad := w.kernel.both()[i], w.stride.both()[i], w.pads[i]
		if pad[0] < 0 || pad[1] < 0 || pad[0] >= k || pad[1] >= k {
			exceptions.Panicf("nn: %s of %s: padding %s of kernel %s: want at least 0 and less than the kernel",
				layer, x.Shape(), p.Padding, w.kernel)
		}
		room := n + pad[0] + pad[1] - k
		if n < 1 || room < 0 {
			exceptions.Panicf("nn: %s of %s: kernel %s is larger than the picture padded by %s",
				layer, x.Shape(), w.kernel, p.Padding)
		}
		out[i] = room/s + 1
		if p.Ceil && room%s != 0 && out[i]*s < n+pad[0] { // the window one further starts inside
			out[i]++
			w.hang[i][1] = (out[i]-1)*s + k - n - pad[0]
		}
	}
	w.out = Size{out[0], out[1]}
	return w
}

// reduce is the windows' sum or maximum.
func (w window) reduce(x *Node, op compute.ReduceOpType) *Node {
	if x.Shape().Size() == 0 {
		return emptyLike(x, w.out)
	}
	var pads [][2]int
	if w.hang != ([2][2]int{}) {
		pads = [][2]int{{}, w.hang[0], w.hang[1], {}}
	}
	return BackendReduceWindow(x, op, []int{1, w.kernel.H, w.kernel.W, 1}, []int{1, w.stride.H, w.stride.W, 1}, nil, nil, pads)
}

// mean divides the windows' sums by their number of elements, one number or a constant picture of numbers.
func (w window) mean(x *Node, excludePadding bool) *Node {
	sum := w.reduce(x, compute.ReduceOpSum)
	full := w.kernel.H * w.kernel.W
	counts, uniform := w.counts(excludePadding)
	if uniform {
		return MulScalar(sum, 1/float64(full))
	}
	inverse := make([]float64, len(counts))
	for i, n := range counts {
		inverse[i] = 1 / float64(n)
	}
	factors := ConstAsDType(x.Graph(), x.DType(), tensors.FromFlatDataAndDimensions(inverse, 1, w.out.H, w.out.W, 1).Value())
	return Mul(sum, factors)
}

// counts is how many elements the mean of each window is over; uniform if the whole kernel everywhere.
func (w window) counts(excludePadding bool) (counts []int, uniform bool) {
	var sides [2][]int
	for i, n := range w.in.both() {
		for o := range w.out.both()[i] {
			from := o*w.stride.both()[i] - w.pads[i][0]
			to := from + w.kernel.both()[i]
			if excludePadding {
				from, to = max(from, 0), min(to, n)
			} else {
				to = min(to, n+w.pads[i][1])
			}
			sides[i] = append(sides[i], to-from)
		}
	}
	uniform = true
	for _, h := range sides[0] {
		for _, v := range sides[1] {
			counts = append(counts, h*v)
			uniform = uniform && h*v == w.kernel.H*w.kernel.W
		}
	}
	return counts, uniform
}
