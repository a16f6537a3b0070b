package style

import "github.com/atelier-go/atelier/imageio"

// Resized is the picture at another size, by imageio's cubic filter, limited to 0 to 1; the same size shares the pixels.
// It panics where the picture or the size has no pixels.
func (p Picture) Resized(h, w int) Picture {
	out := Picture{H: h, W: w, Pixels: resized(p.Pixels, p.H, p.W, 3, h, w, imageio.Bicubic)}
	if h != p.H || w != p.W {
		clamp(out.Pixels)
	}
	return out
}

// resized changes the size of numbers [h w c] of any range to [toH toW c]; the same size shares them.
func resized(values []float32, h, w, c, toH, toW int, f imageio.Filter) []float32 {
	if h == toH && w == toW {
		return values
	}
	out, err := imageio.ResizePlanes(values, h, w, c, toH, toW, f)
	if err != nil {
		panic(err) // sizes are checked where they come in
	}
	return out
}

// clamp limits numbers to 0 to 1.
func clamp(values []float32) {
	for i, v := range values {
		values[i] = min(1, max(0, v))
	}
}
