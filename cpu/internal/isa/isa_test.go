package isa_test

import (
	"os"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/isa"
)

func TestParseReadsWhatStringWrites(t *testing.T) {
	for l := isa.Portable; l <= isa.AVX512; l++ {
		got, err := isa.Parse(l.String())
		if err != nil || got != l {
			t.Errorf("Parse(%q) = %v, %v", l, got, err)
		}
	}
	if _, err := isa.Parse("avx9"); err == nil {
		t.Error("Parse accepts avx9")
	}
}

func TestAvailableEndsAtBest(t *testing.T) {
	ls := isa.Available()
	if ls[0] != isa.Portable || ls[len(ls)-1] != isa.Best() {
		t.Errorf("Available() = %v, Best() = %v", ls, isa.Best())
	}
	for _, l := range ls {
		if !l.Supported() {
			t.Errorf("%v is available but not supported", l)
		}
	}
}

// The emulated machine of script/emulate-avx512 has AVX-512; if it were not seen, every test of its kernels would skip.
func TestEmulatedMachineHasAVX512(t *testing.T) {
	if os.Getenv("ATELIER_EMULATED") == "" {
		t.Skip("not in the emulator")
	}
	if isa.Best() != isa.AVX512 {
		t.Errorf("Best() = %v in the emulator", isa.Best())
	}
}

func TestParsePrecisionReadsWhatStringWrites(t *testing.T) {
	for p := isa.Float32; p <= isa.Auto; p++ {
		if got, err := isa.ParsePrecision(p.String()); err != nil || got != p {
			t.Errorf("ParsePrecision(%q) = %v, %v", p, got, err)
		}
	}
	if _, err := isa.ParsePrecision("fp16"); err == nil {
		t.Error("ParsePrecision accepts fp16")
	}
}
