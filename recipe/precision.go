package recipe

import (
	"fmt"
	"slices"
	"strings"
)

// Precision is what the backend makes of the operands of convolutions and matrix products: "float32" takes them as they
// are, "bf16" rounds them to bfloat16 and sums in float32, "auto" does so for the shapes that it makes faster. Empty
// means float32. Weights, statistics, losses and optimizers are float32 with all of them, but for
// the products of matrices in Muon.
type Precision string

var precisions = []string{"float32", "bf16", "auto"}

// UnmarshalText wants one of the three.
func (p *Precision) UnmarshalText(text []byte) error {
	if !slices.Contains(precisions, string(text)) {
		return fmt.Errorf("%q is not one of %s%s", text, strings.Join(precisions, ", "), suggest(string(text), precisions))
	}
	*p = Precision(text)
	return nil
}
