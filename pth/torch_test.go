package pth_test

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/atelier-go/atelier/pth"
)

const python = "/usr/bin/python3"

var importTorch = sync.OnceValue(func() error { return exec.Command(python, "-c", "import torch").Run() })

// needTorch skips the test where Debian's python3-torch is not installed.
func needTorch(t *testing.T) {
	t.Helper()
	if err := importTorch(); err != nil {
		t.Skipf("PyTorch is not there (apt install python3-torch): %v", err)
	}
}

// write makes files of all that tensors can be, in both formats.
const write = `
import collections, sys, torch
torch.manual_seed(1)
base = torch.randn(4, 6)
state = {"f32": base, "view": base[1:3], "turned": base.t(), "every second": base[:, ::2], "scalar": torch.tensor(3.5),
         "f64": base.double(), "f16": base.half(), "bf16": base.bfloat16(), "i64": torch.arange(5), "i32": torch.arange(5).int(),
         "i16": torch.arange(5).short(), "i8": torch.arange(5).char() - 3, "u8": torch.arange(5).byte(), "bool": base > 0,
         "channels last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last), "empty": torch.zeros(0, 3),
         "parameter": torch.nn.Parameter(torch.randn(3)), "epoch": 3, "name": "text", "rate": 1e-3, "sizes": (1, 2)}
state["inner"] = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4)).state_dict()
torch.save(state, sys.argv[1])
torch.save(state, sys.argv[2], _use_new_zipfile_serialization=False)
torch.save(torch.nn.Linear(2, 2), sys.argv[3])
torch.save({"wide": torch.zeros(1).expand(1000)}, sys.argv[4])
`

// describe prints the shape and the hash of the elements of each tensor of each file, as PyTorch reads them.
const describe = `
import hashlib, json, sys, torch
def walk(out, prefix, d):
    for k, v in d.items():
        if isinstance(v, dict):
            walk(out, prefix + str(k) + ".", v)
        elif isinstance(v, torch.Tensor):
            v = v.detach().contiguous()
            b = v.view(torch.int16) if v.dtype == torch.bfloat16 else v
            out[prefix + str(k)] = {"shape": v.shape, "sha256": hashlib.sha256(b.numpy().tobytes()).hexdigest()}
files = []
for path in sys.argv[1:]:
    files.append({})
    walk(files[-1], "", torch.load(path, map_location="cpu"))
json.dump(files, sys.stdout)
`

func run(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(python, append([]string{"-c", program}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	return out
}

// described is a tensor as PyTorch reads it.
type described struct {
	Shape  []int
	SHA256 string
}

// checkAsTorch checks that all tensors of files are those that PyTorch reads.
func checkAsTorch(t *testing.T, paths ...string) {
	t.Helper()
	var want []map[string]described
	if err := json.Unmarshal(run(t, describe, paths...), &want); err != nil {
		t.Fatal(err)
	}
	for i, path := range paths {
		checkFile(t, path, want[i])
	}
}

func checkFile(t *testing.T, path string, want map[string]described) {
	t.Helper()
	f, err := pth.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n := len(f.Names()); n != len(want) || n == 0 {
		t.Errorf("%s has %d tensors, PyTorch reads %d", path, n, len(want))
	}
	for name, w := range want {
		tensor, err := f.Tensor(name)
		if err != nil {
			t.Error(err)
			continue
		}
		sum := sha256.Sum256(tensor.Data)
		if hash := hex.EncodeToString(sum[:]); hash != w.SHA256 || !slices.Equal(tensor.Shape, w.Shape) {
			t.Errorf("%s: %s has shape %v, PyTorch %v; the same elements: %v", path, name, tensor.Shape, w.Shape, hash == w.SHA256)
		}
	}
}

func TestFilesThatTorchWrites(t *testing.T) {
	needTorch(t)
	dir := t.TempDir()
	var paths []string
	for _, name := range []string{"zip.pth", "legacy.pth", "module.pth", "expanded.pth"} {
		paths = append(paths, filepath.Join(dir, name))
	}
	run(t, write, paths...)
	checkAsTorch(t, paths[0], paths[1])
	if _, err := pth.Open(paths[2]); err == nil || !bytes.Contains([]byte(err.Error()), []byte("state_dict")) {
		t.Errorf("a whole module: %v, want an error that says what to save", err)
	}
	if _, err := pth.Open(paths[3]); err == nil {
		t.Error("an expanded tensor is read")
	}
}

// Published files, in a folder beside the repository, or where $ATELIER_DATA says.
func TestPublishedFiles(t *testing.T) {
	needTorch(t)
	var files []string
	for _, folder := range []string{"wct", "microast"} {
		data := cmp.Or(os.Getenv("ATELIER_DATA"), filepath.Join("..", "..", "shared", "data"))
		found, err := filepath.Glob(filepath.Join(data, folder, "*.pth"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		t.Skip("the data is not there; $ATELIER_DATA names its folder")
	}
	checkAsTorch(t, files...)
}
