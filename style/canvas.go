package style

import (
	"context"
	"math"
)

// canvas is what a picture is painted by at one size.
type canvas struct {
	h, w      int
	content   Picture // at this size, with its own colours; empty if there is none
	objective *Objective
}

// newCanvas prepares pictures and targets for a size. It must be closed.
func newCanvas(ctx context.Context, o Options, h, w int, tile Tile) (*canvas, error) {
	c := &canvas{h: h, w: w}
	if o.Content.H > 0 {
		c.content = o.Content.Resized(h, w)
	}
	spec := o.spec()
	var sources []StyleSource
	masks := o.regions()
	if spec.style() != nil {
		sources = o.sources(c.content, max(h, w))
	}
	targets, err := NewTargets(ctx, o.Network, spec, sources, tile)
	if err != nil {
		return nil, err
	}
	if spec.style() == nil {
		masks = nil
	}
	if spec.content() != nil {
		targets.Content = o.PreserveColour.contentFor(c.content)
	}
	c.objective, err = NewObjective(ctx, o.Network, spec, targets, masks, h, w, tile)
	return c, err
}

// sources are the style pictures as they are looked at when the painting's long side is long.
func (o Options) sources(content Picture, long int) []StyleSource {
	var all []StyleSource
	for i, s := range o.Styles {
		h, w := o.styleSize(s.Picture, long)
		p := o.PreserveColour.styleFor(s.Picture.Resized(h, w), content)
		all = append(all, StyleSource{Picture: p, Weight: s.Weight, Region: o.region(i)})
	}
	return all
}

// styleSize is the size at which a style picture is looked at.
func (o Options) styleSize(p Picture, long int) (h, w int) {
	side := max(1, math.Round(float64(long)*o.StyleScale))
	return fit(p.H, p.W, int(min(float64(max(p.H, p.W)), side)))
}

// region is the number of a style's region: one for each mask, in order, and one for the styles without, behind them.
func (o Options) region(style int) int {
	masks := o.masks()
	for r, m := range masks {
		if o.Styles[style].Mask == m {
			return r
		}
	}
	return len(masks)
}

// masks are those of styles, each once.
func (o Options) masks() []*Mask {
	var all []*Mask
	for _, s := range o.Styles {
		seen := s.Mask == nil
		for _, m := range all {
			seen = seen || m == s.Mask
		}
		if !seen {
			all = append(all, s.Mask)
		}
	}
	return all
}

// regions are the masks of all regions, nil if there is one region everywhere.
func (o Options) regions() []Mask {
	masks := o.masks()
	if len(masks) == 0 {
		return nil
	}
	var all []Mask
	for _, m := range masks {
		all = append(all, *m)
	}
	for _, s := range o.Styles {
		if s.Mask == nil {
			return append(all, rest(all))
		}
	}
	return all
}

// rest is what masks leave, at the size of the largest.
func rest(masks []Mask) Mask {
	h, w := 0, 0
	for _, m := range masks {
		h, w = max(h, m.H), max(w, m.W)
	}
	out := Mask{H: h, W: w, Values: make([]float32, h*w)}
	for i := range out.Values {
		out.Values[i] = 1
	}
	for _, m := range masks {
		for i, v := range m.resized(h, w).Values {
			out.Values[i] = max(0, out.Values[i]-v)
		}
	}
	return out
}
