package style_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/style"
)

// small are options for a quick painting with the toy network.
func small(t *testing.T) style.Options {
	o := style.Defaults()
	o.Network = toyNetwork(t)
	o.Content, o.Styles = noise(40, 56, 1), []style.StyleInput{{Picture: noise(50, 50, 2)}}
	o.Size, o.Scales, o.Iterations = 48, 3, []int{7, 6, 8}
	o.ContentLayers, o.StyleLayers = layers("relu2_1"), layers("relu1_1", "relu3_1")
	return o
}

func paint(t *testing.T, o style.Options, report func(style.Step) error) *style.Result {
	t.Helper()
	r, err := style.Paint(context.Background(), o, report)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Whatever the options, the loss goes down, at every scale, and the painting has the size and range.
func TestPaint(t *testing.T) {
	for name, change := range map[string]func(o *style.Options){
		"adam":            func(o *style.Options) { o.Optimizer = style.Adam },
		"lbfgs":           func(o *style.Options) { o.Optimizer = style.LBFGS },
		"no average":      func(o *style.Options) { o.Optimizer, o.Average = style.Adam, -1 },
		"texture":         func(o *style.Options) { o.Mode, o.Content = style.Texture, style.Picture{} },
		"texture shaped":  func(o *style.Options) { o.Mode, o.Init = style.Texture, style.InitStyleStats },
		"content":         func(o *style.Options) { o.Mode, o.Styles = style.ContentOnly, nil },
		"from noise":      func(o *style.Options) { o.Init = style.InitNoise },
		"from a picture":  func(o *style.Options) { o.Init, o.InitPicture = style.InitPicture, noise(9, 13, 7) },
		"luma":            func(o *style.Options) { o.PreserveColour = style.Luma },
		"luminance-match": func(o *style.Options) { o.PreserveColour = style.LuminanceMatch },
		"coral":           func(o *style.Options) { o.PreserveColour = style.CORAL },
		"histogram": func(o *style.Options) {
			o.Losses = []style.LossWeight{{Loss: style.Histogram, Weight: 1}, {Loss: style.Gram, Weight: 2}}
		},
		"tv": func(o *style.Options) { o.TV = 3 },
		"two styles": func(o *style.Options) {
			o.Styles = append(o.Styles, style.StyleInput{Picture: noise(30, 64, 8), Weight: 3})
		},
		"regions": func(o *style.Options) {
			masks := halves(40, 56)
			o.Styles = append(o.Styles, style.StyleInput{Picture: noise(64, 64, 8), Mask: &masks[1]})
		},
		"tiles": func(o *style.Options) {
			o.Size, o.Scales, o.Tile, o.Iterations, o.LearningRate = 128, 1, 32, []int{6}, 0.005
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := small(t)
			change(&o)
			first, last := map[int]float64{}, map[int]float64{}
			steps := 0
			r := paint(t, o, func(s style.Step) error {
				if s.Iteration == 1 {
					first[s.Scale] = s.Losses.Total
				}
				last[s.Scale] = s.Losses.Total
				steps++
				if p := s.Picture(); p.H != s.Height || p.W != s.Width || len(p.Pixels) != p.H*p.W*3 {
					t.Fatalf("a picture of %d by %d at a scale of %d by %d", p.W, p.H, s.Width, s.Height)
				}
				if !(s.Done > 0 && s.Done <= 1) || s.Remaining < 0 {
					t.Fatalf("%v of the work is done, %v remain", s.Done, s.Remaining)
				}
				return nil
			})
			if max(r.Picture.H, r.Picture.W) != o.Size || len(first) != o.Scales {
				t.Errorf("%d by %d pixels in %d scales", r.Picture.W, r.Picture.H, len(first))
			}
			iterations := 0
			for i, s := range r.Scales {
				iterations += s.Iterations
				if !(last[i+1] < 0.95*first[i+1]) && s.Ended == style.Finished {
					t.Errorf("scale %d: the loss goes from %v to %v", i+1, first[i+1], last[i+1])
				}
			}
			if iterations != steps {
				t.Errorf("%d iterations, %d reports", iterations, steps)
			}
			for _, v := range r.Picture.Pixels {
				if !(v >= 0 && v <= 1) {
					t.Fatalf("a pixel is %v", v)
				}
			}
		})
	}
}

var errEnough = errors.New("enough")

