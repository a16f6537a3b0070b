package bench

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// The peer: the program, and the module that it imports.
var (
	//go:embed peer_torch.py
	peerTorch string
	//go:embed peer_style.py
	peerStyle string
)

// peerStart makes the module of its first argument, and runs the second.
const peerStart = `import sys, types
module = sys.modules["peer_style"] = types.ModuleType("peer_style")
exec(sys.argv.pop(1), module.__dict__)
exec(sys.argv.pop(1))`

// Torch is a Python that has PyTorch.
type Torch struct {
	Python  string
	Version string // of PyTorch
}

// InstallTorch says how to get the peer. Without OpenBLAS, Debian's PyTorch multiplies matrices with the reference
// BLAS, thirty times slower, which would flatter us.
const InstallTorch = "install it with: apt-get install python3-torch libopenblas0 (or name a Python that has torch in $ATELIER_PYTHON)"

// FindTorch returns the first Python that can import torch, of: $ATELIER_PYTHON alone if that is set, else
// /usr/bin/python3 and python3 in the path.
func FindTorch(ctx context.Context) (*Torch, error) {
	candidates := []string{"/usr/bin/python3", "python3"}
	if python := os.Getenv("ATELIER_PYTHON"); python != "" {
		candidates = []string{python}
	}
	var reasons []string
	for _, python := range candidates {
		out, err := exec.CommandContext(ctx, python, "-c", "import torch; print(torch.__version__)").Output()
		if err == nil {
			return &Torch{python, string(bytes.TrimSpace(out))}, nil
		}
		reasons = append(reasons, python+": "+pythonError(err))
	}
	return nil, fmt.Errorf("no Python with PyTorch: %s; %s", strings.Join(reasons, "; "), InstallTorch)
}

// pythonError is the last line of what Python printed, which names the exception, or why it did not run.
func pythonError(err error) string {
	if exit, ok := err.(*exec.ExitError); ok && len(exit.Stderr) > 0 {
		lines := strings.Split(strings.TrimSpace(string(exit.Stderr)), "\n")
		return lines[len(lines)-1]
	}
	return err.Error()
}

// Command returns a command that serves the jobs with PyTorch on a number of threads. For isa "avx2" oneDNN, which
// computes PyTorch's convolutions and matrix products, is held to AVX2 as well. precision is the backend's: in bf16 the peer
// computes in bfloat16, and trains with automatic mixed precision; for auto it takes the faster of that and float32.
func (t *Torch) Command(threads int, isa, precision string) Command {
	return func(ctx context.Context) *exec.Cmd {
		cmd := exec.CommandContext(ctx, t.Python, "-c", peerStart, peerStyle, peerTorch, "--threads", strconv.Itoa(threads),
			"--precision", cmp.Or(precision, "float32"))
		if isa == "avx2" {
			cmd.Env = append(os.Environ(), "ONEDNN_MAX_CPU_ISA=AVX2")
		}
		return cmd
	}
}
