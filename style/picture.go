package style

import "fmt"

// Picture is [H W 3], sRGB in 0 to 1.
type Picture struct {
	H, W   int
	Pixels []float32
}

func (p Picture) check(what string) error {
	if p.H < 1 || p.W < 1 || len(p.Pixels) != p.H*p.W*3 {
		return fmt.Errorf("style: %s is %d by %d with %d numbers: want three for each of at least one pixel", what, p.W, p.H, len(p.Pixels))
	}
	return nil
}

// Mask is [H W], from 0, where it does not apply, to 1.
type Mask struct {
	H, W   int
	Values []float32
}
