package bench

// conv2D is a two-dimensional convolution with square kernels: x [N In In Cin], kernel [K K Cin Cout], padding K/2
// on every side, y [N Out Out Cout] with Out = ⌈In/Stride⌉.
type conv2D struct {
	N, In, Cin, Cout, K, Stride int
}

func (c conv2D) out() int { return (c.In + c.Stride - 1) / c.Stride }

// macs counts the multiplications and additions of the convolution done directly, zeros of the padding included.
// Its input gradient and its kernel gradient take as many each.
func (c conv2D) macs() float64 {
	out := float64(c.out())
	return float64(c.N) * out * out * float64(c.K*c.K) * float64(c.Cin) * float64(c.Cout)
}

// flops is twice the multiply-adds.
func flops(macs float64) float64 { return 2 * macs }

// gemmMACs is the count of an n×n by n×n matrix product.
func gemmMACs(n int) float64 { return float64(n) * float64(n) * float64(n) }

// styleMACs counts one step of style transfer at size×size pixels: each convolution forward and its input gradient.
// Pooling, activations and Gram matrices are not counted.
func styleMACs(size int) float64 {
	total := 0.0
	for _, l := range vgg19[:styleLayers] {
		total += 2 * l.conv(size).macs()
	}
	return total
}

// resnetForwardMACs counts the forward pass of ResNet-18 with the CIFAR stem over a batch of 32×32 pictures.
func resnetForwardMACs(batch int) float64 {
	total := float64(batch) * resnetFeatures * resnetClasses
	for _, c := range resnetConvs(batch) {
		total += c.macs()
	}
	return total
}

// resnetStepMACs counts a training step: forward, gradients of the inputs and of the weights. The gradient of the
// pictures themselves is not needed, so the stem has no input gradient.
func resnetStepMACs(batch int) float64 {
	return 3*resnetForwardMACs(batch) - resnetConvs(batch)[0].macs()
}
