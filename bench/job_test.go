package bench

import (
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
)

func names(jobs []Job) string {
	var ns []string
	for _, j := range jobs {
		ns = append(ns, j.Name)
	}
	return strings.Join(ns, " ")
}

func TestSelect(t *testing.T) {
	for _, c := range []struct{ filters, want string }{
		{"gemm", "gemm=256 gemm=512 gemm=1024 gemm=2048"},
		{"style=300", "style=300"},
		{"gemm=512 gemm=512", "gemm=512"},
		{"resnet18 style=128", "resnet18=128 style=128"},
		{"vggconv=256/conv3_2", "vggconv=256/conv3_2/forward vggconv=256/conv3_2/dx vggconv=256/conv3_2/dk"},
		{"vggconv=32/conv1_1/dk", "vggconv=32/conv1_1/dk"},
		{"trainloop=8/small", "trainloop=8/small/loop trainloop=8/small/step"},
		{"paint=300", "paint=300/lbfgs paint=300/adam"},
	} {
		jobs, err := Select(strings.Fields(c.filters)...)
		if err != nil {
			t.Errorf("Select(%s): %v", c.filters, err)
		} else if got := names(jobs); got != c.want {
			t.Errorf("Select(%s) = %s, want %s", c.filters, got, c.want)
		}
	}
}

func TestSelectRefusesUnknownJobs(t *testing.T) {
	for _, filter := range []string{
		"", "vgg", "gemm=", "gemm=0", "gemm=-1", "gemm=x", "gemm=99999999", "gemm=5/x", "style=2", "vggconv=8",
		"vggconv=256/conv3_3", "vggconv=256/conv3_2/back", "vggconv=256/conv", "trainloop=1", "trainloop=4097", "trainloop=8/big", "paint=15", "paint=512/sgd",
	} {
		if jobs, err := Select(filter); err == nil {
			t.Errorf("Select(%q) = %s, want an error", filter, names(jobs))
		}
	}
}

func TestEveryJobCanBeSelectedByItsName(t *testing.T) {
	for _, j := range All() {
		if got, err := Select(j.Name); err != nil || names(got) != j.Name {
			t.Errorf("Select(%s) = %s, %v", j.Name, names(got), err)
		}
	}
}

func TestQuickIsAPartOfAll(t *testing.T) {
	all := " " + names(All()) + " "
	if len(Quick()) == 0 {
		t.Fatal("no job is quick")
	}
	for _, j := range Quick() {
		if !strings.Contains(all, " "+j.Name+" ") {
			t.Errorf("%s is not in All", j.Name)
		}
	}
}

// Every family at its smallest, twice: the second step meets what the first has left.
func TestJobsRun(t *testing.T) {
	for _, filter := range []string{"gemm=3", "vggconv=16", "style=4", "style=7", "resnet18=2", "trainloop=2"} {
		jobs, err := Select(filter)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range jobs {
			t.Run(j.Name, func(t *testing.T) {
				if testing.Short() && strings.Contains(j.Name, "/conv5") {
					t.Skip("the wide layers are slow")
				}
				if j.FLOPs <= 0 {
					t.Errorf("FLOPs = %g, want above 0", j.FLOPs)
				}
				p, err := j.build(testBackend(t))
				if err != nil {
					t.Fatal(err)
				}
				defer p.close()
				for range 2 {
					if err := p.step(); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	}
}

// value runs a job of fixed inputs once and returns its last result.
func value(t *testing.T, name string) []float32 {
	t.Helper()
	jobs, err := Select(name)
	if err != nil {
		t.Fatal(err)
	}
	program, err := jobs[0].build(testBackend(t))
	if err != nil {
		t.Fatal(err)
	}
	defer program.close()
	var outputs []*tensors.Tensor
	switch p := program.(type) {
	case *pure:
		outputs, err = p.exec.Call(p.inputs...)
	case *stateful:
		outputs, err = p.exec.Call(p.inputs...)
	}
	if err != nil {
		t.Fatal(err)
	}
	return tensors.MustCopyFlatData[float32](outputs[len(outputs)-1])
}

// The gradients of Σ dy·conv(x, k) are linear in x and in k alike, so Σ x·dx = Σ k·dk = Σ dy·y.
func TestConvolutionDirectionsAgree(t *testing.T) {
	b := testBackend(t)
	input := func(seed uint64, deviation float64, dims ...int) []float32 {
		n, err := normals(b, seed, deviation, dims...)
		if err != nil {
			t.Fatal(err)
		}
		return tensors.MustCopyFlatData[float32](n)
	}
	c := vgg19[1].conv(16)
	x, dy := input(1, 1, 1, 16, 16, 64), input(3, 1, 1, 16, 16, 64)
	k := input(2, heDeviation(9*c.Cin), 3, 3, 64, 64)
	want := dot(dy, value(t, "vggconv=16/conv1_2/forward"))
	near(t, "Σ x·dx", dot(x, value(t, "vggconv=16/conv1_2/dx")), want, 1e-2)
	near(t, "Σ k·dk", dot(k, value(t, "vggconv=16/conv1_2/dk")), want, 1e-2)
}

func dot(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func TestStyleGradientIsOfThePicture(t *testing.T) {
	gradient := value(t, "style=8")
	if len(gradient) != 8*8*3 {
		t.Fatalf("the gradient has %d elements, want %d", len(gradient), 8*8*3)
	}
	if norm := dot(gradient, gradient); norm == 0 || math.IsNaN(norm) || math.IsInf(norm, 0) {
		t.Errorf("the gradient's squared norm is %g", norm)
	}
}

// Steps on the same pictures must learn them, and must move the running statistics.
func TestResnetStepLearns(t *testing.T) {
	p, err := resnetJobs(4)[0].build(testBackend(t))
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	s := p.(*stateful)
	s.inputs[2] = tensors.FromScalar(float32(0.01))
	var losses []float32
	for range 4 {
		loss, err := s.exec.Call1(s.inputs...)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, tensors.ToScalar[float32](loss))
	}
	if last := losses[len(losses)-1]; !(last < losses[0]/2) {
		t.Errorf("losses %v do not fall", losses)
	}
	mean, err := s.store.GetVariable("/conv0/mean").Value()
	if err != nil {
		t.Fatal(err)
	}
	if values := tensors.MustCopyFlatData[float32](mean); dot(values, values) == 0 {
		t.Error("the running mean has not moved")
	}
}
