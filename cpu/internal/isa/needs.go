package isa

import "github.com/klauspost/cpuid/v2"

// needs lists the processor features of each level, in the words of its maker.
var needs = map[Level][]cpuid.FeatureID{
	AVX2:   {cpuid.AVX2, cpuid.FMA3, cpuid.F16C},
	AVX512: {cpuid.AVX2, cpuid.FMA3, cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL},
}

// Missing says what keeps level l from running here: "assembly (this build has none)" or the names of processor
// features. It is empty exactly where l is supported.
func (l Level) Missing() []string {
	if l == Portable {
		return nil
	}
	if !asm {
		return []string{"assembly (this build has none)"}
	}
	var missing []string
	for _, f := range needs[l] {
		if !cpuid.CPU.Supports(f) {
			missing = append(missing, f.String())
		}
	}
	return missing
}
