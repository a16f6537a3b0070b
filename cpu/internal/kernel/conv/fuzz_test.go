package conv

import (
	"slices"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/kernel/bf16"
)

// FuzzConv compares every form, algorithm and level with the naive loop on small convolutions of any geometry.
func FuzzConv(f *testing.F) {
	f.Add(uint64(1), uint8(1), uint8(8), uint8(8), uint8(16), uint8(3), uint8(3), uint8(16), uint8(0), uint8(0), int8(1), int8(1), uint8(0), uint8(8), uint8(8))
	f.Add(uint64(2), uint8(2), uint8(5), uint8(9), uint8(3), uint8(2), uint8(4), uint8(5), uint8(1), uint8(2), int8(-1), int8(3), uint8(0), uint8(3), uint8(4))
	f.Add(uint64(3), uint8(1), uint8(6), uint8(7), uint8(4), uint8(3), uint8(1), uint8(8), uint8(2), uint8(1), int8(0), int8(0), uint8(3), uint8(5), uint8(2))
	f.Fuzz(func(t *testing.T, seed uint64, n, h, w, c, kh, kw, o, stride, dilation uint8, top, left int8, groups, oh, ow uint8) {
		g := int(groups%4) + 1
		s := Spec{
			N: int(n % 4), H: int(h % 14), W: int(w % 14), C: int(c%12) * g, KH: int(kh % 6), KW: int(kw % 6), O: int(o%20) * g,
			OH: int(oh % 14), OW: int(ow % 14), StrideH: int(stride%4) + 1, StrideW: int(stride/4%4) + 1,
			DilationH: int(dilation%3) + 1, DilationW: int(dilation/3%3) + 1, PadTop: int(top % 8), PadLeft: int(left % 8), Groups: g,
		}
		everywhere(t, s, seed)
		// Other geometries reach the algorithms for 3x3 kernels too seldom.
		s.KH, s.KW, s.StrideH, s.StrideW, s.DilationH, s.DilationW, s.Groups = 3, 3, 1, 1, 1, 1, 1
		everywhere(t, s, seed)
	})
}

// everywhere runs a spec with every level and every kernel of rounded products that can run here; tiles in Go, which are slow,
// with a quarter of the seeds.
func everywhere(t *testing.T, s Spec, seed uint64) {
	t.Helper()
	for _, l := range isa.Available() {
		forms(t, s, seed, l)
	}
	for _, half := range append(slices.Clone(bf16.Kernels), bf16.PortableTiles) {
		if len(half.Missing()) == 0 && (half != bf16.PortableTiles || seed%4 == 0) {
			formsRounded(t, s, seed, half)
		}
	}
}
