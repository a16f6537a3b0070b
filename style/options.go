package style

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
)

// Mode says what counts.
type Mode string

// The modes.
const (
	Transfer    Mode = "transfer" // the content of one picture in the style of others
	ContentOnly Mode = "content"  // the content alone, as its layers see it
	Texture     Mode = "texture"  // the style alone; a content picture, if there is one, gives the shape
)

// Modes are the names of the modes.
var Modes = []Mode{Transfer, ContentOnly, Texture}

// Optimizer changes pixels.
type Optimizer string

// The optimizers.
const (
	// LBFGS is limited-memory BFGS with a line search for the strong Wolfe conditions.
	LBFGS Optimizer = "lbfgs"
	// Adam is that of Kingma and Ba (2015), with moments that survive a change of scale, and averaged iterates.
	Adam Optimizer = "adam"
)

// Optimizers are the names of the optimizers.
var Optimizers = []Optimizer{LBFGS, Adam}

// StyleInput is a style picture and how it counts.
type StyleInput struct {
	Picture Picture `json:"-"`
	Weight  float64 `json:"weight,omitempty"` // among those of its region; zero means 1
	// Mask, of any size, is where the style goes: white there. Styles with the same mask share the region. Styles
	// without one share what the others' masks leave.
	Mask *Mask `json:"-"`
}

// Options say what to paint and how. Where a field's zero value makes no sense it means the default, which [Defaults]
// has; the pictures and the network have none.
type Options struct {
	Network *Network     `json:"-"`
	Content Picture      `json:"-"` // not needed by Texture
	Styles  []StyleInput `json:"styles"`

	Mode Mode `json:"mode"`
	// Size is the long side of the painting in pixels. It has the content's aspect, and is a square without.
	Size int `json:"size"`
	// Scales is how many sizes to paint at, each sqrt 2 times the one before; zero means as many as begin at 128 pixels.
	Scales int `json:"scales"`
	// Iterations at each scale; the last number counts for the scales after it too.
	Iterations []int `json:"iterations"`

	// Weights of the parts of the loss; see [Spec]. Zero is zero, so start from [Defaults].
	ContentWeight float64 `json:"content_weight"`
	StyleWeight   float64 `json:"style_weight"`
	TV            float64 `json:"tv"`
	// Layers with weights; empty means those of DefaultContentLayers and DefaultStyleLayers.
	ContentLayers []LayerWeight `json:"content_layers"`
	StyleLayers   []LayerWeight `json:"style_layers"`
	Losses        []LossWeight  `json:"losses"`
	// NormaliseGradients is Spec.Normalise.
	NormaliseGradients bool `json:"normalise_gradients"`
	// StyleScale is the style pictures' long side relative to the painting's at each scale. They are never enlarged.
	StyleScale float64 `json:"style_scale"`

	Init Init `json:"init"` // zero means InitContent for transfer, else InitSmoothNoise
	// InitPicture is where InitPicture starts.
	InitPicture Picture `json:"-"`
	// PreserveColour keeps the content's colours.
	PreserveColour Colour `json:"preserve_colour"`
	Seed           uint64 `json:"seed"` // of noise

	Optimizer Optimizer `json:"optimizer"`
	// LearningRate of Adam is about how much a pixel changes in an iteration.
	LearningRate float64 `json:"learning_rate"`
	// Average is the part of the average of Adam's iterates that stays at an iteration; negative means none is averaged.
	Average float64 `json:"average"`
	// History is how many steps L-BFGS remembers, fewer with a tight MaxMemory.
	History int `json:"history"`
	// Tolerance ends a scale when the loss has decreased by less than this part of it over ConvergedWithin iterations;
	// negative means never.
	Tolerance float64 `json:"tolerance"`

	// Tile is the side in pixels of the tiles that pictures are cut into; zero means none, or what MaxMemory needs.
	Tile int `json:"tile"`
	// MaxMemory in bytes chooses tiles and history; zero means half of what the machine has, negative no bound.
	MaxMemory int64 `json:"-"`
	// TimeBudget chooses scales and iterations, and ends the painting when it is over; zero means no bound.
	TimeBudget time.Duration `json:"-"`

	// Plan is what [Estimate] or an earlier painting gave. It counts instead of the size, scales, iterations, tiles and
	// history above, whatever the bounds. Nil means that Paint makes one.
	Plan *Plan `json:"-"`

	// Trace gets a line of JSON for each iteration; see [TraceLine].
	Trace io.Writer `json:"-"`
	// State is a file to resume from if it is there, which is written every StateEvery, when the painting is interrupted,
	// and removed when it is done. Empty means none.
	State      string        `json:"-"`
	StateEvery time.Duration `json:"-"` // zero means a minute
}

