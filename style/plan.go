package style

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Plan is what a painting will do.
type Plan struct {
	Scales []PlannedScale `json:"scales"`
	// History is how many steps L-BFGS remembers.
	History int `json:"history"`
	// Bytes is the memory that the process is expected to have at most.
	Bytes int64 `json:"bytes,omitempty"`
	// Time is how long the painting is expected to take. It and Bytes are 0 in a plan that nothing was measured for.
	Time time.Duration `json:"time,omitempty"`
}

// PlannedScale is a size to paint at.
type PlannedScale struct {
	Height     int           `json:"height"`
	Width      int           `json:"width"`
	Iterations int           `json:"iterations"` // at most
	Tile       int           `json:"tile,omitempty"`
	Keep       bool          `json:"keep,omitempty"` // tiles keep the content's features; see [Tile]
	Bytes      int64         `json:"bytes,omitempty"`
	Time       time.Duration `json:"time,omitempty"`
}

func (s PlannedScale) tile() Tile { return Tile{Side: s.Tile, Keep: s.Keep} }

// planned is Options.Plan, or one that keeps to the bounds.
func (o Options) planned(ctx context.Context) (Plan, error) {
	if o.Plan == nil && o.TimeBudget > 0 {
		return Estimate(ctx, o)
	}
	return o.inMemory()
}

// inMemory is Options.Plan if it keeps to the bound of memory, or one that does.
func (o Options) inMemory() (Plan, error) {
	if o.Plan != nil {
		return o.follow(*o.Plan)
	}
	p := Plan{History: o.History}
	for i, long := range sizes(o.Size, o.Scales) {
		h, w := o.shape(long)
		s := PlannedScale{Height: h, Width: w, Iterations: o.iterations(i), Tile: o.Tile}
		if err := o.fitMemory(&p, &s); err != nil {
			return p, err
		}
		p.Scales = append(p.Scales, s)
		p.Bytes = max(p.Bytes, s.Bytes)
	}
	return p, nil
}

// follow is a plan as it is, with the memory that it takes here.
func (o Options) follow(p Plan) (Plan, error) {
	if err := p.check(o); err != nil {
		return p, err
	}
	bound := o.memoryBound()
	p.Scales, p.Bytes = slices.Clone(p.Scales), 0
	for i := range p.Scales {
		s := &p.Scales[i]
		var err error
		if s.Bytes, err = o.bytesAt(s.Height, s.Width, s.tile(), p.History); err != nil {
			return p, err
		}
		if bound > 0 && s.Bytes > bound {
			return p, o.memoryError(*s, p.History)
		}
		p.Bytes = max(p.Bytes, s.Bytes)
	}
	return p, nil
}

// Tiles that MaxMemory chooses have sides from largestTile down to smallestTile; smaller ones would be mostly
// surroundings. Rather than in tiles smaller than a fairTile, pictures are painted with a shorter history.
const (
	largestTile  = 1024
	fairTile     = 160
	smallestTile = 64
)

// fitMemory chooses the tiles of a scale, and makes the history shorter where that is needed.
func (o Options) fitMemory(p *Plan, s *PlannedScale) error {
	tiles, small := []int{o.Tile}, []int(nil)
	if o.Tile == 0 && o.memoryBound() > 0 {
		for side := largestTile; side >= smallestTile; side = side * 3 / 4 / 16 * 16 {
			if side >= fairTile {
				tiles = append(tiles, side)
			} else {
				small = append(small, side)
			}
		}
	}
	for {
		if fits, err := o.fitTiles(p, s, tiles); fits || err != nil {
			return err
		}
		if o.Optimizer != LBFGS || p.History == 1 {
			break
		}
		p.History /= 2
	}
	fits, err := o.fitTiles(p, s, small)
	if !fits && err == nil {
		err = o.memoryError(*s, p.History)
	}
	return err
}

// fitTiles takes the first tiles that keep to the bound, rather such as keep the content's features than larger ones.
func (o Options) fitTiles(p *Plan, s *PlannedScale, tiles []int) (fits bool, err error) {
	for _, s.Keep = range []bool{true, false} {
		if fits, err = o.firstTiles(p, s, tiles); fits || err != nil {
			s.Keep = s.Keep && s.Tile > 0
			return fits, err
		}
	}
	return false, nil
}

func (o Options) firstTiles(p *Plan, s *PlannedScale, tiles []int) (fits bool, err error) {
	bound := o.memoryBound()
	for _, s.Tile = range tiles {
		s.Bytes, err = o.bytesAt(s.Height, s.Width, s.tile(), p.History)
		if err != nil || bound <= 0 || s.Bytes <= bound {
			return err == nil, err
		}
	}
	return false, nil
}

// MemoryError says that painting at a size takes more memory than it may: in the smallest tiles, or those of Options.Plan.
type MemoryError struct {
	Height, Width, Tile int
	Needs, Bound        int64 // bytes
	Pictures            int64 // of Needs, for whole pictures and the optimizer's steps, whatever the tiles
}

func (o Options) memoryError(s PlannedScale, history int) error {
	return &MemoryError{Height: s.Height, Width: s.Width, Tile: s.Tile, Needs: s.Bytes, Bound: o.memoryBound(),
		Pictures: o.hostBytes(s.Height, s.Width, history)}
}

func (e *MemoryError) Error() string {
	how := "at once"
	if e.Tile > 0 {
		how = fmt.Sprintf("in tiles of %d", e.Tile)
	}
	return fmt.Sprintf("style: painting %d by %d pixels %s takes %d MiB, %d of them for whole pictures, and may take %d: allow more memory, or take a smaller size",
		e.Width, e.Height, how, e.Needs>>20, e.Pictures>>20, e.Bound>>20)
}

// shape is the painting's height and width for a long side.
func (o Options) shape(long int) (int, int) {
	if o.Content.H == 0 {
		return long, long
	}
	return fit(o.Content.H, o.Content.W, long)
}

// work is what an iteration costs, in any unit: the time, or where nothing was measured the number of pixels.
func (s PlannedScale) work() float64 {
	if s.Time > 0 && s.Iterations > 0 {
		return s.Time.Seconds() / float64(s.Iterations)
	}
	return float64(s.Height * s.Width)
}

// check wants a plan that can be followed.
func (p Plan) check(o Options) error {
	if len(p.Scales) == 0 {
		return errors.New("style: the plan has no scales")
	}
	for i, s := range p.Scales {
		if s.Height < 1 || s.Width < 1 || s.Height > maxSide || s.Width > maxSide || s.Iterations < 0 || s.Tile < 0 || s.Tile > maxSide {
			return fmt.Errorf("style: scale %d of the plan is %d by %d pixels in tiles of %d for %d iterations",
				i+1, s.Width, s.Height, s.Tile, s.Iterations)
		}
	}
	if o.Optimizer == LBFGS && p.History < 1 || p.History > maxHistory {
		return fmt.Errorf("style: the plan has a history of %d: want 1 to %d", p.History, maxHistory)
	}
	return nil
}
