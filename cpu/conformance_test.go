package cpu_test

import (
	"testing"

	"github.com/gomlx/compute/support/backendtest"

	"github.com/atelier-go/atelier/cpu"
	"github.com/atelier-go/atelier/cpu/internal/isa"
)

// TestConformance runs GoMLX's tests of backends, at the lowest and the highest level of kernels, and with every pass
// switched off.
func TestConformance(t *testing.T) {
	configs := map[string]cpu.Config{
		"portable":  {ISA: isa.Portable.String()},
		"best":      {ISA: isa.Best().String()},
		"one":       {Threads: 1},
		"no passes": {Disable: []string{"all"}},
	}
	for name, c := range configs {
		t.Run(name, func(t *testing.T) {
			b, err := cpu.New(c)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Finalize()
			backendtest.RunAll(t, b, nil)
		})
	}
}