// Defaults are the options that suit most. L-BFGS comes nearer to style and content at once than Adam does with as many
// iterations. Iterations are fewer at larger sizes, which begin near their end. Total variation is as
// strong as takes the grain of single pixels away, which costs next to nothing of style and content.
func Defaults() Options {
	return Options{
		Mode:          Transfer,
		Size:          512,
		Iterations:    []int{60, 50, 40, 25, 20},
		ContentWeight: 1,
		StyleWeight:   10,
		TV:            20,
		Losses:        []LossWeight{{Gram, 1}},
		StyleScale:    1,
		Optimizer:     LBFGS,
		LearningRate:  0.02,
		Average:       0.9,
		History:       10,
		Tolerance:     1e-3,
		StateEvery:    time.Minute,
	}
}

// DefaultContentLayers is relu3_3, or what is nearest to it in the network.
func DefaultContentLayers(n *Network) []LayerWeight {
	return chooseLayers(n, []string{"relu3_3"}, 40)
}

// DefaultStyleLayers are relu1_1, relu2_1, relu3_1 and relu3_4 as far as the network has them; of a network with other
// names those that see about as much.
func DefaultStyleLayers(n *Network) []LayerWeight {
	return chooseLayers(n, []string{"relu1_1", "relu2_1", "relu3_1", "relu3_4"}, 3, 10, 24, 48)
}

// chooseLayers are those of the names that are there, or else those with about such receptive fields.
func chooseLayers(n *Network, names []string, receptive ...int) []LayerWeight {
	var chosen []LayerWeight
	all := n.Layers()
	add := func(name string) {
		if !slices.ContainsFunc(chosen, func(l LayerWeight) bool { return l.Layer == name }) {
			chosen = append(chosen, LayerWeight{name, 1})
		}
	}
	for _, name := range names {
		if slices.ContainsFunc(all, func(l Layer) bool { return l.Name == name }) {
			add(name)
		}
	}
	if len(chosen) == len(names) {
		return chosen
	}
	distance := func(l Layer, r int) float64 { return math.Abs(math.Log(float64(l.Receptive) / float64(r))) }
	chosen = nil
	for _, r := range receptive {
		if len(all) > 0 {
			add(slices.MinFunc(all, func(a, b Layer) int { return int(math.Copysign(1, distance(a, r)-distance(b, r))) }).Name)
		}
	}
	return chosen
}

// withDefaults fills in what is not said.
func (o Options) withDefaults() Options {
	d := Defaults()
	fill(&o.Mode, d.Mode)
	fill(&o.Size, d.Size)
	fill(&o.StyleScale, d.StyleScale)
	fill(&o.Optimizer, d.Optimizer)
	fill(&o.LearningRate, d.LearningRate)
	fill(&o.Average, d.Average)
	fill(&o.History, d.History)
	fill(&o.Tolerance, d.Tolerance)
	fill(&o.StateEvery, d.StateEvery)
	if len(o.Iterations) == 0 {
		o.Iterations = d.Iterations
	}
	if len(o.Losses) == 0 {
		o.Losses = d.Losses
	}
	if o.Init == "" {
		o.Init = InitSmoothNoise
		if o.Mode == Transfer {
			o.Init = InitContent
		}
	}
	if len(o.ContentLayers) == 0 && o.Network != nil {
		o.ContentLayers = DefaultContentLayers(o.Network)
	}
	if len(o.StyleLayers) == 0 && o.Network != nil {
		o.StyleLayers = DefaultStyleLayers(o.Network)
	}
	return o
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Check says everything that is wrong with the options, before anything is computed.
func (o Options) Check() error {
	o = o.withDefaults()
	var problems []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf("style: "+format, args...))
		}
	}
	if o.Network == nil {
		want(false, "there is no network")
		return errors.Join(problems...)
	}
	want(slices.Contains(Modes, o.Mode), "there is no mode %q: want %s", o.Mode, list(Modes))
	want(o.Size >= 1 && o.Size <= maxSide, "Size is %d: want 1 to %d", o.Size, maxSide)
	want(o.Scales >= 0 && o.Scales <= maxScales, "Scales is %d: want 1 to %d, or 0 for as many as suit", o.Scales, maxScales)
	for i, n := range o.Iterations {
		want(n >= 1, "Iterations of scale %d are %d: want at least 1", i+1, n)
	}
	want(positive(o.StyleScale), "StyleScale is %v: want a number above 0", o.StyleScale)
	want(slices.Contains(Inits, o.Init), "there is no init %q: want %s", o.Init, list(Inits))
	want(o.PreserveColour == "" || slices.Contains(Colours, o.PreserveColour), "there is no way to preserve colour %q: want %s", o.PreserveColour, list(Colours))
	want(slices.Contains(Optimizers, o.Optimizer), "there is no optimizer %q: want %s", o.Optimizer, list(Optimizers))
	want(positive(o.LearningRate), "LearningRate is %v: want a number above 0", o.LearningRate)
	want(o.Average < 1 && !math.IsInf(o.Average, -1), "Average is %v: want a number below 1", o.Average)
	want(o.History >= 1 && o.History <= maxHistory, "History is %d: want 1 to %d", o.History, maxHistory)
	want(o.Tolerance < 1 && !math.IsInf(o.Tolerance, -1), "Tolerance is %v: want a number below 1", o.Tolerance)
	want(o.Tile >= 0 && o.Tile <= maxSide, "Tile is %d: want 1 to %d, or 0 for no tiles", o.Tile, maxSide)
	want(o.TimeBudget >= 0, "TimeBudget is %v: want a positive time, or 0 for no bound", o.TimeBudget)
	if o.Plan != nil {
		problems = append(problems, o.Plan.check(o))
	}
	want(o.StateEvery > 0, "StateEvery is %v: want a positive time", o.StateEvery)
	problems = append(problems, o.checkPictures()...)
	if slices.Contains(Modes, o.Mode) {
		problems = append(problems, o.spec().check(o.Network))
	}
	return errors.Join(problems...)
}