// A painting that was interrupted, anywhere, goes on to the same bits, and so does one that follows the plan of another.
func TestResumeAndReplayAreExact(t *testing.T) {
	for _, optimizer := range style.Optimizers {
		t.Run(string(optimizer), func(t *testing.T) {
			o := small(t)
			o.Optimizer, o.Init, o.Seed, o.History = optimizer, style.InitNoise, 11, 3
			want := paint(t, o, nil)
			for _, at := range []int{1, 6, 7, 8, 15} {
				o.State = filepath.Join(t.TempDir(), "state")
				steps := 0
				part, err := style.Paint(context.Background(), o, func(style.Step) error {
					if steps++; steps == at {
						return errEnough
					}
					return nil
				})
				if !errors.Is(err, errEnough) || part == nil || part.Scales[len(part.Scales)-1].Ended != style.Stopped {
					t.Fatalf("interrupted: %+v, %v", part, err)
				}
				got := paint(t, o, nil)
				if !got.Resumed || !slices.Equal(got.Picture.Pixels, want.Picture.Pixels) {
					t.Errorf("interrupted after %d iterations and resumed (%v), the painting is another", at, got.Resumed)
				}
				if again := paint(t, o, nil); again.Resumed {
					t.Error("the state of a painting that is done is still there")
				}
			}
			o.State = ""
			record := style.Record{Options: o, Plan: want.Plan, Styles: []style.Source{{Name: "a"}}}
			text, err := record.Text()
			if err != nil {
				t.Fatal(err)
			}
			read, err := style.ParseRecord(text)
			if err != nil {
				t.Fatal(err)
			}
			again := read.Again()
			again.Network, again.Content, again.Styles[0].Picture = o.Network, o.Content, o.Styles[0].Picture
			if got := paint(t, again, nil); !slices.Equal(got.Picture.Pixels, want.Picture.Pixels) {
				t.Error("what was painted from the record is another picture")
			}
		})
	}
}

