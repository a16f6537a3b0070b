package cpu_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	gomlx "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// layers is a network whose activations and their gradients only convolutions and products read, but for the signs of
// the relus: with stride, 1x1, and 5x5, which no algorithm with maps computes, and a Gram matrix.
func layers(x, k1, k2, k3 *gomlx.Node) *gomlx.Node {
	relu := func(x *gomlx.Node) *gomlx.Node { return gomlx.Max(x, gomlx.ZerosLike(x)) }
	x = relu(gomlx.Convolve(x, k1).Strides(2).PadSame().Done())
	x = relu(gomlx.Convolve(x, k2).Done())
	gram := gomlx.Reshape(x, -1, 48)
	gram = gomlx.DotGeneral(gram, []int{0}, nil, gram, []int{0}, nil)
	x = relu(gomlx.Convolve(x, k3).PadSame().Done())
	return gomlx.Add(gomlx.ReduceAllSum(gomlx.Square(x)), gomlx.ReduceAllSum(gomlx.Square(gram)))
}

// halfResults counts results of bfloat16 in a plan, whose lines have them before the equals sign.
func halfResults(plan string) int {
	n := 0
	for line := range strings.Lines(plan) {
		results, _, _ := strings.Cut(line, " = ")
		n += strings.Count(results, "(BFloat16)")
	}
	return n
}

// TestHalves has the same bits, loss and gradients, whether what is only read rounded is in memory as bfloat16 or not.
func TestHalves(t *testing.T) {
	for _, batch := range []int{1, 3} {
		testHalves(t, [][]int{{batch, 34, 37, 32}, {3, 3, 32, 64}, {1, 1, 64, 48}, {5, 5, 48, 32}})
	}
}

// testHalves runs layers on inputs of some shapes.
func testHalves(t *testing.T, shapes [][]int) {
	run := func(config string) (results [][]float32, plan string) {
		b := newBackend(t, config)
		r := rand.New(rand.NewPCG(5, 1))
		var inputs []any
		for _, dims := range shapes {
			size := 1
			for _, d := range dims {
				size *= d
			}
			inputs = append(inputs, tensors.FromFlatDataAndDimensions(normal(r, size), dims...))
		}
		e, err := gomlx.NewExec(b, func(in []*gomlx.Node) []*gomlx.Node {
			loss := layers(in[0], in[1], in[2], in[3])
			return append([]*gomlx.Node{loss}, gomlx.Gradient(loss, in...)...)
		})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Finalize()
		out, err := e.Call(inputs...)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range out {
			if err := tensors.ConstFlatData(o, func(flat []float32) { results = append(results, append([]float32{}, flat...)) }); err != nil {
				t.Fatal(err)
			}
		}
		return results, strings.Join(b.Explanations(), "\n")
	}
	for _, config := range roundingBackends() {
		want, before := run(config + ",disable=halves")
		got, plan := run(config)
		if strings.Contains(before, "BFloat16") {
			t.Errorf("%s,disable=halves has bfloat16 in memory:\n%s", config, before)
		}
		// Two activations, and the gradients of three.
		if n := halfResults(plan); n != 5 {
			t.Errorf("%s: %d results of bfloat16, want 5, in\n%s", config, n, plan)
		}
		if !strings.Contains(plan, "sums not kept") {
			t.Errorf("%s: all sums of convolutions are kept in\n%s", config, plan)
		}
		for i := range want {
			for j := range want[i] {
				if math.Float32bits(got[i][j]) != math.Float32bits(want[i][j]) {
					t.Fatalf("%s: element %d of result %d is %v, of float32 in memory %v", config, j, i, got[i][j], want[i][j])
				}
			}
		}
	}
	if _, plan := run("precision=float32"); strings.Contains(plan, "BFloat16") {
		t.Errorf("precision float32 has bfloat16 in memory:\n%s", plan)
	}
}