// maxSide, maxScales and maxHistory keep sizes where they can be computed with.
const (
	maxSide    = 1 << 16
	maxScales  = 32
	maxHistory = 1000
)

// checkPictures wants what the mode, the colours and the start need.
func (o Options) checkPictures() []error {
	var problems []error
	missing := func(why string) {
		problems = append(problems, fmt.Errorf("style: there is no content picture: %s", why))
	}
	switch {
	case o.Content.H != 0 || o.Content.W != 0 || o.Content.Pixels != nil:
		problems = append(problems, checkInput(o.Content, "the content picture"))
	case o.Mode != Texture:
		missing(fmt.Sprintf("mode %s needs one", o.Mode))
	case o.Init == InitContent:
		missing("init content needs one")
	case o.PreserveColour != "":
		missing("colours are preserved of one")
	}
	if o.Mode != ContentOnly && len(o.Styles) == 0 {
		problems = append(problems, fmt.Errorf("style: there is no style picture: mode %s needs one", o.Mode))
	}
	if o.Init == InitStyleStats && len(o.Styles) == 0 {
		problems = append(problems, errors.New("style: there is no style picture: init style-stats needs one"))
	}
	if o.Init == InitPicture {
		problems = append(problems, checkInput(o.InitPicture, "the picture to start from"))
	}
	for i, s := range o.Styles {
		problems = append(problems, checkInput(s.Picture, fmt.Sprintf("style picture %d", i+1)))
		if !(s.Weight >= 0) || math.IsInf(s.Weight, 0) {
			problems = append(problems, fmt.Errorf("style: the weight of style picture %d is %v: want a number above 0", i+1, s.Weight))
		}
	}
	return problems
}

// checkInput wants pixels that can be computed with.
func checkInput(p Picture, what string) error {
	if err := p.check(what); err != nil {
		return err
	}
	for i, v := range p.Pixels {
		if !(v >= 0 && v <= 1) {
			return fmt.Errorf("style: %s has %v at row %d, column %d: want 0 to 1", what, v, i/3/p.W, i/3%p.W)
		}
	}
	return nil
}

func positive(v float64) bool { return v > 0 && !math.IsInf(v, 0) }

// list is the names in a sentence.
func list[T ~string](names []T) string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = string(n)
	}
	return strings.Join(all, ", ")
}

// spec is what the picture is judged by, in this mode.
func (o Options) spec() Spec {
	s := Spec{ContentLayers: o.ContentLayers, StyleLayers: o.StyleLayers, Losses: o.Losses,
		Content: o.ContentWeight, Style: o.StyleWeight, TV: o.TV, Normalise: o.NormaliseGradients}
	switch o.Mode {
	case ContentOnly:
		s.Style = 0
	case Texture:
		s.Content = 0
	}
	return s
}

// iterations of a scale.
func (o Options) iterations(scale int) int { return o.Iterations[min(scale, len(o.Iterations)-1)] }
