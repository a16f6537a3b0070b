package style_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/atelier-go/atelier/style"
)

// Bounds of memory choose tiles, then a shorter history, and are kept or refused.
func TestMemoryChoosesTiles(t *testing.T) {
	ctx := context.Background()
	o := small(t)
	o.Size, o.Scales, o.MaxMemory = 1024, 0, -1
	free, err := style.Estimate(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	var widths []int
	for _, s := range free.Scales {
		widths = append(widths, s.Width)
	}
	if !slices.Equal(widths, []int{128, 181, 256, 362, 512, 724, 1024}) {
		t.Errorf("long sides are %v", widths)
	}
	last := free.Scales[len(free.Scales)-1]
	if last.Height != 731 || last.Tile != 0 || free.Bytes != last.Bytes || free.Time <= 0 {
		t.Errorf("%+v", free)
	}
	o.MaxMemory = free.Bytes - free.Bytes/8
	tight, err := style.Estimate(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if tight.Bytes > o.MaxMemory || tight.Scales[6].Tile == 0 || tight.Scales[0].Tile != 0 {
		t.Errorf("with %d bytes: %+v", o.MaxMemory, tight)
	}
	o.Optimizer, o.History, o.MaxMemory = style.LBFGS, 100, 500<<20
	short, err := style.Estimate(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if short.Bytes > o.MaxMemory || short.History >= 100 || short.History < 3 {
		t.Errorf("with %d bytes: %+v", o.MaxMemory, short)
	}
	o.MaxMemory = 64 << 20
	var memory *style.MemoryError
	if _, err := style.Estimate(ctx, o); !errors.As(err, &memory) || memory.Bound != o.MaxMemory || memory.Needs <= memory.Bound ||
		memory.Tile != 64 || memory.Pictures <= 0 || memory.Pictures >= memory.Needs {
		t.Errorf("%v", err)
	}
}

// Large pictures have a plan for 2 GiB: first the history gets shorter, then tiles small.
func TestLargePicturesFit(t *testing.T) {
	o := small(t)
	o.Optimizer, o.Size, o.Scales, o.MaxMemory = style.LBFGS, 4096, 1, 2<<30
	for _, shape := range [][2]int{{30, 40}, {40, 40}} {
		o.Content = noise(shape[0], shape[1], 1)
		p, err := style.Estimate(t.Context(), o)
		if err != nil || p.Bytes > o.MaxMemory || p.Scales[0].Width != 4096 || p.Scales[0].Tile < 160 || p.History < 1 || p.History >= o.History {
			t.Errorf("%v: %+v, %v", shape, p, err)
		}
	}
}

// A fifth of the time leaves fewer iterations, a five-hundredth fewer scales; none is exceeded by much.
func TestTimeBudget(t *testing.T) {
	ctx := context.Background()
	o := small(t)
	o.Size, o.Scales = 512, 0
	total := func(p style.Plan) (n int) {
		for _, s := range p.Scales {
			n += s.Iterations * s.Height * s.Width
		}
		return n
	}
	for _, part := range []time.Duration{5, 500} {
		// Each estimate measures the machine: what else it does may make the first several times as long as the second.
		const tries = 3
		for try := 1; ; try++ {
			o.TimeBudget = 0
			free, err := style.Estimate(ctx, o)
			if err != nil {
				t.Fatal(err)
			}
			o.TimeBudget = free.Time / part
			p, err := style.Estimate(ctx, o)
			if err != nil {
				t.Fatal(err)
			}
			if total(p) < total(free) && (part != 500 || len(p.Scales) < len(free.Scales)) && p.Scales[0].Iterations >= 1 {
				break
			}
			if try == tries {
				t.Errorf("in %v: %+v", o.TimeBudget, p)
				break
			}
		}
	}
	o.TimeBudget = time.Nanosecond
	r := paint(t, o, nil)
	if r.Scales[0].Iterations != 1 || len(r.Scales) != 1 {
		t.Errorf("without time: %+v", r.Scales)
	}
}

// The metrics of a picture against itself are 0, and 1.
func TestJudge(t *testing.T) {
	ctx := context.Background()
	o := small(t)
	p := noise(40, 56, 2)
	o.Content, o.Styles = p, []style.StyleInput{{Picture: p}}
	same, err := style.Judge(ctx, o, p)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(same.Style) > 1e-6 || math.Abs(same.Content) > 1e-6 || math.Abs(same.SSIM-1) > 1e-6 {
		t.Errorf("against itself: %+v", same)
	}
	other, err := style.Judge(ctx, o, noise(40, 56, 3))
	if err != nil {
		t.Fatal(err)
	}
	if !(other.Style > 1e-3 && other.Content > 1e-2 && other.SSIM < 0.9) {
		t.Errorf("against another: %+v", other)
	}
	o.Mode, o.Content = style.Texture, style.Picture{}
	alone, err := style.Judge(ctx, o, noise(40, 56, 3))
	if err != nil || alone.Style != other.Style || alone.Content != 0 {
		t.Errorf("without content: %+v, %v", alone, err)
	}
}

func mean(p style.Picture, of func(r, g, b float64) float64) float64 {
	sum := 0.0
	for i := 0; i < len(p.Pixels); i += 3 {
		sum += of(float64(p.Pixels[i]), float64(p.Pixels[i+1]), float64(p.Pixels[i+2]))
	}
	return sum / float64(p.H*p.W)
}

// Paintings have the content's chroma where it is to be kept, but their own luma.
func TestColoursAreKept(t *testing.T) {
	red := func(p style.Picture) float64 { return mean(p, func(r, _, b float64) float64 { return r - b }) }
	o := small(t)
	for i := range o.Content.Pixels {
		o.Content.Pixels[i] = 0.35 + 0.2*o.Content.Pixels[i] + 0.1*float32(1-i%3) // reddish, far from the ends
	}
	for i := range o.Styles[0].Picture.Pixels {
		o.Styles[0].Picture.Pixels[i] *= 0.3 + 0.3*float32(i%3) // blue
	}
	o.ContentWeight, o.StyleWeight, o.LearningRate, o.Iterations = 0.01, 10, 0.05, []int{30}
	free := paint(t, o, nil)
	if math.Abs(red(free.Picture)-red(o.Content)) < 0.05 {
		t.Fatalf("the painting is as red as the content: %v", red(free.Picture))
	}
	for _, c := range style.Colours {
		o.PreserveColour = c
		r := paint(t, o, nil)
		if math.Abs(red(r.Picture)-red(o.Content)) > 0.05 {
			t.Errorf("%s: redness %v, the content's %v", c, red(r.Picture), red(o.Content))
		}
		if slices.Equal(r.Picture.Pixels, o.Content.Resized(r.Picture.H, r.Picture.W).Pixels) {
			t.Errorf("%s: nothing was painted", c)
		}
	}
}

// Resizing keeps constants and means, and the same size.
func TestResized(t *testing.T) {
	p := noise(31, 47, 3)
	for _, size := range [][2]int{{31, 47}, {12, 20}, {62, 94}, {1, 1}, {45, 30}} {
		got := p.Resized(size[0], size[1])
		all := func(r, g, b float64) float64 { return r + g + b }
		if d := mean(got, all) - mean(p, all); len(got.Pixels) != 3*size[0]*size[1] || math.Abs(d) > 0.05 {
			t.Errorf("%v: the mean changes by %v", size, d)
		}
		for _, v := range flat(9, 9, 0.5).Resized(size[0], size[1]).Pixels {
			if math.Abs(float64(v)-0.5) > 0.11 {
				t.Fatalf("%v: %v", size, v)
			}
		}
	}
}
