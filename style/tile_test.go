package style

import "testing"

// Tiles own every pixel once, have what they see in their windows, and no two windows more in common than that.
func TestSpans(t *testing.T) {
	for _, stride := range []int{1, 2, 4} {
		for n := 1; n < 260; n++ {
			for _, side := range []int{0, 4, 24, 64} {
				const halo = 12
				all, window := spans(n, side, halo, stride)
				owned := 0
				for i, s := range all {
					if s.from != owned || s.to <= s.from || s.start%stride != 0 || s.from%stride != 0 || s.start < 0 || s.start+window > n {
						t.Fatalf("%d pixels in tiles of %d, stride %d: tile %d is %+v in a window of %d", n, side, stride, i, s, window)
					}
					if s.start > max(0, s.from-halo) || s.start+window < min(n, s.to+halo) {
						t.Fatalf("%d pixels in tiles of %d, stride %d: tile %d, %+v, sees beyond its window of %d", n, side, stride, i, s, window)
					}
					owned = s.to
				}
				if owned != n || side == 0 && len(all) != 1 || len(all) > 1 && window > side+2*halo+stride {
					t.Fatalf("%d pixels in tiles of %d, stride %d: %+v in windows of %d", n, side, stride, all, window)
				}
				if len(all) > 1 && len(all) > (n-2*halo+side-1)/side {
					t.Fatalf("%d pixels in tiles of %d, stride %d: %d of them", n, side, stride, len(all))
				}
			}
		}
	}
}
