package bench

import (
	"math"
	"testing"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s = %g, want %g ± %g", what, got, want, tolerance)
	}
}

// The counts that the literature and other counters give.
func TestCountsAgreeWithKnownOnes(t *testing.T) {
	near(t, "style step at 512 px in GFLOP", flops(styleMACs(512))/1e9, 234, 0.5)
	near(t, "ResNet-18 CIFAR forward in GMAC per picture", resnetForwardMACs(1)/1e9, 0.556, 0.001)
	near(t, "GEMM 1024 in GFLOP", flops(gemmMACs(1024))/1e9, 2.147, 0.001)
	total := 0.0
	for _, l := range vgg19 {
		total += l.conv(224).macs()
	}
	near(t, "VGG-19 convolutions at 224 px in GMAC", total/1e9, 19.51, 0.01)
}

func TestTrainingStepCountsThreePassesButForTheStem(t *testing.T) {
	stem := 32.0 * 32 * 9 * 3 * 64
	near(t, "a step less three forward passes", 3*resnetForwardMACs(7)-resnetStepMACs(7), 7*stem, 0)
}

func TestConvolutionOutputSize(t *testing.T) {
	for _, c := range []struct{ in, stride, want int }{{32, 1, 32}, {32, 2, 16}, {7, 2, 4}, {1, 2, 1}} {
		if got := (conv2D{In: c.in, Stride: c.stride}).out(); got != c.want {
			t.Errorf("out of %d at stride %d = %d, want %d", c.in, c.stride, got, c.want)
		}
	}
}

func TestVGGShapesAreDistinct(t *testing.T) {
	if got := len(vggShapes(256)); got != 9 {
		t.Errorf("VGG-19 at 256 px has %d distinct convolutions, want 9", got)
	}
}
