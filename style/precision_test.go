package style_test

import (
	"context"
	"math"
	"testing"

	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/style"
)

// TestGradientInBF16 compares the objective and its gradient with float32's, on kernels that every machine has.
func TestGradientInBF16(t *testing.T) {
	const h, w = 33, 42
	x := noise(h, w, 9).Pixels
	evaluate := func(config string) (float64, []float32) {
		backend, err := compute.NewWithConfig(config)
		if err != nil {
			t.Fatal(err)
		}
		defer backend.Finalize()
		g := make([]float32, h*w*3)
		l, err := objective(t, toyNetworkOn(t, backend), spec(style.Gram), h, w, nil, style.Tile{}).Evaluate(context.Background(), x, g)
		if err != nil {
			t.Fatal(err)
		}
		return l.Total, g
	}
	want, exact := evaluate("cpu:isa=portable")
	got, rounded := evaluate("cpu:isa=portable,precision=bf16")
	if e := math.Abs(got-want) / want; e > 0.02 || e == 0 {
		t.Errorf("the loss is %v in bf16, %v in float32", got, want)
	}
	var dot, a, b float64
	for i := range exact {
		dot += float64(exact[i]) * float64(rounded[i])
		a += float64(exact[i]) * float64(exact[i])
		b += float64(rounded[i]) * float64(rounded[i])
	}
	if cos := dot / math.Sqrt(a*b); !(cos > 0.999) {
		t.Errorf("the gradients' cosine is %v", cos)
	}
}
