package bench

import (
	"math"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/style"
)

// Weights and pictures are what they were, and within their ranges.
func TestHashedNumbersAreFixed(t *testing.T) {
	if got, want := hashed(7, 3), []float64{0.28426843881607056, 0.4209938049316406, 0.6019148230552673}; !slices.Equal(got, want) {
		t.Errorf("hashed(7, 3) = %v, want %v", got, want)
	}
	u := hashed(1, 1<<16)
	mean, square := 0.0, 0.0
	for _, v := range u {
		mean += v / float64(len(u))
		square += v * v / float64(len(u))
	}
	near(t, "the mean of hashed numbers", mean, 0.5, 0.005)
	near(t, "their variance", square-mean*mean, 1./12, 0.002)
	values, dims := hashedWeight(1, []int{64, 16, 3, 3})
	if !slices.Equal(dims, []int{3, 3, 16, 64}) {
		t.Errorf("a kernel has the shape %v, want [3 3 16 64]", dims)
	}
	near(t, "the variance of a kernel", dot(values, values)/float64(len(values)), 2./(16*9), 5e-4)
	for _, v := range hashedPicture(1, 30, 40, 4).Pixels {
		if v < 0 || v > 1 || math.Abs(float64(v)*255-math.Round(float64(v)*255)) > 1e-4 {
			t.Fatalf("a pixel is %v, want a multiple of 1/255 in 0 to 1", v)
		}
	}
}

// The plan has the sizes that style chooses for itself.
func TestPaintScalesAreThoseOfStyle(t *testing.T) {
	network, err := hashedVGG(testBackend(t))
	if err != nil {
		t.Fatal(err)
	}
	const size = 300
	h, w := paintShape(size)
	o := style.Defaults()
	o.Network, o.Size, o.MaxMemory = network, size, -1
	o.Content = hashedPicture(1, h, w, 4)
	o.Styles = []style.StyleInput{{Picture: o.Content}}
	plan, err := style.Estimate(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	got := paintScales(size)
	same := slices.EqualFunc(got, plan.Scales, func(a, b style.PlannedScale) bool { return a.Height == b.Height && a.Width == b.Width })
	if len(got) != 3 || !same {
		t.Errorf("%+v, style paints at %+v", got, plan.Scales)
	}
}

// A painting's loss falls at each scale, and every painting of a job is the same.
func TestPaintJobsPaint(t *testing.T) {
	for _, job := range selected(t, "paint=64") {
		p, err := job.build(testBackend(t))
		if err != nil {
			t.Fatal(err)
		}
		defer p.close()
		var paintings [2][]float64
		for i := range paintings {
			if err := p.step(); err != nil {
				t.Fatal(err)
			}
			paintings[i] = slices.Clone(p.(tracer).losses())
		}
		first := paintings[0]
		if len(first) != paintIterations[0] || !slices.Equal(first, paintings[1]) {
			t.Errorf("%s: losses %v, and then %v", job.Name, first, paintings[1])
		}
		if !(first[len(first)-1] < 0.9*first[0]) {
			t.Errorf("%s: losses %v do not fall", job.Name, first)
		}
	}
}

// Both sides paint the same picture: over two scales their losses agree, to what rounding makes of a painting.
func TestTorchPaintsTheSame(t *testing.T) {
	torch, err := FindTorch(t.Context())
	if err != nil {
		t.Skip(err)
	}
	const tolerance = 5e-3
	for _, name := range []string{"paint=182/adam", "paint=182/lbfgs"} {
		ours, theirs := lossesOf(t, serving(t.Context()), name), lossesOf(t, torch.Command(2, "", "")(t.Context()), name+" nchw")
		if len(ours) != paintIterations[0]+paintIterations[1] || len(theirs) != len(ours) {
			t.Fatalf("%s: losses %v, PyTorch's %v", name, ours, theirs)
		}
		for i := range ours {
			if d := math.Abs(ours[i] - theirs[i]); !(d <= tolerance*ours[i]) {
				t.Errorf("%s: at iteration %d the loss is %v, PyTorch's %v", name, i+1, ours[i], theirs[i])
			}
		}
	}
}

// lossesOf runs a job once and returns its losses; what names the job, and the layout where a peer runs it.
func lossesOf(t *testing.T, command *exec.Cmd, what string) []float64 {
	t.Helper()
	p, err := start(command)
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	if _, err := p.ask(append([]string{"open"}, strings.Fields(what)...)...); err != nil {
		t.Fatal(err)
	}
	r, err := p.ask("close")
	if err != nil {
		t.Fatal(err)
	}
	return r.Losses
}
