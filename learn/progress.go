package learn

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows how a run goes: a line for each phase and epoch, and on a terminal a bar below them.
type progress struct {
	w        io.Writer
	terminal bool
	bar      *progressbar.ProgressBar
	began    time.Time
	examples int
}

func newProgress(w io.Writer) *progress {
	f, ok := w.(*os.File)
	return &progress{w: w, terminal: ok && term.IsTerminal(int(f.Fd()))}
}

func (p *progress) Handle(e Event, r *Run) error {
	if p.w == nil {
		return nil
	}
	switch e {
	case RunBegin:
		p.begin(r)
	case PhaseBegin:
		p.line(phaseLine(r))
	case StepEnd:
		p.step(r)
	case EpochEnd:
		p.line(epochLine(r.Epoch))
	case RunEnd:
		p.end(r)
	}
	return nil
}

func (p *progress) begin(r *Run) {
	p.began, p.examples = time.Now(), 0
	done, total := r.learner.state.Step, r.Plan.Steps()
	if r.Resumed {
		p.line(fmt.Sprintf("resumed after step %d of %d", done, total))
	}
	if !p.terminal {
		return
	}
	p.bar = progressbar.NewOptions(total,
		progressbar.OptionSetWriter(p.w), progressbar.OptionShowCount(), progressbar.OptionFullWidth(),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetPredictTime(true), progressbar.OptionSetElapsedTime(true),
		progressbar.OptionUseANSICodes(true))
	if done > 0 {
		// What an earlier session did is no measure of this one's speed.
		p.bar.ChangeMax(total - done)
	}
}

func (p *progress) step(r *Run) {
	p.examples += r.Seen
	if p.bar == nil {
		return
	}
	rate := float64(p.examples) / time.Since(p.began).Seconds()
	p.bar.Describe(fmt.Sprintf("loss %.4f  lr %.2g  %s/s", r.Smoothed, r.Hyper[len(r.Hyper)-1].LR, count(rate)))
	_ = p.bar.Add(1) // the bar's only error is a full one
}

// line prints a line above the bar.
func (p *progress) line(text string) {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	fmt.Fprintln(p.w, text)
	if p.bar != nil {
		_ = p.bar.RenderBlank()
	}
}

func (p *progress) end(r *Run) {
	if p.bar != nil {
		_ = p.bar.Clear()
		p.bar = nil
	}
	if r.stop != nil {
		fmt.Fprintln(p.w, "stopped: "+r.stop.Reason)
	}
}

func phaseLine(r *Run) string {
	pos, phase := r.Position, &r.Plan.phases[r.Position.Phase]
	text := fmt.Sprintf("%s: steps %d to %d, %s", phase.Name, pos.Step+1, pos.Step+pos.N, phase.optimizer().Name())
	if phase.Data.Name != "" {
		text += ", " + phase.Data.Name
	}
	if c := r.learner.chooser; c != nil {
		text += fmt.Sprintf(", the hardest %.3g %% of every batch", 100*c.proxy.Keep)
	}
	if r.Carried != "" && pos.Phase > 0 {
		text += "; " + r.Carried
	}
	return text
}

func epochLine(e *EpochResult) string {
	var parts []string
	for name := range e.Metrics {
		parts = append(parts, name)
	}
	slices.SortFunc(parts, func(a, b string) int { return strings.Compare(metricOrder(a), metricOrder(b)) })
	for i, name := range parts {
		parts[i] = fmt.Sprintf("%s %.4f", strings.ReplaceAll(name, "_", " "), e.Metrics[name])
	}
	return fmt.Sprintf("epoch %d  %s  (%s)", e.Epoch, strings.Join(parts, "  "), time.Duration(e.Seconds*float64(time.Second)).Round(100*time.Millisecond))
}

// metricOrder sorts losses before the rest, training before validation before averages.
func metricOrder(name string) string {
	rank := "3"
	switch {
	case strings.HasPrefix(name, "train_"):
		rank = "1"
	case strings.HasPrefix(name, "valid_"):
		rank = "2"
	}
	if strings.HasSuffix(name, "loss") {
		return rank + "0" + name
	}
	return rank + "1" + name
}

// count writes a number of things with three digits.
func count(n float64) string {
	if n >= 1000 {
		return fmt.Sprintf("%.3gk", n/1000)
	}
	return fmt.Sprintf("%.3g", n)
}
