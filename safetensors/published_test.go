package safetensors_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	. "github.com/atelier-go/atelier/safetensors"
)

// published are files from elsewhere, in a folder beside the project's. Tests that want them are skipped without.
func published(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the published weights are not there: %v", err)
	}
	return path
}

// reference prints each tensor's shape and the hash of its values as float32, as NumPy reads them.
const reference = `
import hashlib, json, sys
import numpy
with open(sys.argv[1], "rb") as f:
    n = int.from_bytes(f.read(8), "little")
    header = json.loads(f.read(n))
    data = f.read()
out = {"metadata": header.pop("__metadata__"), "tensors": {}}
for name, e in header.items():
    b, end = e["data_offsets"]
    a = numpy.frombuffer(data[b:end], {"F16": "<f2", "F32": "<f4"}[e["dtype"]]).reshape(e["shape"])
    out["tensors"][name] = {"shape": a.shape, "sha256": hashlib.sha256(a.astype("<f4").tobytes()).hexdigest()}
json.dump(out, sys.stdout)
`

// Published files read as NumPy reads them, and written again they are the same tensors.
func TestPublished(t *testing.T) {
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import numpy").Run(); err != nil {
		t.Skipf("NumPy is not there (apt install python3-numpy): %v", err)
	}
	for _, name := range []string{"vgg19/vgg19-conv1_1-conv3_4.safetensors", "squeezenet/squeezenet1_1.safetensors"} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			path := published(t, name)
			text, err := exec.Command(python, "-c", reference, path).Output()
			if err != nil {
				t.Fatal(err)
			}
			copied := filepath.Join(t.TempDir(), "copy.safetensors")
			copyFile(t, path, copied)
			checkReference(t, path, text)
			checkReference(t, copied, text)
		})
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	f, err := Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var tensors []Tensor
	for _, name := range f.Names() {
		tensor, err := f.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		tensors = append(tensors, tensor)
	}
	if err := Save(to, tensors, f.Metadata()); err != nil {
		t.Fatal(err)
	}
}

func checkReference(t *testing.T, path string, reference []byte) {
	t.Helper()
	var want struct {
		Metadata map[string]string
		Tensors  map[string]struct {
			Shape  []int
			SHA256 string
		}
	}
	if err := json.Unmarshal(reference, &want); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := f.Metadata()["arch"]; got == "" || got != want.Metadata["arch"] {
		t.Errorf("arch %q, want %q", got, want.Metadata["arch"])
	}
	if got := len(f.Names()); got == 0 || got != len(want.Tensors) {
		t.Errorf("%d tensors, want %d", got, len(want.Tensors))
	}
	for name, w := range want.Tensors {
		tensor, err := f.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		values, err := tensor.Float32()
		if err != nil {
			t.Fatal(err)
		}
		hash := sha256.New()
		for _, v := range values {
			hash.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
		}
		if got := hex.EncodeToString(hash.Sum(nil)); got != w.SHA256 || !slices.Equal(tensor.Shape, w.Shape) {
			t.Errorf("%s: shape %v, want %v; the same values: %v", name, tensor.Shape, w.Shape, got == w.SHA256)
		}
	}
}
