package nn_test

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/atelier-go/atelier/autodiff/gradtest"
	"github.com/atelier-go/atelier/nn"
)

// layerCase is a layer with inputs: its gradients are checked by differences, and it is compared with PyTorch where
// torch names an operation of testdata/reference.py.
type layerCase struct {
	name  string
	f     gradtest.Func
	in    []*tensors.Tensor
	torch string
	args  map[string]any
}

func pictures(seed uint64, n, h, w, c int) *tensors.Tensor { return gradtest.Normal(seed, n, h, w, c) }

func pair(s nn.Size) []int { return []int{s.H, s.W} }

func one(s nn.Size) nn.Size { return nn.Size{H: max(1, s.H), W: max(1, s.W)} }

func sides(p nn.Padding) []int { return []int{p.Left, p.Right, p.Top, p.Bottom} }

// layerCases is every case of this package's table.
func layerCases() []layerCase {
	var all []layerCase
	for _, list := range [][]layerCase{convCases(), transposeCases(), padCases(), poolCases(), adaptiveCases(),
		upsampleCases(), normCases(), otherCases()} {
		all = append(all, list...)
	}
	return all
}

func convCases() []layerCase {
	var cases []layerCase
	add := func(c nn.Conv2D, n, h, w, in, kh, kw, out int) {
		k := gradtest.Normal(2, kh, kw, in/max(1, c.Groups), out)
		inputs := []*tensors.Tensor{pictures(1, n, h, w, in), k, gradtest.Normal(3, out)}
		name := fmt.Sprintf("Conv2D %dx%dx%dx%d k=%dx%dx%d s=%s p=%s %s d=%s g=%d", n, h, w, in, kh, kw, out,
			c.Stride, c.Padding, c.Mode, c.Dilation, c.Groups)
		f := func(in []*Node) *Node { return c.Apply(in[0], in[1], in[2]) }
		args := map[string]any{"stride": pair(one(c.Stride)), "dilation": pair(one(c.Dilation)), "groups": max(1, c.Groups),
			"pad": sides(c.Padding), "mode": c.Mode.String()}
		if c.Padding == nn.Same {
			args["pad"] = "same"
		}
		cases = append(cases, layerCase{name, f, inputs, "conv2d", args})
	}
	add(nn.Conv2D{}, 2, 5, 4, 3, 3, 3, 2)
	add(nn.Conv2D{Padding: nn.Same}, 1, 5, 4, 2, 3, 3, 2)
	add(nn.Conv2D{Padding: nn.Same}, 1, 4, 5, 2, 2, 4, 2)
	add(nn.Conv2D{Padding: nn.Same, Dilation: nn.Size{H: 2, W: 1}}, 1, 5, 5, 1, 2, 3, 2)
	add(nn.Conv2D{Stride: nn.Side(2), Padding: nn.Border(1)}, 2, 6, 5, 2, 4, 4, 3)
	add(nn.Conv2D{Stride: nn.Size{H: 3, W: 2}, Padding: nn.Padding{Top: 1, Left: 2, Right: 1}}, 1, 7, 6, 2, 2, 3, 2)
	add(nn.Conv2D{Padding: nn.Border(4)}, 1, 3, 3, 2, 3, 3, 2)
	add(nn.Conv2D{Padding: nn.Padding{Top: -1, Right: -2, Left: 1}}, 1, 6, 6, 1, 3, 2, 2)
	add(nn.Conv2D{Padding: nn.Border(2), Dilation: nn.Side(2)}, 1, 5, 6, 2, 3, 3, 2)
	add(nn.Conv2D{Padding: nn.Border(1), Groups: 2}, 2, 4, 4, 4, 3, 3, 6)
	add(nn.Conv2D{Padding: nn.Border(1), Groups: 3, Stride: nn.Side(2)}, 1, 5, 5, 3, 3, 3, 3)
	add(nn.Conv2D{Groups: 2, Dilation: nn.Side(2), Padding: nn.Border(1)}, 1, 5, 4, 2, 2, 2, 6)
	add(nn.Conv2D{Padding: nn.Border(2)}, 1, 1, 2, 2, 5, 5, 1)
	add(nn.Conv2D{}, 1, 1, 1, 1, 1, 1, 1)
	add(nn.Conv2D{Padding: nn.Border(1), Mode: nn.PadReflect}, 1, 4, 5, 2, 3, 3, 2)
	add(nn.Conv2D{Padding: nn.Padding{Top: 3, Bottom: 2, Right: 1}, Mode: nn.PadReflect, Stride: nn.Side(2)}, 1, 4, 4, 2, 4, 4, 2)
	add(nn.Conv2D{Padding: nn.Border(3), Mode: nn.PadReplicate, Dilation: nn.Side(2)}, 1, 2, 3, 2, 3, 3, 2)
	add(nn.Conv2D{Padding: nn.Border(2), Mode: nn.PadReplicate, Groups: 2}, 1, 1, 3, 2, 3, 3, 2)
	return cases
}

