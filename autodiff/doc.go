// Package autodiff corrects and completes the gradients of GoMLX.
//
// GoMLX v0.28.2 differentiates a graph with the rules of graph.VJPRegistration. Some of them are wrong (a convolution's
// gradient with respect to its input, for every even kernel size), some panic (paddings larger than the kernel, the
// gradient of a gradient of anything convolutional), some are missing (Pad, Reverse, Rsqrt, Expm1, Clamp,
// SelectAndScatter, BatchNormGradient). [Install] replaces those rules by others that are made of differentiable
// operations only, so that gradients can be taken any number of times:
//
//	func init() { autodiff.Install() }
//
//	grads := graph.Gradient(loss, weights...)
//
// Package nn installs the rules by itself. They hold for every graph of the process, whichever backend runs it.
//
// # Conventions
//
// Where a function has no derivative a rule has to choose one. The choices, and who makes the same:
//
//	Max(x, 0), Min(x, 0)     at x = 0 the gradient is 0, as PyTorch's relu; 0 is a constant, broadcast or not
//	Max(a, b), Min(a, b)     where a = b each side gets half of the gradient, as torch.maximum and JAX
//	ReduceMax, ReduceMin     elements that tie share the gradient evenly, as torch.amax and JAX
//	ReduceWindow Max, Min    the first element of the window in row-major order gets it all, as torch.max_pool2d
//	Clamp(lo, x, hi)         x gets the gradient for lo ≤ x ≤ hi, both ends included, as torch.clamp
//	Abs(x)                   at 0 the gradient is 0, as PyTorch and JAX
//	Pow(a, b)                for b = 0 that of a is 0, for a = 0 that of b is 0, as JAX
//	comparisons, Sign, Floor, Ceil, Round, conversion to and from integers: no gradient
//
// With relu'(0) = 0 a loss that GoMLX composes as Max(x, 0) - x·y + Log1p(Exp(-|x|)) (its binary cross-entropy from
// logits) has, at logits that are exactly 0, the gradient -y instead of 1/2 - y.
//
// A comparison with NaN is false: the gradient of Max(x, 0) at NaN is 0, and that of Max(a, b) is 0 on both sides. The
// value itself stays NaN.
//
// # Errors
//
// The rules run while a graph is built and panic as GoMLX does; graph.Exec turns that into an error. Functions that
// have no rule here or in GoMLX (ReduceWindow with a product, for example) panic with a message that names them.
//
// # References
//
// The convolution rules are the transposition rules of JAX (jax/_src/lax/convolution.py); see also Dumoulin and Visin,
// "A guide to convolution arithmetic for deep learning", 2016. Package gradtest checks gradients of any order against
// central differences.
package autodiff
