package data

import (
	"fmt"
	"image"
	"math"
	"math/rand/v2"

	"github.com/atelier-go/atelier/imageio"
)

// RandomResizedCrop cuts out a part of random area and shape and scales it to a square (Szegedy et al. 2015), as
// torchvision does: the part's area is a uniform share of the picture's, its width:height log-uniform; after ten tries
// that do not fit, the largest part in the middle whose shape is allowed.
type RandomResizedCrop struct {
	Size   int            `json:"size"`   // pixels of the result's side
	Scale  [2]float64     `json:"scale"`  // smallest and largest share of the area; zero: 0.08 and 1
	Ratio  [2]float64     `json:"ratio"`  // smallest and largest width:height; zero: 3/4 and 4/3
	Filter imageio.Filter `json:"filter"` // the zero value is bilinear
}

func (t RandomResizedCrop) bounds() (scale, ratio [2]float64) {
	scale, ratio = t.Scale, t.Ratio
	if scale == [2]float64{} {
		scale = [2]float64{0.08, 1}
	}
	if ratio == [2]float64{} {
		ratio = [2]float64{3. / 4, 4. / 3}
	}
	return scale, ratio
}

// Check says what is wrong with the settings.
func (t RandomResizedCrop) Check() error {
	if err := wantSize("RandomResizedCrop", t.Size); err != nil {
		return err
	}
	scale, ratio := t.bounds()
	if !(scale[0] > 0 && scale[0] <= scale[1] && scale[1] <= 1) {
		return fmt.Errorf("data: RandomResizedCrop: Scale is %v, want 0 < smallest <= largest <= 1", scale)
	}
	if !(ratio[0] > 0 && ratio[0] <= ratio[1]) || math.IsInf(ratio[1], 0) {
		return fmt.Errorf("data: RandomResizedCrop: Ratio is %v, want 0 < smallest <= largest", ratio)
	}
	return t.Filter.Check()
}

// Apply cuts out a part and scales it.
func (t RandomResizedCrop) Apply(r *rand.Rand, p Picture) (Picture, error) { return alone(t, r, p) }

func (t RandomResizedCrop) apply(r *rand.Rand, p Picture, b *buffers) (Picture, error) {
	return b.resize(t.Size, t.Size, p, t.part(r, p.H, p.W), t.Filter)
}

// part chooses what to cut out of a picture of h by w pixels.
func (t RandomResizedCrop) part(r *rand.Rand, h, w int) image.Rectangle {
	scale, ratio := t.bounds()
	low, high := math.Log(ratio[0]), math.Log(ratio[1])
	for range 10 {
		area := float64(h*w) * uniform(r, scale[0], scale[1])
		aspect := math.Exp(uniform(r, low, high))
		pw := int(math.RoundToEven(math.Sqrt(area * aspect)))
		ph := int(math.RoundToEven(math.Sqrt(area / aspect)))
		if pw > 0 && pw <= w && ph > 0 && ph <= h {
			y, x := r.IntN(h-ph+1), r.IntN(w-pw+1)
			return image.Rect(x, y, x+pw, y+ph)
		}
	}
	return middle(h, w, ratio)
}

// middle is the largest part in the middle of h by w pixels whose shape is allowed.
func middle(h, w int, ratio [2]float64) image.Rectangle {
	ph, pw := h, w
	switch aspect := float64(w) / float64(h); {
	case aspect < ratio[0]:
		ph = int(math.RoundToEven(float64(w) / ratio[0]))
	case aspect > ratio[1]:
		pw = int(math.RoundToEven(float64(h) * ratio[1]))
	}
	ph, pw = min(max(ph, 1), h), min(max(pw, 1), w)
	y, x := (h-ph)/2, (w-pw)/2
	return image.Rect(x, y, x+pw, y+ph)
}

func uniform(r *rand.Rand, low, high float64) float64 { return low + (high-low)*r.Float64() }