func transposeCases() []layerCase {
	var cases []layerCase
	add := func(c nn.ConvTranspose2D, n, h, w, in, kh, kw, out int) {
		inputs := []*tensors.Tensor{pictures(1, n, h, w, in), gradtest.Normal(2, kh, kw, out/max(1, c.Groups), in),
			gradtest.Normal(3, out)}
		name := fmt.Sprintf("ConvTranspose2D %dx%dx%dx%d k=%dx%dx%d s=%s p=%s op=%s d=%s g=%d", n, h, w, in, kh, kw, out,
			c.Stride, c.Padding, c.OutputPadding, c.Dilation, c.Groups)
		f := func(in []*Node) *Node { return c.Apply(in[0], in[1], in[2]) }
		cases = append(cases, layerCase{name, f, inputs, "conv_transpose2d", map[string]any{
			"stride": pair(one(c.Stride)), "dilation": pair(one(c.Dilation)), "groups": max(1, c.Groups),
			"padding": []int{c.Padding.Top, c.Padding.Left}, "output_padding": pair(c.OutputPadding)}})
	}
	add(nn.ConvTranspose2D{}, 2, 3, 4, 2, 3, 3, 3)
	add(nn.ConvTranspose2D{Stride: nn.Side(2), Padding: nn.Border(1)}, 1, 3, 4, 2, 4, 4, 3)
	add(nn.ConvTranspose2D{Stride: nn.Side(2), Padding: nn.Border(1), OutputPadding: nn.Side(1)}, 1, 3, 3, 2, 3, 3, 2)
	add(nn.ConvTranspose2D{Stride: nn.Size{H: 3, W: 2}, OutputPadding: nn.Size{H: 2}}, 1, 3, 2, 2, 2, 3, 2)
	add(nn.ConvTranspose2D{Dilation: nn.Side(3), Padding: nn.Border(1), OutputPadding: nn.Side(2)}, 1, 3, 3, 1, 2, 2, 2)
	add(nn.ConvTranspose2D{Stride: nn.Side(3)}, 1, 2, 2, 2, 2, 2, 2)
	add(nn.ConvTranspose2D{Stride: nn.Side(2), Padding: nn.Border(1), Groups: 2}, 1, 3, 3, 4, 4, 4, 6)
	add(nn.ConvTranspose2D{Stride: nn.Side(2), Groups: 3}, 1, 2, 3, 3, 2, 2, 3)
	add(nn.ConvTranspose2D{Padding: nn.Border(2)}, 1, 3, 3, 1, 3, 3, 1)
	add(nn.ConvTranspose2D{Stride: nn.Side(2)}, 1, 1, 1, 2, 1, 1, 2)
	return cases
}

