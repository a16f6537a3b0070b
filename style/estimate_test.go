package style

import (
	"math"
	"testing"
	"time"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// plain is a network of one layer that is as fine as the picture; nothing is computed with it.
type plain struct{}

func (plain) Layers() []Layer                             { return []Layer{{Name: "all", Channels: 8, Stride: 1, Receptive: 5}} }
func (plain) Size(_ string, h, w int) (height, width int) { return h, w }
func (plain) Build(*model.Scope, *graph.Node, []string) []*graph.Node {
	panic("nothing is to be computed")
}

func blank(h, w int) Picture { return Picture{H: h, W: w, Pixels: make([]float32, h*w*3)} }

// ofPlain are options with styles of those sides, each with its mask.
func ofPlain(sides []int, masks ...*Mask) Options {
	o := Defaults()
	o.Network, o.Content = &Network{Features: plain{}, Store: model.NewStore()}, blank(30, 40)
	for i, side := range sides {
		o.Styles = append(o.Styles, StyleInput{Picture: blank(side, side), Mask: masks[i]})
	}
	return o.withDefaults()
}

// A plan takes the time of its evaluations, one more at each scale and a few for line searches with L-BFGS, and that of
// preparing the picture and all styles.
func TestTimeOfAPlan(t *testing.T) {
	s := speed{evaluation: line{fixed: 0.5, pixel: 1e-4}, prepare: line{fixed: 2, pixel: 1e-5}}
	const evaluation = 0.5 + 1e-4*30*40
	prepare := 2 + 1e-5*(30*40+20*20+10*10)
	for optimizer, evaluations := range map[Optimizer]float64{Adam: 50, LBFGS: 50*searchEvaluations + 1} {
		o := ofPlain([]int{20, 10}, nil, nil)
		o.Optimizer = optimizer
		p := Plan{Scales: []PlannedScale{{Height: 30, Width: 40, Iterations: 50}, {Height: 30, Width: 40, Iterations: 50}}}
		if err := o.time(&p, s); err != nil {
			t.Fatal(err)
		}
		want := 2 * (evaluations*evaluation + prepare)
		if got := p.Time.Seconds(); math.Abs(got-want) > 1e-6 || p.Scales[1].Time != p.Time/2 {
			t.Errorf("%s: %v for the plan and %v for a scale, want %v s", optimizer, p.Time, p.Scales[1].Time, want)
		}
	}
}

// Memory costs time where a scale is the first to need it.
func TestTimeOfMemory(t *testing.T) {
	o := ofPlain([]int{20}, nil)
	p := Plan{Scales: []PlannedScale{
		{Height: 30, Width: 40, Iterations: 1, Bytes: 300}, {Height: 30, Width: 40, Iterations: 1, Bytes: 200},
		{Height: 30, Width: 40, Iterations: 1, Bytes: 1000},
	}}
	if err := o.time(&p, speed{memory: 0.01}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []time.Duration{3 * time.Second, 0, 7 * time.Second} {
		if got := p.Scales[i].Time.Round(time.Microsecond); got != want {
			t.Errorf("scale %d takes %v, want %v", i+1, got, want)
		}
	}
	// Fewer iterations do not make memory cheaper: beside 10 s for it, half of the evaluations fit into 10 s and their half.
	s := speed{memory: 0.01, evaluation: line{fixed: 1}}
	if err := o.time(&p, s); err != nil {
		t.Fatal(err)
	}
	evaluations := p.Time.Seconds() - 10
	if fraction := o.affordable(p, s, 10+evaluations/2); math.Abs(fraction-0.5) > 1e-6 {
		t.Errorf("%v of the iterations fit, want half", fraction)
	}
}

// Tiles cost their surroundings and another pass.
func TestTimeOfTiles(t *testing.T) {
	s := speed{evaluation: line{pixel: 1e-4}}
	o := ofPlain([]int{20}, nil)
	seconds := func(scale PlannedScale) float64 {
		evaluation, _, err := o.scaleTime(scale, s)
		if err != nil {
			t.Fatal(err)
		}
		return evaluation
	}
	whole := seconds(PlannedScale{Height: 30, Width: 40})
	kept := seconds(PlannedScale{Height: 30, Width: 40, Tile: 10, Keep: true})
	anew := seconds(PlannedScale{Height: 30, Width: 40, Tile: 10})
	if !(kept > whole*(1+tilePasses) && math.Abs(anew/kept-(1+2*tilePasses)/(1+tilePasses)) < 1e-9) {
		t.Errorf("whole %v s, in tiles that keep the content's features %v s, others %v s", whole, kept, anew)
	}
}

// What is measured has the options' regions: one for each mask, and one for the styles without.
func TestLikeStylesKeepsRegions(t *testing.T) {
	sky, ground := &Mask{H: 1, W: 1, Values: []float32{1}}, &Mask{H: 1, W: 1, Values: []float32{0}}
	o := ofPlain([]int{20, 20, 20, 20}, sky, ground, nil, sky)
	like := o
	like.Styles = o.likeStyles(blank(12, 12))
	if len(like.Styles) != 4 {
		t.Fatalf("%d styles, want 4", len(like.Styles))
	}
	for i := range like.Styles {
		if like.region(i) != o.region(i) {
			t.Errorf("style %d is of region %d, want %d", i+1, like.region(i), o.region(i))
		}
	}
	for r, m := range like.regions() {
		if got := sum(m.Values); got != 12*12/3 {
			t.Errorf("region %d has %v pixels, want %v", r+1, got, 12*12/3)
		}
	}
	if free := ofPlain([]int{20}, nil); free.likeStyles(blank(12, 12))[0].Mask != nil {
		t.Error("a style without a mask gets one")
	}
}

// Masks take memory, as each region has features of its own at the style layers, and so does counting features.
func TestMasksAndHistogramsTakeMemory(t *testing.T) {
	mask := &Mask{H: 1, W: 1, Values: []float32{1}}
	bytes := func(o Options) int64 {
		n, err := o.bytesAt(300, 400, Tile{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	free, masked := bytes(ofPlain([]int{20, 20}, nil, nil)), bytes(ofPlain([]int{20, 20}, mask, nil))
	if more, least := masked-free, int64(2*300*400*8*float); more < least || more > 2*least {
		t.Errorf("two regions take %d bytes more, want from %d on", more, least)
	}
	o := ofPlain([]int{20, 20}, nil, nil)
	o.Losses = []LossWeight{{Histogram, 1}}
	if more, least := bytes(o)-free, int64(300*400*8*float+8*8*fineBins); more < least {
		t.Errorf("the histogram loss takes %d bytes more, want at least %d", more, least)
	}
}

// A line through two measurements rises even where the smaller picture took longer.
func TestThrough(t *testing.T) {
	if l := through(100, 2, 200, 3); math.Abs(l.fixed-1) > 1e-9 || math.Abs(l.pixel-0.01) > 1e-9 {
		t.Errorf("through (100, 2) and (200, 3): %+v", l)
	}
	if l := through(100, 4, 200, 3); !(l.pixel > 0 && l.fixed >= 0 && math.Abs(l.fixed+200*l.pixel-3) < 1e-9) {
		t.Errorf("through (100, 4) and (200, 3): %+v", l)
	}
}
