package cpu_test

import (
	"strings"
	"testing"

	"github.com/atelier-go/atelier/cpu"
	"github.com/atelier-go/atelier/cpu/internal/isa"
)

// TestPrecisionNotice wants a notice exactly where bf16 cannot be had.
func TestPrecisionNotice(t *testing.T) {
	for s, want := range map[string]bool{
		"":                             false,
		"precision=float32":            false,
		"precision=bf16":               len(isa.MissingBF16()) > 0,
		"precision=auto":               len(isa.MissingBF16()) > 0,
		"isa=portable,precision=bf16":  false, // the reference
		"isa=portable,precision=auto":  true,
		"isa=avx2,precision=bf16":      true,
		"isa=avx2,precision=float32":   false,
		"isa=avx512,precision=bf16":    len(isa.MissingBF16()) > 0,
		"isa=avx512,precision=float32": false,
	} {
		c, err := cpu.ParseConfig(s)
		if err != nil {
			if level, _, _ := strings.Cut(s, ","); strings.HasPrefix(level, "isa=") {
				continue // this machine has no such level
			}
			t.Fatal(err)
		}
		if got := c.PrecisionNotice(); (got != "") != want {
			t.Errorf("%q: notice %q, want one: %v", s, got, want)
		}
	}
}