func padCases() []layerCase {
	var cases []layerCase
	add := func(p nn.Padding, mode nn.PadMode, h, w int) {
		cases = append(cases, layerCase{fmt.Sprintf("Pad2D %dx%d %s %s", h, w, p, mode),
			func(in []*Node) *Node { return nn.Pad2D(in[0], p, mode) }, []*tensors.Tensor{pictures(1, 2, h, w, 2)},
			"pad", map[string]any{"pad": sides(p), "mode": mode.String()}})
	}
	add(nn.Border(2), nn.PadZeros, 3, 4)
	add(nn.Padding{Top: -1, Bottom: 2, Left: 1, Right: -2}, nn.PadZeros, 3, 4)
	add(nn.Border(2), nn.PadReflect, 3, 4)
	add(nn.Padding{Top: 1, Right: 3}, nn.PadReflect, 2, 4)
	add(nn.Border(2), nn.PadReplicate, 1, 3)
	add(nn.Padding{Bottom: 4, Left: 1}, nn.PadReplicate, 2, 2)
	return cases
}

func poolCases() []layerCase {
	var cases []layerCase
	add := func(p nn.Pool, n, h, w int) {
		kernel, stride := p.Kernel, p.Stride
		if kernel == (nn.Size{}) {
			kernel = nn.Side(2)
		}
		if stride == (nn.Size{}) {
			stride = kernel
		}
		x := []*tensors.Tensor{pictures(1, n, h, w, 2)}
		name := fmt.Sprintf("%dx%dx%d k=%s s=%s p=%s ceil=%v exclude=%v", n, h, w, kernel, stride, p.Padding, p.Ceil, p.ExcludePadding)
		args := map[string]any{"kernel": pair(kernel), "stride": pair(stride), "padding": []int{p.Padding.Top, p.Padding.Left},
			"ceil": p.Ceil, "include": !p.ExcludePadding}
		symmetric := p.Padding.Top == p.Padding.Bottom && p.Padding.Left == p.Padding.Right && p.Padding != nn.Same &&
			2*p.Padding.Top <= kernel.H && 2*p.Padding.Left <= kernel.W
		torch := func(op string) string {
			if !symmetric {
				return ""
			}
			return op
		}
		cases = append(cases,
			layerCase{"Pool Max " + name, func(in []*Node) *Node { return p.Max(in[0]) }, x, torch("max_pool2d"), args},
			layerCase{"Pool Mean " + name, func(in []*Node) *Node { return p.Mean(in[0]) }, x, torch("avg_pool2d"), args})
		if p.Padding == (nn.Padding{}) && !p.Ceil { // PyTorch scales windows that hang over
			cases = append(cases, layerCase{"Pool L2 " + name, func(in []*Node) *Node { return p.L2(in[0]) }, x, "lp_pool2d", args})
		} else {
			cases = append(cases, layerCase{"Pool L2 " + name, func(in []*Node) *Node { return p.L2(in[0]) }, x, "", nil})
		}
	}
	add(nn.Pool{}, 2, 4, 6)
	add(nn.Pool{}, 1, 5, 5)
	add(nn.Pool{Ceil: true}, 1, 5, 4)
	add(nn.Pool{Kernel: nn.Side(3), Stride: nn.Side(2), Padding: nn.Border(1)}, 1, 6, 5)
	add(nn.Pool{Kernel: nn.Side(3), Stride: nn.Side(2), Padding: nn.Border(1), Ceil: true}, 1, 6, 5)
	add(nn.Pool{Kernel: nn.Side(3), Stride: nn.Side(2), Padding: nn.Border(1), Ceil: true, ExcludePadding: true}, 1, 6, 5)
	add(nn.Pool{Kernel: nn.Size{H: 3, W: 2}, Stride: nn.Side(1), ExcludePadding: true, Padding: nn.Border(1)}, 2, 3, 4)
	add(nn.Pool{Kernel: nn.Side(3), Stride: nn.Side(1), Padding: nn.Same}, 1, 4, 4)
	add(nn.Pool{Kernel: nn.Side(2), Stride: nn.Side(3)}, 1, 6, 6)
	add(nn.Pool{Kernel: nn.Side(2), Stride: nn.Side(3), Ceil: true}, 1, 6, 6)
	add(nn.Pool{Kernel: nn.Side(3), Padding: nn.Padding{Top: 2, Right: 1}}, 1, 4, 5)
	add(nn.Pool{Kernel: nn.Side(4), Padding: nn.Border(2), Stride: nn.Side(1)}, 1, 2, 1)
	add(nn.Pool{Kernel: nn.Side(1)}, 1, 1, 1)
	return cases
}

