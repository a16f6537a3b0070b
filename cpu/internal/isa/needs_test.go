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

// Products of bfloat16 need all that AVX-512 needs.
func TestMissingBF16IncludesAVX512(t *testing.T) {
	if missing := MissingBF16(); len(missing) < len(AVX512.Missing()) {
		t.Errorf("%q is missing for bfloat16, %q for AVX-512", missing, AVX512.Missing())
	}
}
