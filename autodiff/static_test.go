package autodiff

import (
	"reflect"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	_ "github.com/gomlx/compute/gobackend"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// onGraph builds a graph and calls f with two parameters, x [2 6 6 4] and k [3 3 2 4].
func onGraph(t *testing.T, f func(x, k *Node)) {
	t.Helper()
	backend, err := compute.NewWithConfig("go")
	if err != nil {
		t.Fatal(err)
	}
	g := NewGraph(backend, t.Name())
	f(Parameter(g, "x", shapes.Make(dtypes.Float32, 2, 6, 6, 4)), Parameter(g, "k", shapes.Make(dtypes.Float32, 3, 3, 2, 4)))
}

// If this fails, GoMLX renamed or changed the fields that static.go reads by reflection.
func TestStaticArguments(t *testing.T) {
	want := func(name string, got, want any) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
	onGraph(t, func(x, k *Node) {
		axes := compute.ConvolveAxesConfig{
			InputBatch: 0, InputChannels: 3, InputSpatial: []int{1, 2},
			KernelInputChannels: 2, KernelOutputChannels: 3, KernelSpatial: []int{0, 1},
			OutputBatch: 0, OutputChannels: 3, OutputSpatial: []int{1, 2},
		}
		conv := ConvGeneral(x, k, axes, []int{1, 2}, [][2]int{{3, 4}, {5, 6}}, []int{2, 1}, []int{1, 3}, 2, 1)
		c := convolutionOf(conv)
		want("axes", c.axes, axes)
		want("strides", c.strides, []int{1, 2})
		want("paddings", c.pads, [][2]int{{3, 4}, {5, 6}})
		want("inputDilations", c.inDil, []int{2, 1})
		want("kernelDilations", c.kDil, []int{1, 3})
		want("groups", [2]int{c.channelGroups, c.batchGroups}, [2]int{2, 1})

		pad := Pad(x, zeroOf(x), PadAxis{}, PadAxis{Start: 1, End: -2, Interior: 3})
		want("Pad", staticOf(pad).padAxes(4), []PadAxis{{}, {Start: 1, End: -2, Interior: 3}, {}, {}})
		want("Reverse", staticOf(Reverse(x, 1, 2)).ints("axes"), []int{1, 2})
		want("ReduceMax", staticOf(ReduceMax(x, 1, 2)).ints("axes"), []int{1, 2})
		want("ReduceMin", staticOf(ReduceMin(x, 0)).ints("axes"), []int{0})
		want("ReduceMultiply", staticOf(ReduceMultiply(x, 3)).ints("axes"), []int{3})

		w := reduceWindowOf(BackendReduceWindow(x, compute.ReduceOpMax, []int{1, 2, 3, 1}, []int{1, 2, 1, 1},
			nil, nil, [][2]int{{}, {1, 0}, {0, 2}, {}}))
		want("reductionType", w.reduction, compute.ReduceOpMax)
		want("windowDimensions", w.size, []int{1, 2, 3, 1})
		want("window strides", w.strides, []int{1, 2, 1, 1})
		want("window paddings", w.pads, [][2]int{{}, {1, 0}, {0, 2}, {}})

		indices := Const(x.Graph(), [][]int32{{1}, {0}})
		gather := staticOf(Gather(x, indices))
		want("sliceSizes", gather.ints("sliceSizes"), []int{1, 6, 6, 4})
		for _, name := range []string{"offsetOutputAxes", "collapsedSliceAxes", "startIndexMap"} {
			gather.ints(name)
		}
		want("indexVectorAxis", gather.int("indexVectorAxis"), 1)
		want("indicesAreSorted", gather.bool("indicesAreSorted"), false)
		scatter := staticOf(ScatterSum(x, indices, x, false, false))
		for _, name := range []string{"updateWindowAxes", "insertedWindowAxes", "scatterAxesToOperandAxes"} {
			scatter.ints(name)
		}
	})
}

func TestIsZero(t *testing.T) {
	onGraph(t, func(x, _ *Node) {
		g := x.Graph()
		for _, c := range []struct {
			name string
			node *Node
			want bool
		}{
			{"scalar", ScalarZero(g, dtypes.Float32), true},
			{"half precision", ScalarZero(g, dtypes.BFloat16), true},
			{"integer", Const(g, int32(0)), true},
			{"negative zero", Neg(ScalarZero(g, dtypes.Float32)), false}, // computed, so not known
			{"broadcast", ZerosLike(x), true},
			{"converted", ConvertDType(ScalarZero(g, dtypes.Float64), dtypes.Float32), true},
			{"one", OnesLike(x), false},
			{"vector", Const(g, []float32{0, 0}), false},
			{"parameter", x, false},
		} {
			if got := isZero(c.node); got != c.want {
				t.Errorf("isZero(%s) = %v, want %v", c.name, got, c.want)
			}
		}
	})
}