func adaptiveCases() []layerCase {
	var cases []layerCase
	add := func(out nn.Size, h, w int) {
		p := nn.AdaptivePool{Output: out}
		args := map[string]any{"size": pair(one(out))}
		x := []*tensors.Tensor{pictures(1, 2, h, w, 2)}
		name := fmt.Sprintf(" %dx%d to %s", h, w, out)
		cases = append(cases,
			layerCase{"AdaptivePool Max" + name, func(in []*Node) *Node { return p.Max(in[0]) }, x, "adaptive_max_pool2d", args},
			layerCase{"AdaptivePool Mean" + name, func(in []*Node) *Node { return p.Mean(in[0]) }, x, "adaptive_avg_pool2d", args},
			layerCase{"AdaptivePool Concat" + name, func(in []*Node) *Node { return p.Concat(in[0]) }, x, "adaptive_concat_pool2d", args})
	}
	add(nn.Size{}, 4, 3)
	add(nn.Side(2), 4, 6)
	add(nn.Size{H: 3, W: 2}, 5, 7)
	add(nn.Size{H: 5, W: 1}, 3, 4)
	add(nn.Side(1), 1, 1)
	return cases
}

func upsampleCases() []layerCase {
	var cases []layerCase
	nearest := func(f nn.Size, n, h, w int) {
		cases = append(cases, layerCase{fmt.Sprintf("UpsampleNearest %dx%dx%d by %s", n, h, w, f),
			func(in []*Node) *Node { return nn.UpsampleNearest(in[0], f) }, []*tensors.Tensor{pictures(1, n, h, w, 2)},
			"nearest", map[string]any{"factor": pair(one(f))}})
	}
	nearest(nn.Side(2), 2, 3, 2)
	nearest(nn.Size{H: 3}, 1, 2, 2)
	nearest(nn.Side(1), 1, 1, 1)
	bilinear := func(out nn.Size, h, w int) {
		for _, align := range []bool{false, true} {
			b := nn.Bilinear{Output: out, AlignCorners: align}
			cases = append(cases, layerCase{fmt.Sprintf("Bilinear %dx%d to %s align=%v", h, w, out, align),
				func(in []*Node) *Node { return b.Apply(in[0]) }, []*tensors.Tensor{pictures(1, 2, h, w, 2)},
				"bilinear", map[string]any{"size": pair(out), "align": align}})
		}
	}
	bilinear(nn.Size{H: 6, W: 8}, 3, 4)
	bilinear(nn.Size{H: 9, W: 5}, 3, 2)
	bilinear(nn.Size{H: 6, W: 6}, 4, 9)
	bilinear(nn.Size{H: 3, W: 2}, 6, 5)
	bilinear(nn.Size{H: 1, W: 1}, 4, 5)
	bilinear(nn.Size{H: 4, W: 19}, 1, 17)
	bilinear(nn.Size{H: 23, W: 3}, 5, 3)
	return cases
}

