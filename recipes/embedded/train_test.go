package main

import (
	"bytes"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/safetensors"
	"github.com/atelier-go/atelier/weights"
)

// small makes the network three layers of few channels for a test.
func small(t *testing.T) {
	all, style := layers, taps
	t.Cleanup(func() { layers, taps = all, style })
	layers = []layer{
		{"conv1_1", "features.0", 3, 6, false, 1},
		{"conv1_2", "features.2", 6, 6, false, 1},
		{"conv2_1", "features.5", 6, 8, true, 2},
	}
	taps = []int{0, 2}
}

// writeTeacher writes random weights as a file of the original network has them.
func writeTeacher(t *testing.T) string {
	t.Helper()
	random := rand.New(rand.NewPCG(5, 5))
	var all []safetensors.Tensor
	for i, l := range layers {
		size := math.Sqrt(2 / float64(l.patch()))
		if i == 0 {
			size /= 64 // its inputs are bytes
		}
		draw := func(n int, size float64) (values []float32) {
			for range n {
				values = append(values, float32(size*random.NormFloat64()))
			}
			return values
		}
		all = append(all, safetensors.FromFloat32(l.tensor+".weight", []int{l.out, l.in, 3, 3}, draw(l.out*l.patch(), size)),
			safetensors.FromFloat32(l.tensor+".bias", []int{l.out}, draw(l.out, 0.1)))
	}
	path := filepath.Join(t.TempDir(), "teacher.safetensors")
	if err := safetensors.Save(path, all, nil); err != nil {
		t.Fatal(err)
	}
	return path
}

func testBackend(t *testing.T) compute.Backend {
	t.Helper()
	backend, err := compute.NewWithConfig("cpu")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(backend.Finalize)
	return backend
}

// pictures are noise of several coarsenesses, so that neighbours are alike as in photos.
func pictures(n int) *data.Memory {
	random := rand.New(rand.NewPCG(7, 7))
	m := &data.Memory{ClassNames: []string{""}}
	for k := range n {
		p := data.Picture{H: 40, W: 40, C: 3, Pix: make([]uint8, 40*40*3)}
		block := 1 + k%5
		for y := range p.H {
			for x := range p.W {
				for c := range 3 {
					i := (y*p.W+x)*3 + c
					if by, bx := y-y%block, x-x%block; by != y || bx != x {
						p.Pix[i] = p.Pix[(by*p.W+bx)*3+c]
					} else {
						p.Pix[i] = uint8(random.IntN(256))
					}
				}
			}
		}
		m.Pictures, m.Labels = append(m.Pictures, p), append(m.Labels, 0)
	}
	return m
}

var quick = training{seed: 1, size: 16, batch: 8, measured: 12, aloneSteps: 120, wholeSteps: 10, aloneLR: 0.05, wholeLR: 1e-3}

// A student from random weights comes to explain its teacher, and the file of its weights is a VGG-19 with the same
// features, up to the layers' scales and half precision.
func TestTrain(t *testing.T) {
	small(t)
	backend := testBackend(t)
	path := writeTeacher(t)
	teach, err := readTeacher(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var log bytes.Buffer
	if err := quick.train(t.Context(), backend, teach, pictures(60), dir, &log); err != nil {
		t.Fatal(err)
	}
	t.Log(log.String())
	want, got := features(t, backend, path), features(t, backend, filepath.Join(dir, resultFile))
	for i, l := range layers {
		difference, size := 0.0, 0.0
		for k := range want[i] {
			w := float64(want[i][k]) / teach.scale[i]
			d := float64(got[i][k]) - w
			difference += d * d
			size += w * w
		}
		if ratio := difference / size; !(ratio < 0.02) {
			t.Errorf("%s: the squared difference of the student's features is %v of the teacher's squares, want less than 0.02", l.relu(), ratio)
		}
	}
}

// features are those of all layers of weights in a file, for a picture that was not trained on.
func features(t *testing.T, backend compute.Backend, path string) (all [][]float32) {
	t.Helper()
	f, err := weights.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	student := f.Metadata() != nil
	tensorsOf := map[string][]float32{}
	for _, name := range f.Names() {
		if tensorsOf[name], err = f.Float32(name); err != nil {
			t.Fatal(err)
		}
	}
	x := make([]float32, 24*24*3)
	random := rand.New(rand.NewPCG(9, 9))
	for i := range x {
		x[i] = random.Float32()
	}
	store := model.NewStore()
	exec, err := model.NewExec(backend, store, func(_ *model.Scope, x *Node) (out []*Node) {
		g := x.Graph()
		if student {
			x = normalise(x)
		} else {
			x = Sub(MulScalar(Reverse(x, -1), 255), Reshape(Const(g, means), 1, 1, 1, 3))
		}
		for _, l := range layers {
			kernel := tensors.FromFlatDataAndDimensions(fromTorch(tensorsOf[l.tensor+".weight"], l), 3, 3, l.in, l.out)
			bias := tensors.FromFlatDataAndDimensions(tensorsOf[l.tensor+".bias"], l.out)
			x = relus([]*Node{convolve(l.enter(x), ConstTensor(g, kernel), ConstTensor(g, bias))})[0]
			out = append(out, x)
		}
		return out
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	results, err := exec.Call(tensors.FromFlatDataAndDimensions(x, 1, 24, 24, 3))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		all = append(all, tensors.MustCopyFlatData[float32](r))
	}
	return all
}

// The same settings give the same file, also when the run was interrupted.
func TestTrainIsRepeatable(t *testing.T) {
	small(t)
	backend := testBackend(t)
	brief := quick
	brief.aloneSteps, brief.wholeSteps, brief.measured = 6, 4, 8
	path := writeTeacher(t)
	train := func(dir string) {
		t.Helper()
		teach, err := readTeacher(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := brief.train(t.Context(), backend, teach, pictures(40), dir, io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	first, second := t.TempDir(), t.TempDir()
	train(first)
	train(second)
	want := read1(t, filepath.Join(first, resultFile))
	if !bytes.Equal(read1(t, filepath.Join(second, resultFile)), want) {
		t.Error("the second training gives another file")
	}
	if err := os.RemoveAll(filepath.Join(second, "whole")); err != nil { // as if it was stopped between the stages
		t.Fatal(err)
	}
	train(second)
	if !bytes.Equal(read1(t, filepath.Join(second, resultFile)), want) {
		t.Error("a training that was stopped gives another file")
	}
}

func read1(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBadFlags(t *testing.T) {
	for args, want := range map[string]string{
		"":                               "-teacher is missing",
		"-teacher=x":                     "-photos is missing",
		"-teacher=x -photos=y":           "x",
		"-teacher=x -photos=y -batch=0":  "-batch is 0",
		"-teacher=x -photos=y -size=8":   "-size is 8",
		"-teacher=x -photos=y -whole=-1": "-whole is -1",
		"-teacher=x -photos=y more":      `"more"`,
	} {
		var out, errs strings.Builder
		if err := run(t.Context(), strings.Fields(args), &out, &errs); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("embedded %s: %v, want %q", args, err, want)
		}
	}
}
