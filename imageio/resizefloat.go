package imageio

import "fmt"

// ResizeFloat gives a picture another size, by the filters of Resize, in sRGB as PIL does. Results are limited to 0..1.
// Where there is alpha, colours count as much as they are opaque, so that what is transparent bleeds into nothing.
func ResizeFloat(p Float, h, w int, f Filter) (Float, error) {
	if err := p.Check(); err != nil {
		return Float{}, fmt.Errorf("imageio: ResizeFloat: %w", err)
	}
	rgb := p.RGB
	if p.Alpha != nil {
		rgb = premultiplied(p)
	}
	dst := Float{H: h, W: w}
	var err error
	if dst.RGB, err = ResizePlanes(rgb, p.H, p.W, 3, h, w, f); err != nil {
		return Float{}, err
	}
	if p.Alpha != nil {
		if dst.Alpha, err = ResizePlanes(p.Alpha, p.H, p.W, 1, h, w, f); err != nil {
			return Float{}, err
		}
		divide(dst)
	}
	for i, v := range dst.RGB {
		dst.RGB[i] = min(max(v, 0), 1)
	}
	for i, v := range dst.Alpha {
		dst.Alpha[i] = min(max(v, 0), 1)
	}
	return dst, nil
}

func premultiplied(p Float) []float32 {
	rgb := make([]float32, len(p.RGB))
	for i, a := range p.Alpha {
		for k := 3 * i; k < 3*i+3; k++ {
			rgb[k] = p.RGB[k] * a
		}
	}
	return rgb
}

// divide undoes premultiplied. Where hardly anything is opaque there is no colour to be had.
func divide(p Float) {
	const least = 1. / 65535 / 2
	for i, a := range p.Alpha {
		for k := 3 * i; k < 3*i+3; k++ {
			if a < least {
				p.RGB[k] = 0
			} else {
				p.RGB[k] /= a
			}
		}
	}
}

// ResizePlanes resizes numbers [H W C] of any range to [h w C]: masks, moments of an optimizer. Nothing is rounded or
// limited; filters but Bilinear and Box overshoot at edges.
func ResizePlanes(values []float32, height, width, c, h, w int, f Filter) ([]float32, error) {
	switch {
	case height <= 0 || width <= 0 || c <= 0 || len(values) != height*width*c:
		return nil, fmt.Errorf("imageio: ResizePlanes: %d numbers for %dx%dx%d", len(values), height, width, c)
	case h <= 0 || w <= 0:
		return nil, fmt.Errorf("imageio: ResizePlanes to %dx%d: want 1 or more", h, w)
	}
	if err := f.Check(); err != nil {
		return nil, err
	}
	middle := make([]float32, height*w*c)
	columns := weightsOf(width, w, f)
	for y := range height {
		alongFloat(middle[y*w*c:(y+1)*w*c], values[y*width*c:], c, columns)
	}
	dst := make([]float32, h*w*c)
	for y, v := range weightsOf(height, h, f) {
		row := dst[y*w*c : (y+1)*w*c]
		for i, weight := range v.weights {
			in := middle[(v.first+i)*w*c:][:w*c]
			for x := range row {
				row[x] += float32(weight * in[x])
			}
		}
	}
	return dst, nil
}

// weighted are the weights of an output position, from the first input position that they are of.
type weighted struct {
	first   int
	weights []float32
}

func weightsOf(in, out int, f Filter) []weighted {
	w := newWindow(in, out, f)
	scratch := make([]float64, w.taps())
	all := make([]weighted, out)
	for o := range all {
		first, weights := w.weigh(scratch, o)
		all[o] = weighted{first, make([]float32, len(weights))}
		for i, v := range weights {
			all[o].weights[i] = float32(v)
		}
	}
	return all
}

// alongFloat resizes one row of c numbers a position.
func alongFloat(dst, src []float32, c int, columns []weighted) {
	for o, v := range columns {
		d := dst[o*c : (o+1)*c]
		for i, weight := range v.weights {
			in := src[(v.first+i)*c:][:len(d)]
			for k := range d {
				d[k] += float32(weight * in[k])
			}
		}
	}
}
