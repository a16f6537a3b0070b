package learn_test

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/safetensors"
)

// record keeps the values of a variable after every step and every epoch.
type record struct{ steps, epochs [][]float64 }

func (r *record) handler(t *testing.T, path string) learn.Handler {
	return learn.HandlerFunc(func(e learn.Event, run *learn.Run) error {
		switch e {
		case learn.RunBegin, learn.AfterUpdate:
			r.steps = append(r.steps, floats(t, run.Learner(), path))
		case learn.EpochEnd:
			r.epochs = append(r.epochs, floats(t, run.Learner(), path))
		}
		return nil
	})
}

// near compares numbers with a relative tolerance.
func near(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= tolerance*(1+math.Abs(want[i]))) {
			t.Fatalf("%s: number %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// The moving average against the same recursion in float64, for a weight and for a running statistic.
func TestEMA(t *testing.T) {
	for _, path := range []string{"/body/conv1/weight", "/body/norm1/running_var"} {
		c := config(learn.Phase{Steps: 25, LR: learn.Value(0.1)})
		c.EMA.Decay = 0.6
		var r record
		c.Handlers = []learn.Handler{r.handler(t, path)}
		l, _ := run(t, c)
		want := append([]float64{}, r.steps[0]...)
		for k, w := range r.steps[1:] {
			d := min(0.6, (1+float64(k))/(10+float64(k)))
			for i := range want {
				want[i] = d*want[i] + (1-d)*w[i]
			}
		}
		near(t, path, floats(t, l, "/ema"+path), want, 1e-5)
	}
}

// The mean of the weights at the ends of epochs 2, 4 and 6, and statistics that are those of all clean data under the
// averaged weights: for the first norm they are the moments of its inputs, which no batch has to be cut into.
func TestSWA(t *testing.T) {
	c := config(learn.Phase{Epochs: 6, LR: learn.Value(0.1)})
	c.SWA = learn.SWA{Start: 2, Cycle: 2}
	c.Dir = t.TempDir()
	var r record
	const path = "/body/conv1/weight"
	c.Handlers = []learn.Handler{r.handler(t, path)}
	c.Data.Train = loader(150, 8, 16, 1, true) // the last batch is smaller
	l, result := run(t, c)
	want := make([]float64, len(r.epochs[0]))
	for _, e := range []int{2, 4, 6} {
		for i, w := range r.epochs[e-1] {
			want[i] += w / 3
		}
	}
	near(t, "mean", floats(t, l, "/swa"+path), want, 1e-6)
	if !(result.Metrics["swa_valid_accuracy"] > 0.5) {
		t.Errorf("metrics %v", result.Metrics)
	}
	mean, variance := firstNorm(t, c, want)
	f, err := safetensors.Open(filepath.Join(c.Dir, "weights-swa.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	near(t, "running mean", stored(t, f, "body.norm1.running_mean"), mean, 1e-4)
	near(t, "running variance", stored(t, f, "body.norm1.running_var"), variance, 1e-4)
}

func stored(t *testing.T, f *safetensors.File, name string) (out []float64) {
	t.Helper()
	tensor, err := f.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	values, err := tensor.Float32()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range values {
		out = append(out, float64(v))
	}
	return out
}

// firstNorm computes mean and variance of the first convolution's outputs over all training pictures, untouched by
// augmentation, in float64 loops. weight: [3 3 3 8].
func firstNorm(t *testing.T, c learn.Config, weight []float64) (mean, variance []float64) {
	t.Helper()
	set := c.Data.Train.Dataset
	sum, squares, n := make([]float64, 8), make([]float64, 8), 0.0
	for i := range set.Len() {
		p, err := set.Read(i)
		if err != nil {
			t.Fatal(err)
		}
		at := func(y, x, ch int) float64 {
			if y < 0 || x < 0 || y >= p.H || x >= p.W {
				return 0
			}
			return (float64(p.Pix[(y*p.W+x)*3+ch])/255 - 0.4) / 0.25
		}
		for y := range p.H {
			for x := range p.W {
				n++
				for o := range 8 {
					v := 0.0
					for k := range 27 {
						v += at(y+k/9-1, x+k/3%3-1, k%3) * weight[k*8+o]
					}
					sum[o] += v
					squares[o] += v * v
				}
			}
		}
	}
	for o := range sum {
		m := sum[o] / n
		mean = append(mean, m)
		variance = append(variance, squares[o]/n-m*m)
	}
	return mean, variance
}

// What was not averaged cannot be asked for.
func TestAveragesThatAreNotThere(t *testing.T) {
	l, _ := run(t, config(learn.Phase{Steps: 1}))
	for w, want := range map[learn.Weights]string{learn.EMAWeights: "no moving average", learn.SWAWeights: "no averaged weights"} {
		_, _, err := l.Evaluate(context.Background(), loader(32, 8, 16, 2, false), w)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v weights: %v, want %q", w, err, want)
		}
	}
}

// Exported weights come back, in a learner of another seed.
func TestWeightsRoundTrip(t *testing.T) {
	c := config(learn.Phase{Epochs: 2})
	c.Dir = t.TempDir()
	l, r := run(t, c)
	c.Dir, c.Seed = "", 99
	other, err := learn.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := other.LoadWeights(filepath.Join(l.Dir(), learn.WeightsFile)); err != nil {
		t.Fatal(err)
	}
	got, _, err := other.Evaluate(context.Background(), c.Data.Valid, learn.Raw)
	if err != nil {
		t.Fatal(err)
	}
	if got["loss"] != r.Metrics["valid_loss"] {
		t.Errorf("loss %v, want %v", got["loss"], r.Metrics["valid_loss"])
	}
}
