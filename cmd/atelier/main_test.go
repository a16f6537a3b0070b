package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/bench"
	"github.com/atelier-go/atelier/cpu"
)

// TestMain makes this test program the command itself when bench starts it to run jobs.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == benchWorkerName {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// atelier runs a command line.
func atelier(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

func TestUsageErrors(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"paint", "paint"},
		{"--colour", "--colour"},
		{"version now", "now"},
		{"devices --jsn", "--jsn"},
		{"help paint", "paint"},
		{"bench x", "x"},
		{"bench --n", "--n"},
		{"bench --n many", "many"},
		{"bench --n 0", "--n is 0"},
		{"bench --warmup -1", "--warmup is -1"},
		{"bench --per-job -1s", "--per-job is -1s"},
		{"bench --threads 0", "threads=0"},
		{"bench --isa sse", "isa=sse"},
		{"bench --precision fp16", "precision=fp16"},
		{"bench --backend-config threads=1", "twice"},
		{"bench --job embroidery", "embroidery"},
		{"bench --job gemm=0", "gemm=0"},
		{"bench --backend-config speed=9", "speed"},
		{"bench --job gemm --all", "all"},
		{"bench-worker", "accepts 1 arg"},
	} {
		code, stdout, stderr := atelier(t, strings.Fields(c.args)...)
		if code != exitUsage || stdout != "" {
			t.Errorf("atelier %s: exit %d, stdout %q, want %d and nothing", c.args, code, stdout, exitUsage)
		}
		if !strings.HasPrefix(stderr, "atelier: ") || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.want) {
			t.Errorf("atelier %s: stderr %q, want one line with %q", c.args, stderr, c.want)
		}
	}
}

func TestHelp(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"", "bench"}, {"help", "devices"}, {"--help", "version"}, {"bench --help", "vggconv"}, {"help bench", "--peer"},
		{"devices -h", "isa=avx2"}, {"devices -h", "--precision"},
	} {
		code, stdout, stderr := atelier(t, strings.Fields(c.args)...)
		if code != exitOK || stderr != "" || !strings.Contains(stdout, c.want) {
			t.Errorf("atelier %s: exit %d, stderr %q, stdout without %q:\n%s", c.args, code, stderr, c.want, stdout)
		}
		if strings.Contains(stdout, benchWorkerName) {
			t.Errorf("atelier %s shows the hidden command", c.args)
		}
	}
}

func TestVersion(t *testing.T) {
	code, stdout, _ := atelier(t, "version")
	if code != exitOK || !strings.HasPrefix(stdout, "atelier ") || !strings.Contains(stdout, "go1.") {
		t.Errorf("exit %d, %q", code, stdout)
	}
}

func TestDevices(t *testing.T) {
	code, stdout, _ := atelier(t, "devices")
	if code != exitOK || !strings.Contains(stdout, "chosen") || !strings.Contains(stdout, "portable") {
		t.Errorf("exit %d, %q", code, stdout)
	}
	code, stdout, _ = atelier(t, "devices", "--json")
	var d cpu.Device
	if err := json.Unmarshal([]byte(stdout), &d); code != exitOK || err != nil || len(d.Levels) != 3 {
		t.Errorf("exit %d, %v, %+v", code, err, d)
	}
}

func TestBenchPrintsATable(t *testing.T) {
	code, stdout, stderr := atelier(t, "bench", "--job", "gemm=16", "--job", "style=4", "--n", "2", "--threads", "1", "--explain")
	if code != exitOK {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	for _, want := range []string{"peak: FMA", "gemm=16  2", "style=4", "MiB", "plan of gemm=16", "cpu:threads=1"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the table lacks %q:\n%s", want, stdout)
		}
	}
	if !strings.Contains(stderr, "[2/2] style=4") {
		t.Errorf("progress %q", stderr)
	}
}

func TestBenchPrintsJSON(t *testing.T) {
	code, stdout, stderr := atelier(t, "bench", "--job", "gemm=16", "--n", "3", "--isa", "portable", "--json")
	var r bench.Report
	if err := json.Unmarshal([]byte(stdout), &r); code != exitOK || err != nil {
		t.Fatalf("exit %d, %v, %s", code, err, stderr)
	}
	if r.Machine.ISA != "portable" || r.Peak.FMAGflops <= 0 || len(r.Results) != 1 || r.Results[0].Seconds.N != 3 {
		t.Errorf("report %+v", r)
	}
}

func TestBenchWithoutPeerSaysHowToInstallIt(t *testing.T) {
	t.Setenv("ATELIER_PYTHON", "false")
	code, _, stderr := atelier(t, "bench", "--peer", "--job", "gemm=16")
	if code != exitError || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "apt-get install python3-torch") {
		t.Errorf("exit %d, %q", code, stderr)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	if code := run(ctx, []string{"bench", "--job", "gemm=16"}, strings.NewReader(""), &out, &errs); code != exitInterrupted {
		t.Errorf("exit %d, want %d", code, exitInterrupted)
	}
	if !strings.HasSuffix(errs.String(), "atelier: interrupted\n") {
		t.Errorf("stderr %q", errs.String())
	}
}
