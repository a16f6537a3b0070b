package style

import (
	"errors"
	"fmt"

	"github.com/atelier-go/atelier/imageio"
)

// guide makes the masks of regions into guides: for each layer, how much each position belongs to the region. A position
// sees pixels around it; so that no style leaks over the edge, a position counts as much as the region's least pixel in
// the middle half of what it sees (Gatys et al., 2017, erode guides likewise).
func (o *Objective) guide() error {
	var problems []error
	for r, m := range o.masks {
		if m.H < 1 || m.W < 1 || len(m.Values) != m.H*m.W {
			problems = append(problems, fmt.Errorf("style: mask %d is %d by %d with %d values", r+1, m.W, m.H, len(m.Values)))
			continue
		}
		for i, v := range m.Values {
			if !(v >= 0 && v <= 1) {
				problems = append(problems, fmt.Errorf("style: mask %d has %v at (%d, %d): want 0 to 1", r+1, v, i%m.W, i/m.W))
				break
			}
		}
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	for r, m := range o.masks {
		scaled := m.resized(o.h, o.w)
		var guides [][]float32
		for _, l := range o.style {
			h, w := o.net.Size(l.Name, o.h, o.w)
			guides = append(guides, scaled.atLayer(h, w, l))
		}
		for l, g := range guides {
			if sum(g) == 0 {
				// A region narrower than what a position sees has no position to itself: it keeps those in its middle.
				guides[l] = scaled.shrunk(o.net, o.style[l])
			}
			if sum(guides[l]) == 0 {
				return fmt.Errorf("style: mask %d is empty at layer %s: make its region larger, or take layers nearer to the input", r+1, o.style[l].Name)
			}
		}
		o.guides = append(o.guides, guides)
	}
	return nil
}

// resized is the mask at another size: the mean over what becomes a pixel, or linear in between.
func (m Mask) resized(h, w int) Mask {
	if m.H == h && m.W == w {
		return m
	}
	out := Mask{H: h, W: w, Values: resized(m.Values, m.H, m.W, 1, h, w, imageio.Bilinear)}
	clamp(out.Values)
	return out
}

// atLayer erodes: the least value in the middle half of what each position sees.
func (m Mask) atLayer(h, w int, l Layer) []float32 {
	reach := l.Receptive / 4
	rows := m.Values
	// Minima along rows, then along columns.
	across := make([]float32, m.H*w)
	for y := range m.H {
		for x := range w {
			centre := min(m.W-1, x*l.Stride+l.Stride/2)
			across[y*w+x] = least(rows[y*m.W:(y+1)*m.W], 1, max(0, centre-reach), min(m.W-1, centre+reach))
		}
	}
	out := make([]float32, h*w)
	for y := range h {
		centre := min(m.H-1, y*l.Stride+l.Stride/2)
		for x := range w {
			out[y*w+x] = least(across[x:], w, max(0, centre-reach), min(m.H-1, centre+reach))
		}
	}
	return out
}

func least(v []float32, stride, from, to int) float32 {
	low := v[from*stride]
	for i := from; i <= to; i++ {
		low = min(low, v[i*stride])
	}
	return low
}

// shrunk is the mask at a layer without erosion.
func (m Mask) shrunk(n *Network, l Layer) []float32 {
	h, w := n.Size(l.Name, m.H, m.W)
	return m.resized(h, w).Values
}

func sum(v []float32) (s float64) {
	for _, x := range v {
		s += float64(x)
	}
	return s
}

func (o *Objective) guideOf(r, l int) []float32 {
	if o.guides == nil {
		return nil
	}
	return o.guides[r][l]
}

// count sums up the guides.
func (o *Objective) count() error {
	for r := range o.regions() {
		var counts []float64
		for l, layer := range o.style {
			if g := o.guideOf(r, l); g != nil {
				counts = append(counts, sum(g))
				continue
			}
			h, w := o.net.Size(layer.Name, o.h, o.w)
			counts = append(counts, float64(h*w))
		}
		o.counts = append(o.counts, counts)
	}
	return nil
}
