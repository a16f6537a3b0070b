package cpu_test

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/cpu"
	"github.com/atelier-go/atelier/cpu/internal/isa"
)

func TestParseConfig(t *testing.T) {
	got, err := cpu.ParseConfig(" threads=3, isa=portable,precision=bf16,memory=2GiB,disable=cse+fold,profile=1")
	if err != nil {
		t.Fatal(err)
	}
	const want = "threads=3,isa=portable,precision=bf16,memory=2147483648,disable=cse+fold,profile=1"
	if got.String() != want {
		t.Errorf("got %q, want %q", got.String(), want)
	}
	again, err := cpu.ParseConfig(got.String())
	if err != nil || again.String() != want {
		t.Errorf("its own string is read as %q, %v", again.String(), err)
	}
	if empty, err := cpu.ParseConfig(""); err != nil || empty.String() != "" {
		t.Errorf("the empty string is read as %q, %v", empty.String(), err)
	}
}

func TestParseConfigMemory(t *testing.T) {
	for s, want := range map[string]int64{"1": 1, "3K": 3 << 10, "3KiB": 3 << 10, "5M": 5 << 20, "5MiB": 5 << 20, "7G": 7 << 30, "7GiB": 7 << 30} {
		if c, err := cpu.ParseConfig("memory=" + s); err != nil || c.Memory != want {
			t.Errorf("memory=%s: got %d, %v, want %d", s, c.Memory, err, want)
		}
	}
}

// TestParseConfigErrors checks that a message says what is wrong and what would be right.
func TestParseConfigErrors(t *testing.T) {
	for s, want := range map[string][]string{
		"thread=2":              {`"thread"`, "disable, isa, memory, precision, profile, threads"},
		"threads":               {"threads=", "1 or more"},
		"threads=0":             {"threads=0", "1 or more"},
		"threads=x":             {"threads=x", "1 or more"},
		"threads=1,threads=2":   {"threads", "twice"},
		"isa=sse":               {"isa=sse", "portable, avx2 or avx512"},
		"precision=fp16":        {"precision=fp16", "float32, bf16 or auto"},
		"precision=":            {"precision=", "float32, bf16 or auto"},
		"memory=lots":           {"memory=lots", "GiB"},
		"memory=-1":             {"memory=-1", "GiB"},
		"memory=99999999999GiB": {"memory=", "GiB"},
		"disable=nothing":       {`"nothing"`, "cse"},
		"profile=yes":           {"profile=yes", "0 or 1"},
	} {
		_, err := cpu.ParseConfig(s)
		if err == nil {
			t.Errorf("%q is accepted", s)
			continue
		}
		for _, part := range append(want, "cpu: ") {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q: the error %q does not say %q", s, err, part)
			}
		}
	}
	if isa.Best() < isa.AVX512 {
		if _, err := cpu.ParseConfig("isa=avx512"); err == nil || !strings.Contains(err.Error(), "not supported here") {
			t.Errorf("isa=avx512 where the best is %v: %v", isa.Best(), err)
		}
	}
}

func TestNewChecksConfig(t *testing.T) {
	for _, c := range []cpu.Config{{Threads: -1}, {Memory: -1}, {ISA: "x"}, {Precision: "x"}, {Disable: []string{"x"}}} {
		if _, err := cpu.New(c); err == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}

// TestDefault checks that a program that imports no other backend gets this one, and that it says what it is.
func TestDefault(t *testing.T) {
	_, chosen := os.LookupEnv(compute.ConfigEnvVar) // when the package was initialised
	t.Setenv(compute.ConfigEnvVar, "cpu:threads=1")
	b, err := compute.New()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	if b.Name() != "cpu" || !strings.Contains(b.Description(), "1 threads") {
		t.Errorf("got %s: %s", b.Name(), b.Description())
	}
	if !chosen && compute.DefaultConfig != "cpu" {
		t.Errorf("the default is %q", compute.DefaultConfig)
	}
	if !strings.Contains(b.DeviceDescription(0), runtime.GOARCH) || b.NumDevices() != 1 {
		t.Errorf("device 0 of %d is %q", b.NumDevices(), b.DeviceDescription(0))
	}
}
