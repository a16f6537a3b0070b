package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/atelier-go/atelier/resident"
	"github.com/atelier-go/atelier/style"
)

// styleProgress shows how a painting goes: a line for each scale, and on a terminal a bar below them.
type styleProgress struct {
	w    io.Writer
	bar  *progressbar.ProgressBar
	last style.Step
	from style.Losses // of the scale's first iteration here
	// expected is the memory that was told before the start, in bytes; 0 where none was.
	expected int64
}

const barParts = 1000

func newStyleProgress(w io.Writer, expected int64) *styleProgress {
	p := &styleProgress{w: w, expected: expected}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.bar = progressbar.NewOptions(barParts,
			progressbar.OptionSetWriter(w), progressbar.OptionFullWidth(), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false), progressbar.OptionUseANSICodes(true))
	}
	return p
}

func (p *styleProgress) step(s style.Step) {
	if s.Scale != p.last.Scale {
		p.scaleEnd("")
		p.from = s.Losses
	}
	p.last = s
	if p.bar == nil {
		return
	}
	p.bar.Describe(fmt.Sprintf("%dx%d %d/%d  loss %s  %s left%s", s.Width, s.Height, s.Iteration, s.Iterations, lossText(s.Losses),
		durationText(s.Remaining), memoryNow(p.expected)))
	_ = p.bar.Set(int(s.Done * barParts)) // the bar's only error is a full one
}

// memoryNow is the memory that the process has, beside what was expected; nothing where the system does not tell.
func memoryNow(expected int64) string {
	now, err := resident.Now()
	switch {
	case err != nil:
		return ""
	case expected == 0:
		return "  " + bytesText(now)
	default:
		return fmt.Sprintf("  %s of %s", bytesText(now), bytesText(expected))
	}
}

// took is how long a painting took and how much memory the process has had at most, beside what was expected.
func took(r *style.Result) string {
	text, expected := "in "+durationText(r.Elapsed), durationText(r.Plan.Time)
	if peak, err := resident.Peak(); err == nil {
		text += " with " + bytesText(peak) + " of memory"
		expected += ", " + bytesText(r.Plan.Bytes)
	}
	return text + " (expected " + expected + ")"
}

// lossText is a loss and its parts that are not zero.
func lossText(l style.Losses) string {
	text := fmt.Sprintf("%.4g", l.Total)
	for _, part := range []struct {
		name  string
		value float64
	}{{"content", l.Content}, {"style", l.Style}, {"tv", l.TV}} {
		if part.value != 0 {
			text += fmt.Sprintf("  %s %.3g", part.name, part.value)
		}
	}
	return text
}

// scaleEnd sums up the scale that was shown last; ended says why it ended, if that is known.
func (p *styleProgress) scaleEnd(ended style.Ended) {
	s := p.last
	if s.Scale == 0 {
		return
	}
	if ended == "" && s.Iteration < s.Iterations {
		ended = style.Converged // no other end goes on to the next scale
	}
	text := fmt.Sprintf("scale %d of %d, %dx%d: %d iterations, loss %.4g to %s", s.Scale, s.Scales, s.Width, s.Height, s.Iteration, p.from.Total, lossText(s.Losses))
	if ended != "" && ended != style.Finished {
		text += "; " + string(ended)
	}
	p.line(text)
}

// line prints a line above the bar.
func (p *styleProgress) line(text string) {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	fmt.Fprintln(p.w, text)
	if p.bar != nil {
		_ = p.bar.RenderBlank()
	}
}

// end shows the last scale's end.
func (p *styleProgress) end(result *style.Result) {
	ended := style.Ended("")
	if result != nil && len(result.Scales) > 0 {
		ended = result.Scales[len(result.Scales)-1].Ended
	}
	p.scaleEnd(ended)
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
