package cpu_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/cpu"
	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/kernel/bf16"
)

// TestPrecisionNotice wants a notice exactly where bf16 cannot be had.
func TestPrecisionNotice(t *testing.T) {
	for s, want := range map[string]bool{
		"":                             false,
		"precision=float32":            false,
		"precision=bf16":               len(isa.MissingBF16()) > 0,
		"precision=auto":               len(isa.MissingBF16()) > 0,
		"isa=portable,precision=bf16":  false, // the reference
		"isa=portable,precision=auto":  true,
		"isa=avx2,precision=bf16":      true,
		"isa=avx2,precision=float32":   false,
		"isa=avx512,precision=bf16":    len(isa.MissingBF16()) > 0,
		"isa=avx512,precision=float32": false,
	} {
		c, err := cpu.ParseConfig(s)
		if err != nil {
			if level, _, _ := strings.Cut(s, ","); strings.HasPrefix(level, "isa=") {
				continue // this machine has no such level
			}
			t.Fatal(err)
		}
		if got := c.PrecisionNotice(); (got != "") != want {
			t.Errorf("%q: notice %q, want one: %v", s, got, want)
		}
	}
}

// roundingBackends are configurations that round, where this machine has them.
func roundingBackends() []string {
	configs := []string{"isa=portable,precision=bf16"}
	if len(isa.MissingBF16()) == 0 {
		configs = append(configs, "precision=bf16", "precision=auto")
	}
	return configs
}

func normal(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// near fails unless got is the sum of k rounded products, of which size is the sum of absolute values.
func near(t *testing.T, what string, got float32, want, size float64, k int) {
	t.Helper()
	if math.Abs(float64(got)-want) > 2*float64(k+2)*0x1p-24*size {
		t.Fatalf("%s is %v, want %v", what, got, want)
	}
}

// TestRoundedProduct compares a product of a graph with the sum of rounded operands in float64, and with that of operands
// as they are, from which it has to differ.
func TestRoundedProduct(t *testing.T) {
	const m, n, k = 19, 35, 70
	r := rand.New(rand.NewPCG(1, 1))
	x, y := normal(r, m*k), normal(r, k*n)
	for _, config := range roundingBackends() {
		b := newBackend(t, config)
		g := newGraph(t, b)
		out := execute(t, g.compile(g.must(g.DotGeneral(g.param(f32(m, k)), []int{1}, nil, g.param(f32(k, n)), []int{0}, nil,
			compute.DotGeneralConfig{}))), nil, buffer(t, b, x, m, k), buffer(t, b, y, k, n))
		differs := false
		for i, got := range elements[float32](t, out[0]) {
			want, size, exact := 0.0, 0.0, 0.0
			for p := range k {
				a, b := x[i/n*k+p], y[p*n+i%n]
				v := float64(bf16.Round(a)) * float64(bf16.Round(b))
				want, size, exact = want+v, size+math.Abs(v), exact+float64(a)*float64(b)
			}
			near(t, config+": element", got, want, size, k)
			differs = differs || math.Abs(float64(got)-exact) > 1e-4*size
		}
		if !differs {
			t.Errorf("%s: nothing was rounded", config)
		}
	}
}

// TestRoundedConvolution does so for a convolution with stride, which no algorithm with maps computes.
func TestRoundedConvolution(t *testing.T) {
	const side, c, o, half = 9, 32, 33, 5
	r := rand.New(rand.NewPCG(2, 1))
	x, k := normal(r, side*side*c), normal(r, 3*3*c*o)
	axes := compute.ConvolveAxesConfig{
		InputBatch: 0, InputSpatial: []int{1, 2}, InputChannels: 3, KernelSpatial: []int{0, 1}, KernelInputChannels: 2,
		KernelOutputChannels: 3, OutputBatch: 0, OutputSpatial: []int{1, 2}, OutputChannels: 3,
	}
	for _, config := range roundingBackends() {
		b := newBackend(t, config)
		g := newGraph(t, b)
		y := g.must(g.ConvGeneral(g.param(f32(1, side, side, c)), g.param(f32(3, 3, c, o)), axes, []int{2, 2},
			[][2]int{{1, 1}, {1, 1}}, nil, nil, 1, 1))
		out := execute(t, g.compile(y), nil, buffer(t, b, x, 1, side, side, c), buffer(t, b, k, 3, 3, c, o))
		for i, got := range elements[float32](t, out[0]) {
			want, size := 0.0, 0.0
			for tap := range 9 {
				row, col := i/o/half*2+tap/3-1, i/o%half*2+tap%3-1
				if row < 0 || row >= side || col < 0 || col >= side {
					continue
				}
				for ch := range c {
					v := float64(bf16.Round(x[(row*side+col)*c+ch])) * float64(bf16.Round(k[(tap*c+ch)*o+i%o]))
					want, size = want+v, size+math.Abs(v)
				}
			}
			near(t, config+": pixel", got, want, size, 9*c)
		}
	}
}
