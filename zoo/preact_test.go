package zoo_test

import (
	"strings"
	"testing"

	"github.com/atelier-go/atelier/zoo"
)

// A pre-activation network has the parameters of its blocks, counted here by hand: convolutions without biases, two numbers
// a channel for each norm, projections where the shape changes.
func TestPreActParameters(t *testing.T) {
	for name, depths := range map[string][4]int{"preact18": {2, 2, 2, 2}, "preact50": {3, 4, 6, 3}} {
		widths := [4]int{64, 128, 256, 512}
		in, want := 64, 3*9*64
		for i, c := range widths {
			for k := range depths[i] {
				out, block := c, 2*in+9*in*c+2*c+9*c*c
				if name == "preact50" {
					out, block = 4*c, 2*in+in*c+2*c+9*c*c+2*c+4*c*c
				}
				if in != out || i > 0 && k == 0 {
					block += in * out
				}
				in, want = out, want+block
			}
		}
		want += 2*in + in*10 + 10
		got, err := zoo.Count(testBackend(t), byName(t, name, 10), 32, 32, 3)
		if err != nil {
			t.Fatal(err)
		}
		if got.Parameters != want {
			t.Errorf("%s has %d parameters, want %d", name, got.Parameters, want)
		}
	}
}

// The first blocks of a VGG have the tensors that the whole has, and no others.
func TestFirstBlocksOfVGG(t *testing.T) {
	m := byName(t, "vgg19-3", 2)
	shapes, err := m.Shapes(64, 64, 3)
	if err != nil {
		t.Fatal(err)
	}
	if last := shapes[len(shapes)-1]; len(shapes) != 4 || last != (zoo.Shape{H: 8, W: 8, C: 256, Stride: 8}) {
		t.Errorf("shapes %v", shapes)
	}
	var paths []string
	for _, g := range m.Groups() {
		paths = append(paths, g...)
	}
	want := "/features/0 /features/2 /features/5 /features/7 /features/10 /features/12 /features/14 /features/16 /fc"
	if got := strings.Join(paths, " "); got != want {
		t.Errorf("groups %s, want %s", got, want)
	}
	for _, path := range []string{"/features/denseblock1/denselayer2/norm1/weight", "/conv1/weight"} {
		names := byName(t, "densenet121", 2).TensorNames(path)
		if old := strings.Contains(path, "norm1"); old && !strings.Contains(strings.Join(names, " "), "denselayer2.norm.1.weight") ||
			!old && (names[0] != "features.conv0.weight" || names[1] != "conv1.weight") {
			t.Errorf("%s is called %v", path, names)
		}
	}
}