// A state of something else is refused.
func TestStateOfAnother(t *testing.T) {
	o := small(t)
	o.State = filepath.Join(t.TempDir(), "state")
	stop := func(style.Step) error { return errEnough }
	if _, err := style.Paint(context.Background(), o, stop); !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	for name, change := range map[string]func(o *style.Options){
		"weight":  func(o *style.Options) { o.StyleWeight++ },
		"content": func(o *style.Options) { o.Content = noise(40, 56, 9) },
		"style":   func(o *style.Options) { o.Styles = []style.StyleInput{{Picture: noise(50, 50, 9)}} },
		"network": func(o *style.Options) { n := *o.Network; n.Hash = "other"; o.Network = &n },
	} {
		other := o
		change(&other)
		if _, err := style.Paint(context.Background(), other, nil); err == nil || !strings.Contains(err.Error(), "another painting") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if r := paint(t, o, nil); !r.Resumed {
		t.Error("the state is gone")
	}
}

// gap is the toy network, but its features are NaN for pictures whose mean is near 0.4.
type gap struct{ toy }

func (g gap) Build(scope *model.Scope, x *graph.Node, layers []string) []*graph.Node {
	features := g.toy.Build(scope, x, layers)
	distance := graph.Abs(graph.AddScalar(graph.ReduceAllMean(x), -0.4))
	hole := graph.MulScalar(graph.Sqrt(graph.AddScalar(distance, -0.03)), 0)
	for i := range features {
		features[i] = graph.Add(features[i], hole)
	}
	return features
}

func flat(h, w int, v float32) style.Picture {
	p := noise(h, w, 3)
	for i := range p.Pixels {
		p.Pixels[i] = v + 0.1*(p.Pixels[i]-0.5)
	}
	return p
}

// A loss that is not finite is met with smaller steps once, and then ends the painting, with the last good picture.
func TestNotFinite(t *testing.T) {
	for _, optimizer := range style.Optimizers {
		o := small(t)
		n := *o.Network
		n.Features = gap{}
		o.Network, o.Optimizer, o.LearningRate = &n, optimizer, 0.01
		o.Mode, o.Init, o.Content, o.Styles[0].Picture = style.Texture, style.InitContent, flat(40, 40, 0.7), flat(40, 40, 0.1)
		o.Scales, o.Iterations, o.Tolerance = 1, []int{2000}, -1
		r, err := style.Paint(context.Background(), o, nil)
		var diverged *style.DivergedError
		if r == nil || !r.Restarted {
			t.Fatalf("%s: no restart: %+v, %v", optimizer, r, err)
		}
		if optimizer == style.Adam && (!errors.As(err, &diverged) || r.Scales[0].Ended != style.Diverged) {
			t.Errorf("%s: %v", optimizer, err)
		}
		for _, v := range r.Picture.Pixels {
			if math.IsNaN(float64(v)) {
				t.Fatalf("%s: the picture is not finite", optimizer)
			}
		}
	}
}

// Where nothing gets better a scale ends early.
func TestConverged(t *testing.T) {
	for _, optimizer := range style.Optimizers {
		o := small(t)
		o.Optimizer, o.Scales, o.Iterations = optimizer, 1, []int{5000}
		r := paint(t, o, nil)
		if s := r.Scales[0]; s.Ended != style.Converged || s.Iterations >= 5000 {
			t.Errorf("%s: %s after %d iterations", optimizer, s.Ended, s.Iterations)
		}
	}
}

// A context that ends gives what there is.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	o := small(t)
	r, err := style.Paint(ctx, o, func(s style.Step) error {
		if s.Scale == 2 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || r == nil || len(r.Scales) != 2 || r.Picture.W != r.Plan.Scales[1].Width {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := style.Paint(ctx, o, nil); !errors.Is(err, context.Canceled) || r != nil && r.Picture.H > 0 && len(r.Scales) == 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// The trace has a line for each iteration; one that cannot be written ends the painting with what there is.
func TestTrace(t *testing.T) {
	o := small(t)
	var out bytes.Buffer
	o.Trace = &out
	r := paint(t, o, nil)
	all, err := style.ReadTrace(strings.NewReader(out.String() + `{"scale":`))
	if err != nil || len(all) != 7+6+8 {
		t.Fatalf("%d lines, %v", len(all), err)
	}
	last := all[len(all)-1]
	if last.Scale != 3 || last.Iteration != 8 || last.Total != r.Scales[2].Losses.Total || last.Parts["gram relu3_1"] <= 0 || last.Width != 48 {
		t.Errorf("the last line is %+v", last)
	}
	o.Trace = full{}
	if r, err := style.Paint(context.Background(), o, nil); r == nil || r.Picture.H == 0 || !errors.Is(err, errEnough) {
		t.Errorf("%+v, %v", r, err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errEnough }

// Everything wrong is said, and at once.
func TestOptionsAreChecked(t *testing.T) {
	for want, change := range map[string]func(o *style.Options){
		"no network":            func(o *style.Options) { o.Network = nil },
		`no mode "x"`:           func(o *style.Options) { o.Mode = "x" },
		"Size is -1":            func(o *style.Options) { o.Size = -1 },
		"Scales is 99":          func(o *style.Options) { o.Scales = 99 },
		"Iterations of scale 2": func(o *style.Options) { o.Iterations = []int{1, 0} },
		"StyleScale is NaN":     func(o *style.Options) { o.StyleScale = math.NaN() },
		`no init "x"`:           func(o *style.Options) { o.Init = "x" },
		`preserve colour "x"`:   func(o *style.Options) { o.PreserveColour = "x" },
		`no optimizer "x"`:      func(o *style.Options) { o.Optimizer = "x" },
		"LearningRate is -1":    func(o *style.Options) { o.LearningRate = -1 },
		"Average is 1":          func(o *style.Options) { o.Average = 1 },
		"Average is -Inf":       func(o *style.Options) { o.Average = math.Inf(-1) },
		"History is -1":         func(o *style.Options) { o.History = -1 },
		"History is 1000000000": func(o *style.Options) { o.History = 1_000_000_000 },
		"Tolerance is -Inf":     func(o *style.Options) { o.Tolerance = math.Inf(-1) },
		"Tolerance is NaN":      func(o *style.Options) { o.Tolerance = math.NaN() },
		"Tile is -1":            func(o *style.Options) { o.Tile = -1 },
		"Tile is 92233720":      func(o *style.Options) { o.Tile = math.MaxInt },
		"in tiles of 92233720": func(o *style.Options) {
			o.Plan = &style.Plan{Scales: []style.PlannedScale{{Height: 20, Width: 20, Iterations: 1, Tile: math.MaxInt}}, History: 1}
		},
		"TimeBudget is -1":          func(o *style.Options) { o.TimeBudget = -time.Second },
		"no content picture":        func(o *style.Options) { o.Content = style.Picture{} },
		"no style picture":          func(o *style.Options) { o.Styles = nil },
		"init content needs":        func(o *style.Options) { o.Mode, o.Init, o.Content = style.Texture, style.InitContent, style.Picture{} },
		"the picture to start":      func(o *style.Options) { o.Init = style.InitPicture },
		"style picture 1 has NaN":   func(o *style.Options) { o.Styles[0].Picture.Pixels[5] = float32(math.NaN()) },
		"weight of style picture":   func(o *style.Options) { o.Styles[0].Weight = -1 },
		`did you mean "relu3_1"`:    func(o *style.Options) { o.StyleLayers = layers("relu3_11") },
		`there is no loss "x"`:      func(o *style.Options) { o.Losses[0].Loss = "x" },
		"the plan has no scales":    func(o *style.Options) { o.Plan = &style.Plan{} },
		"style picture 1 is 3 by 3": func(o *style.Options) { o.Styles[0].Picture = noise(3, 3, 1) },
		"is empty at layer": func(o *style.Options) {
			o.Styles[0].Mask = &style.Mask{H: 4, W: 4, Values: make([]float32, 16)}
		},
	} {
		o := small(t)
		change(&o)
		r, err := style.Paint(context.Background(), o, nil)
		if err == nil || r != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, %v; want an error with %q", r != nil, err, want)
		}
	}
	o := small(t)
	o.Size, o.Mode = -3, "x"
	if err := o.Check(); !strings.Contains(err.Error(), "Size") || !strings.Contains(err.Error(), "mode") {
		t.Error(err)
	}
}

// The smallest inputs paint.
func TestSmallest(t *testing.T) {
	o := small(t)
	o.Content, o.Size = noise(1, 1, 1), 16
	if r := paint(t, o, nil); r.Picture.H != 16 || r.Picture.W != 16 {
		t.Errorf("%d by %d", r.Picture.W, r.Picture.H)
	}
}
