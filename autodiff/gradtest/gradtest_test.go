package gradtest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/atelier-go/atelier/autodiff/gradtest"
)

func newBackend(t testing.TB) compute.Backend {
	t.Helper()
	backend, err := compute.NewWithConfig("go")
	if err != nil {
		t.Fatal(err)
	}
	return backend
}

func TestCompareAcceptsRightGradients(t *testing.T) {
	f := func(in []*Node) *Node { return Tanh(Dot(in[0], in[1]).MatMul()) }
	gradtest.Config{Backend: newBackend(t), Order: 4}.Check(t, f, gradtest.Normal(1, 2, 3), gradtest.Normal(2, 3, 2))
}

// A check that cannot fail is worth nothing.
func TestCompareRejectsWrongGradients(t *testing.T) {
	for _, c := range []struct {
		name, want string
		f          gradtest.Func
	}{
		{"first order", "order 1: gradient of input 0, element", func(in []*Node) *Node {
			return IdentityWithCustomGradient(in[0], func(_, v *Node) *Node { return MulScalar(v, 1.0001) })
		}},
		{"second order", "order 2: gradient of input 0, element", func(in []*Node) *Node {
			x := in[0] // y = x³, dy = 3x²·v where x² does not pass the gradient on
			return Mul(x, IdentityWithCustomGradient(Square(x), func(_, v *Node) *Node {
				return StopGradient(v)
			}))
		}},
		{"no gradient", "order 1: ", func(in []*Node) *Node {
			return Where(IsNaN(in[0]), in[0], StopGradient(in[0]))
		}},
		{"NaN", "NaN", func(in []*Node) *Node { return Log(Sub(in[0], in[0])) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := gradtest.Config{Backend: newBackend(t)}.Compare(c.f, gradtest.Normal(1, 3, 2))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestCompareWantsFloat64(t *testing.T) {
	err := gradtest.Config{Backend: newBackend(t)}.Compare(func(in []*Node) *Node { return in[0] },
		tensors.FromValue([]float32{1}))
	if err == nil || !strings.Contains(err.Error(), "want float64") {
		t.Errorf("error %v", err)
	}
}

func ExampleConfig_Compare() {
	backend, err := compute.NewWithConfig("go")
	if err != nil {
		fmt.Println(err)
		return
	}
	wrong := func(in []*Node) *Node {
		return IdentityWithCustomGradient(in[0], func(_, v *Node) *Node { return Neg(v) })
	}
	err = gradtest.Config{Backend: backend}.Compare(wrong, tensors.FromValue([]float64{0}))
	fmt.Println(strings.Split(fmt.Sprint(err), " =")[0])
	err = gradtest.Config{Backend: backend}.Compare(func(in []*Node) *Node { return Tanh(in[0]) }, tensors.FromValue([]float64{0}))
	fmt.Println(err)
	// Output:
	// order 1: gradient of input 0, element 0 of [1]
	// <nil>
}
