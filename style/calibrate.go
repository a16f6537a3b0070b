package style

import (
	"context"
	"math"
	"runtime/debug"
	"time"
)

// speed is what an evaluation of the loss costs by the picture's pixels, what the preparations of a scale do by those of
// the picture and of all style pictures, and how long the system takes to give a byte of memory.
type speed struct {
	evaluation, prepare line
	memory              float64
}

// line is a time in seconds as a function of pixels.
type line struct{ fixed, pixel float64 }

// through is the line through times at two numbers of pixels, but one that rises with at least a part of the larger.
func through(a, timeA, b, timeB float64) line {
	const leastRise = 0.3
	pixel := max((timeB-timeA)/(b-a), leastRise*timeB/b)
	return line{fixed: max(0, timeB-b*pixel), pixel: pixel}
}

// Sides of the pictures that are measured, and how often each is.
const (
	calibrateSmall = 96
	calibrateLarge = 208
	calibrateTimes = 3
)

// calibrate measures the speed of this machine with this network, these losses, and as many styles and masks.
func (o Options) calibrate(ctx context.Context) (speed, error) {
	o.Tile, o.StyleScale, o.PreserveColour = 0, 1, ""
	o.Content = Picture{H: calibrateLarge, W: calibrateLarge, Pixels: Options{Init: InitNoise}.first(Picture{}, calibrateLarge, calibrateLarge)}
	o.Styles = o.likeStyles(o.Content)
	const a, b = calibrateSmall * calibrateSmall, calibrateLarge * calibrateLarge
	small, smallPrepare, err := o.measure(ctx, calibrateSmall)
	if err != nil {
		return speed{}, err
	}
	large, largePrepare, err := o.measure(ctx, calibrateLarge)
	if err != nil {
		return speed{}, err
	}
	pictures := float64(1 + len(o.Styles))
	return speed{evaluation: through(a, small, b, large), prepare: through(a*pictures, smallPrepare, b*pictures, largePrepare)}, nil
}

// Memory that touch takes: enough that what the process has had before does not serve, and not so much that it takes long.
const (
	touchedPart = 1. / 8
	touchedMost = 256 << 20
	page        = 4 << 10
)

// touch measures how long the system takes to give a byte of memory that is written for the first time, to a process that
// will have that many. It matters for large pictures: a virtual machine whose host has to find the memory gives less than
// 1 GB a second, so that 5 GB take longer than an evaluation of the loss.
func touch(bytes int64) float64 {
	n := int(min(float64(bytes)*touchedPart, touchedMost))
	if n < page {
		return 0
	}
	start := time.Now()
	memory := make([]byte, n)
	for i := 0; i < n; i += page {
		memory[i] = 1
	}
	took := time.Since(start).Seconds()
	memory = nil
	debug.FreeOSMemory() // it would count as the painting's
	return took / float64(n)
}

// likeStyles are styles that share regions as those of the options do, all of one picture; the regions are bands.
func (o Options) likeStyles(picture Picture) []StyleInput {
	masks := o.masks()
	bands := map[*Mask]*Mask{nil: nil}
	for i, m := range masks {
		from, to := picture.H*i/(len(masks)+1), picture.H*(i+1)/(len(masks)+1)
		band := &Mask{H: picture.H, W: picture.W, Values: make([]float32, picture.H*picture.W)}
		for k := from * picture.W; k < to*picture.W; k++ {
			band.Values[k] = 1
		}
		bands[m] = band
	}
	var all []StyleInput
	for _, s := range o.Styles {
		all = append(all, StyleInput{Picture: picture, Mask: bands[s.Mask]})
	}
	return all
}

// measure is the time of an evaluation at a square of that side, and that of the preparations.
func (o Options) measure(ctx context.Context, side int) (evaluation, prepare float64, err error) {
	began := time.Now()
	canvas, err := newCanvas(ctx, o, side, side, Tile{})
	if err != nil {
		return 0, 0, err
	}
	defer canvas.objective.Close()
	x, gradient := canvas.content.Pixels, make([]float32, side*side*3)
	evaluation = math.Inf(1)
	for i := range calibrateTimes {
		start := time.Now()
		if _, err := canvas.objective.Evaluate(ctx, x, gradient); err != nil {
			return 0, 0, err
		}
		took := time.Since(start).Seconds()
		if i == 0 {
			// The first evaluation compiles, and takes memory.
			prepare = time.Since(began).Seconds()
			continue
		}
		evaluation = min(evaluation, took)
	}
	return evaluation, max(0, prepare-evaluation), nil
}
