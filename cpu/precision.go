package cpu

import (
	"fmt"
	"strings"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/kernel/bf16"
)

// precision is what operands become at a level of kernels: what was asked for where it can be had. c is checked.
func (c Config) precision(level isa.Level) isa.Precision {
	p, err := isa.ParsePrecision(c.Precision)
	if err != nil || p == isa.Float32 || bf16.For(level) == nil {
		return isa.Float32
	}
	// The portable kernels are a reference that is asked for by name; elsewhere they would only be slow.
	if level == isa.Portable && (c.ISA == "" || p == isa.Auto) {
		return isa.Float32
	}
	return p
}

// PrecisionNotice says why the precision that was asked for is not used, for people. It is empty where it is used.
func (c Config) PrecisionNotice() string {
	level, err := c.check()
	if err != nil || c.Precision == "" || c.Precision == isa.Float32.String() || c.precision(level) != isa.Float32 {
		return ""
	}
	why := fmt.Sprintf("kernels of level %v have none", level)
	if missing := isa.MissingBF16(); len(missing) > 0 {
		why = "missing: " + strings.Join(missing, ", ")
	}
	return fmt.Sprintf("precision %s: there are no products of bfloat16 here (%s), so that float32 is used", c.Precision, why)
}

// precisions describes what precision= can do on this machine.
func precisions() []Precision {
	ps := []Precision{{Name: isa.Float32.String(), Available: true, Reason: "the default"}}
	c := Config{Precision: isa.BF16.String()}
	half := Precision{Name: c.Precision, Available: c.PrecisionNotice() == ""}
	if half.Available {
		used := bf16.For(isa.Best())
		half.Reason = "products by " + used.Name
		for _, k := range bf16.Kernels {
			if missing := k.Missing(); k.ISA == used.ISA && len(missing) > 0 {
				half.Reason += fmt.Sprintf("; for %s there is missing: %s", k.Name, strings.Join(missing, ", "))
			}
		}
	} else {
		half.Reason = "missing: " + strings.Join(isa.MissingBF16(), ", ")
	}
	return append(ps, half)
}
