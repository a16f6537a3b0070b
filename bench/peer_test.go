package bench

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestFindTorchSaysHowToInstall(t *testing.T) {
	t.Setenv("ATELIER_PYTHON", "false")
	torch, err := FindTorch(t.Context())
	if err == nil {
		t.Fatalf("FindTorch() = %+v", torch)
	}
	if e := err.Error(); !strings.Contains(e, "apt-get install python3-torch") || !strings.Contains(e, "false") {
		t.Errorf("error %q, want the Python tried and the command to install", e)
	}
}

func TestTorchIsHeldToAVX2(t *testing.T) {
	torch := &Torch{Python: "python3"}
	holds := func(isa string) bool {
		for _, v := range torch.Command(2, isa, "")(t.Context()).Env {
			if v == "ONEDNN_MAX_CPU_ISA=AVX2" {
				return true
			}
		}
		return false
	}
	if holds("") || holds("avx512") || !holds("avx2") {
		t.Errorf("held for \"\": %v, avx512: %v, avx2: %v, want avx2 only", holds(""), holds("avx512"), holds("avx2"))
	}
}

// The peer must know every job that we know, by the same name.
func TestTorchDoesEveryJob(t *testing.T) {
	torch, err := FindTorch(t.Context())
	if err != nil {
		t.Skip(err)
	}
	p, err := start(torch.Command(1, "", "")(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	for _, j := range selected(t, "gemm=4", "vggconv=16/conv1_1", "style=4", "resnet18=2", "trainloop=2", "paint=16") {
		for _, request := range []string{"open " + j.Name + " nchw", "step 2", "close", "open " + j.Name + " channels_last+bf16", "step 1", "close"} {
			if _, err := p.ask(strings.Fields(request)...); err != nil {
				t.Error(err)
			}
		}
	}
	if r, err := p.ask("open", "vggconv=16/conv1_1/dx"); err != nil || r.Layout == "" {
		t.Errorf("open without a layout: %+v, %v", r, err)
	}
	if _, err := p.ask("open", "none=1"); err == nil {
		t.Error("the peer opens none=1")
	}
	if r, err := p.ask("close"); err != nil || r.PeakMemory < 1<<20 {
		t.Errorf("close: %+v, %v, want a peak memory", r, err)
	}
}

// For automatic precision the peer chooses among layouts in float32 and in bfloat16, for bf16 only among the latter.
func TestTorchChoosesThePrecision(t *testing.T) {
	torch, err := FindTorch(t.Context())
	if err != nil {
		t.Skip(err)
	}
	for precision, want := range map[string][]string{
		"":     {"nchw", "channels_last"},
		"bf16": {"nchw+bf16", "channels_last+bf16"},
		"auto": {"nchw", "channels_last", "nchw+bf16", "channels_last+bf16"},
	} {
		p, err := start(torch.Command(1, "", precision)(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		r, err := p.ask("open", "vggconv=16/conv3_1/forward")
		if err != nil || !slices.Contains(want, r.Layout) {
			t.Errorf("precision %q: layout %q (%v), want one of %v", precision, r.Layout, err, want)
		}
		if err := p.stop(); err != nil {
			t.Error(err)
		}
	}
}

func TestPeerIsValidPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3")
	}
	for _, source := range []string{peerTorch, peerStyle, peerStart} {
		out, err := exec.Command(python, "-c", "import ast, sys; ast.parse(sys.argv[1])", source).CombinedOutput()
		if err != nil {
			t.Errorf("%v: %s", err, out)
		}
	}
}
