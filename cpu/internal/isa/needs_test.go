package isa

import "testing"

// Missing explains what Best decides; they must not come to differ.
func TestMissingAgreesWithSupported(t *testing.T) {
	for l := Portable; l <= AVX512; l++ {
		if missing := l.Missing(); (len(missing) == 0) != l.Supported() {
			t.Errorf("%v: supported %v, but missing %q", l, l.Supported(), missing)
		}
	}
}
