package nn_test

import "testing"

// Every layer's gradients, to second order, against central differences.
func TestGradients(t *testing.T) {
	for _, c := range layerCases() {
		t.Run(c.name, func(t *testing.T) { check(t, c.f, c.in...) })
	}
}