func normCases() []layerCase {
	bn := func(in []*Node) *Node { y, _, _ := nn.BatchNorm{}.Train(in[0], in[1], in[2]); return y }
	infer := func(in []*Node) *Node { return nn.BatchNorm{Eps: 1e-3}.Infer(in[0], in[1], in[2], in[3], Exp(in[4])) }
	v := func(seed uint64) *tensors.Tensor { return gradtest.Normal(seed, 3) }
	return []layerCase{
		{"BatchNorm", bn, []*tensors.Tensor{pictures(1, 2, 3, 4, 3), v(2), v(3)}, "batch_norm", map[string]any{"eps": 1e-5}},
		{"BatchNorm of one picture", bn, []*tensors.Tensor{pictures(1, 1, 1, 2, 3), v(2), v(3)}, "batch_norm", map[string]any{"eps": 1e-5}},
		{"BatchNorm of vectors", bn, []*tensors.Tensor{gradtest.Normal(1, 5, 3), v(2), v(3)}, "batch_norm", map[string]any{"eps": 1e-5}},
		{"BatchNorm inference", infer, []*tensors.Tensor{pictures(1, 2, 3, 2, 3), v(2), v(3), v(4), v(5)}, "batch_norm_infer", map[string]any{"eps": 1e-3}},
		{"InstanceNorm", func(in []*Node) *Node { return nn.InstanceNorm{}.Apply(in[0]) },
			[]*tensors.Tensor{pictures(1, 2, 3, 4, 3)}, "instance_norm", map[string]any{"eps": 1e-5}},
		{"InstanceNorm Eps", func(in []*Node) *Node { return nn.InstanceNorm{Eps: 0.1}.Apply(in[0]) },
			[]*tensors.Tensor{pictures(1, 1, 1, 2, 1)}, "instance_norm", map[string]any{"eps": 0.1}},
		{"PixelNorm", func(in []*Node) *Node { return nn.PixelNorm{}.Apply(in[0]) },
			[]*tensors.Tensor{pictures(1, 2, 2, 2, 3)}, "pixel_norm", map[string]any{"eps": 1e-8}},
		{"PixelNorm of vectors", func(in []*Node) *Node { return nn.PixelNorm{Eps: 0.5}.Apply(in[0]) },
			[]*tensors.Tensor{gradtest.Normal(1, 4, 5)}, "pixel_norm", map[string]any{"eps": 0.5}},
	}
}

func otherCases() []layerCase {
	x := []*tensors.Tensor{pictures(1, 2, 3, 4, 3)}
	labels := func(in []*Node) *Node { return Const(in[0].Graph(), []int32{2, 0, 3, 1, 3}) }
	logits := []*tensors.Tensor{gradtest.Normal(1, 5, 4)}
	cases := []layerCase{
		{"ReLU", func(in []*Node) *Node { return nn.ReLU(in[0]) }, x, "relu", nil},
		{"GELU", func(in []*Node) *Node { return nn.GELU(in[0]) }, x, "gelu", nil},
		{"LeakyReLU", func(in []*Node) *Node { return nn.LeakyReLU(in[0], 0.2) }, x, "leaky_relu", map[string]any{"slope": 0.2}},
		{"Gram sum", func(in []*Node) *Node { return nn.Gram(in[0], nn.GramSum) }, x, "gram", map[string]any{"div": 1}},
		{"Linear", func(in []*Node) *Node { return nn.Linear{}.Apply(in[0], in[1], in[2]) },
			[]*tensors.Tensor{gradtest.Normal(1, 3, 5), gradtest.Normal(2, 5, 2), gradtest.Normal(3, 2)}, "linear", nil},
		{"Gram mean", func(in []*Node) *Node { return nn.Gram(in[0], nn.GramMean) }, x, "gram", map[string]any{"div": 12}},
		{"Gram elements", func(in []*Node) *Node { return nn.Gram(in[0], nn.GramElements) }, x, "gram", map[string]any{"div": 36}},
	}
	for _, s := range []float64{0, 0.1, 1} {
		l := nn.SoftmaxCrossEntropy{LabelSmoothing: s}
		args := map[string]any{"labels": []int{2, 0, 3, 1, 3}, "smoothing": s}
		cases = append(cases,
			layerCase{fmt.Sprintf("SoftmaxCrossEntropy Mean smoothing=%v", s),
				func(in []*Node) *Node { return l.Mean(in[0], labels(in)) }, logits, "cross_entropy", args},
			layerCase{fmt.Sprintf("SoftmaxCrossEntropy Each smoothing=%v", s),
				func(in []*Node) *Node { return l.Each(in[0], labels(in)) }, logits, "cross_entropy_each", args})
	}
	return cases
}
