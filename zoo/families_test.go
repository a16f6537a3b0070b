package zoo_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"hash/crc32"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/zoo"
)

// Logits of every family that torchvision has are torchvision's, on weights that both sides compute from the tensors'
// names: of a name that is not the same, the logits would not be either.
func TestFamiliesAreTorchvisions(t *testing.T) {
	const classes, side = 7, 64
	networks := []string{"resnet50", "densenet121", "densenet161", "squeezenet1_0", "squeezenet1_1"}
	if !testing.Short() {
		networks = append(networks, "resnet101", "vgg11", "vgg13_bn")
	}
	x := pictures(1, side, 3)
	needsModule(t, systemPython, "torchvision", "apt install python3-torchvision")
	compareFamilies(t, systemPython, networks, networks, x, classes)
}

// systemPython is Debian's, for which it has packages.
const systemPython = "/usr/bin/python3"

// Logits of Inception-ResNet-v2, which torchvision does not have, are timm's. $ATELIER_TIMM_PYTHON is a Python that has timm.
func TestInceptionIsTimms(t *testing.T) {
	python := cmp.Or(os.Getenv("ATELIER_TIMM_PYTHON"), systemPython)
	needsModule(t, python, "timm", "pip install timm, and its Python in $ATELIER_TIMM_PYTHON")
	compareFamilies(t, python, []string{"inception-resnet-v2"}, []string{"timm:inception_resnet_v2"}, pictures(1, 128, 3), 7)
}

// Logits of networks that neither has are those of a short definition in plain PyTorch, which follows their authors' code.
// Together they have every stem, block and pooling that torchvision's do not.
func TestOthersArePlainPyTorch(t *testing.T) {
	needsModule(t, systemPython, "torch", "apt install python3-torch")
	networks := []string{
		"wrn_22", "preact-bottleneck-8x2-16x2", "darknet-8-1x2x1", "darknet-8-1x2x1-halve", "resnet9-16",
		"inception+inception-resnet-25-1x2x2", "factored+preact-8x1-12x1+max", "resnet-d+preact-8x2-12x1+concat",
		"patchify+preact-8x1-12x1+fastai-16", "leaky+preact-8x1-12x1",
	}
	if !testing.Short() {
		networks = append(networks, "preact18")
	}
	var theirs []string
	for _, name := range networks {
		theirs = append(theirs, "plain:"+name)
	}
	compareFamilies(t, systemPython, networks, theirs, pictures(1, 33, 3), 7)
}

// needsModule skips where Python or a module of it is not there.
func needsModule(t *testing.T, python, module, install string) {
	t.Helper()
	if err := exec.Command(python, "-c", "import "+module).Run(); err != nil {
		t.Skipf("%s is not there (%s): %v", module, install, err)
	}
}

// compareFamilies compares the logits of networks here with those that Python computes, by the names that they have there.
func compareFamilies(t *testing.T, python string, networks, theirs []string, x *tensors.Tensor, classes int) {
	t.Helper()
	d := x.Shape().Dimensions
	want := pythonLogits(t, python, theirs, x, classes)
	for i, name := range networks {
		m := byName(t, name, classes)
		store := model.NewStore()
		g := graph.NewGraph(testBackend(t), name)
		m.Forward(store.RootScope(), graph.Zeros(g, shapes.Make(dtypes.Float32, 1, d[1], d[2], 3)))
		g.Finalize()
		for v := range store.IterVariables() {
			if v.DType().IsFloat() {
				setByName(t, m, v)
			}
		}
		compareWithin(t, name, infer(t, store, m.Forward, x), want[i], 1e-3)
		store.Finalize()
	}
}

// pythonLogits are those of one process for all networks: it takes its time to begin.
func pythonLogits(t *testing.T, python string, networks []string, x *tensors.Tensor, classes int) [][][]float64 {
	t.Helper()
	d, values := x.Shape().Dimensions, flat(t, x)
	planes := make([][][]float32, d[3])
	for c := range planes {
		for row := range d[1] {
			line := make([]float32, d[2])
			for column := range line {
				line[column] = values[(row*d[2]+column)*d[3]+c]
			}
			planes[c] = append(planes[c], line)
		}
	}
	job, err := json.Marshal(map[string]any{"pictures": [][][][]float32{planes}, "classes": classes, "networks": networks})
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.Command(python, "-B", "testdata/torchvision_families.py")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(job), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	var logits [][][]float64
	if err := json.Unmarshal(out, &logits); err != nil {
		t.Fatal(err)
	}
	return logits
}

// setByName gives a variable the numbers of testdata/torchvision_families.py, in torchvision's order of axes.
func setByName(t *testing.T, m zoo.Model, v *model.Variable) {
	t.Helper()
	name, d := m.TensorName(v.Path()), v.Shape().Dimensions
	seed := crc32.ChecksumIEEE([]byte(name))
	values := make([]float32, v.Shape().Size())
	fan := v.Shape().Size() / d[len(d)-1]
	for i := range values {
		// The position in [out in KH KW], for i in [KH KW in out].
		position := i
		if len(d) == 4 {
			out, in, place := i%d[3], i/d[3]%d[2], i/d[3]/d[2]
			position = (out*d[2]+in)*d[0]*d[1] + place
		} else if len(d) == 2 {
			position = i%d[1]*d[0] + i/d[1]
		}
		h := uint32(position)*2654435761 + seed
		h ^= h >> 15
		h *= 2246822519
		h ^= h >> 13
		u := float32(h) / (1 << 32)
		switch {
		case len(d) > 1:
			u = (u - 0.5) * float32(math.Sqrt(24/float64(fan)))
		case strings.HasSuffix(name, "weight"), strings.HasSuffix(name, "running_var"):
			u += 0.5
		default:
			u -= 0.5
		}
		values[i] = u
	}
	if err := v.SetValue(tensors.FromFlatDataAndDimensions(values, d...)); err != nil {
		t.Fatal(err)
	}
}
