package isa

import "github.com/klauspost/cpuid/v2"

// MissingBF16 says what keeps AVX-512's products of bfloat16 from running here, in the words of [Level.Missing]. It is
// empty where they can.
func MissingBF16() []string {
	missing := AVX512.Missing()
	if asm && !cpuid.CPU.Supports(cpuid.AVX512BF16) {
		missing = append(missing, cpuid.AVX512BF16.String())
	}
	return missing
}
