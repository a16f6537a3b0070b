package embedded

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	_ "github.com/atelier-go/atelier/cpu"
)

// The file is the one whose making is documented.
func TestHash(t *testing.T) {
	sum := sha256.Sum256(file)
	if got := hex.EncodeToString(sum[:]); got != SHA256 {
		t.Errorf("SHA-256 of the file is %s, want %s", got, SHA256)
	}
	if limit := 6 << 20; len(file) > limit {
		t.Errorf("the file has %d bytes, want at most %d", len(file), limit)
	}
}

func TestFeatures(t *testing.T) {
	features, err := Features()
	if err != nil {
		t.Fatal(err)
	}
	if features.Hash != SHA256 {
		t.Errorf("features have hash %s, want %s", features.Hash, SHA256)
	}
	names := []string{"relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu3_2", "relu3_3", "relu3_4"}
	layers := features.Layers()
	if len(layers) != len(names) {
		t.Fatalf("%d layers %v, want %v", len(layers), layers, names)
	}
	for i, l := range layers {
		if l.Name != names[i] {
			t.Errorf("layer %d is %s, want %s", i, l.Name, names[i])
		}
	}
	for i, v := range meanSquares(t, names) {
		if !(v > 0.05 && v < 20) {
			t.Errorf("features at %s of a drawn picture have mean square %v, want about 1", names[i], v)
		}
	}
}

// meanSquares are of the layers' features of a picture with edges, gradients and colours.
func meanSquares(t *testing.T, names []string) []float32 {
	t.Helper()
	features, err := Features()
	if err != nil {
		t.Fatal(err)
	}
	backend, err := compute.NewWithConfig("cpu")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	exec, err := model.NewExec(backend, features.Store, func(scope *model.Scope, x *graph.Node) *graph.Node {
		var all []*graph.Node
		for _, f := range features.Build(scope, x, names) {
			all = append(all, graph.ReduceAllMean(graph.Square(f)))
		}
		return graph.Stack(all, 0)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	const side = 64
	var picture []float32
	for y := range side {
		for x := range side {
			r, a := math.Hypot(float64(x-30), float64(y-25)), math.Atan2(float64(y-25), float64(x-30))
			picture = append(picture, float32(0.5+0.4*math.Sin(r)), float32(0.5+0.4*math.Sin(5*a)), float32(x+y)/(2*side))
		}
	}
	got, err := exec.Call1(tensors.FromFlatDataAndDimensions(picture, 1, side, side, 3))
	if err != nil {
		t.Fatal(err)
	}
	return tensors.MustCopyFlatData[float32](got)
}
