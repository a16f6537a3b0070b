package style

import (
	"context"
	"math"
)

// Quality says how good a painting is, whatever losses it was made with.
type Quality struct {
	// Style is S = Σ ‖M - M*‖²/‖M*‖² over style layers, without weights, of mean Gram matrices; with several regions
	// the mean of theirs by area, and with several styles in a region against their blend.
	Style float64 `json:"style"`
	// Content is C = Σ ‖F - F*‖²/‖F*‖² over content layers, without weights.
	Content float64 `json:"content"`
	// SSIM is the structural similarity of the lumas of painting and content (Wang et al., 2004), 1 for equal ones.
	SSIM float64 `json:"ssim"`
}

// Judge measures a picture [H W 3] against a content picture of any size, which may be empty, and style pictures at the
// picture's long side times o.StyleScale. The network, layers, tiles and bounds
// of memory are those of o.
func Judge(ctx context.Context, o Options, painted Picture) (Quality, error) {
	o = o.withDefaults()
	if err := painted.check("the picture"); err != nil {
		return Quality{}, err
	}
	unweighted := func(layers []LayerWeight) (all []LayerWeight) {
		for _, l := range layers {
			all = append(all, LayerWeight{l.Layer, 1})
		}
		return all
	}
	o.ContentLayers, o.StyleLayers = unweighted(o.ContentLayers), unweighted(o.StyleLayers)
	o.Losses, o.NormaliseGradients, o.TV = []LossWeight{{Gram, 1}}, false, 0
	o.ContentWeight, o.StyleWeight = 1, 1
	styled, contented := len(o.Styles) > 0, o.Content.H > 0
	switch {
	case styled && contented:
		o.Mode = Transfer
	case styled:
		o.Mode = Texture
	default:
		o.Mode = ContentOnly
	}
	o.Init, o.PreserveColour, o.Plan = InitNoise, "", nil
	var q Quality
	if !styled && !contented {
		return q, nil
	}
	if err := o.Check(); err != nil {
		return Quality{}, err
	}
	plan, size := Plan{History: o.History}, PlannedScale{Height: painted.H, Width: painted.W, Tile: o.Tile}
	if err := o.fitMemory(&plan, &size); err != nil {
		return Quality{}, err
	}
	plan.Scales = []PlannedScale{size}
	undo, err := o.limitHeap(plan)
	if err != nil {
		return Quality{}, err
	}
	defer undo()
	canvas, err := newCanvas(ctx, o, painted.H, painted.W, Tile{Side: size.Tile})
	if err != nil {
		return Quality{}, err
	}
	defer canvas.objective.Close()
	losses, err := canvas.objective.Evaluate(ctx, painted.Pixels, make([]float32, len(painted.Pixels)))
	q.Style, q.Content = losses.Style, losses.Content
	if contented {
		q.SSIM = ssim(painted, canvas.content)
	}
	return q, err
}

// Constants of SSIM for a range of 1, and the side of its windows, which are flat here, not Gaussian.
const (
	ssimC1, ssimC2 = 0.01 * 0.01, 0.03 * 0.03
	ssimSide       = 8
)

// ssim is the mean over windows of the structural similarity of lumas.
func ssim(a, b Picture) float64 {
	side := min(ssimSide, a.H, a.W)
	total, windows := 0.0, 0
	const step = ssimSide / 2
	for y := 0; y+side <= a.H; y += step {
		for x := 0; x+side <= a.W; x += step {
			total += similarity(a, b, y, x, side)
			windows++
		}
	}
	return total / float64(windows)
}

func similarity(a, b Picture, top, left, side int) float64 {
	var ma, mb, aa, bb, ab float64
	n := float64(side * side)
	for y := top; y < top+side; y++ {
		for x := left; x < left+side; x++ {
			at := (y*a.W + x) * 3
			va, vb := lumaOf(a.Pixels[at:]), lumaOf(b.Pixels[at:])
			ma, mb = ma+va/n, mb+vb/n
			aa, bb, ab = aa+va*va/n, bb+vb*vb/n, ab+va*vb/n
		}
	}
	varA, varB := math.Max(0, aa-ma*ma), math.Max(0, bb-mb*mb)
	return (2*ma*mb + ssimC1) * (2*(ab-ma*mb) + ssimC2) / ((ma*ma + mb*mb + ssimC1) * (varA + varB + ssimC2))
}
