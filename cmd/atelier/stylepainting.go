package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/atelier-go/atelier/imageio"
	"github.com/atelier-go/atelier/style"
)

// painting is one painting at work.
type painting struct {
	*studio
	job
	sources sources
	bits    int // of a channel

	trace    *traceFile // nil for none
	history  []style.Step
	progress *styleProgress
	stale    bool          // the preview could not be written
	painted  style.Picture // when it is done
}

// run paints, and writes what comes of it: the painting, or the best of it so far where it was ended.
func (p *painting) run(ctx context.Context, o style.Options) error {
	o.State = p.state()
	if p.f.force {
		if err := os.Remove(o.State); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := p.openTrace(&o); err != nil {
		return err
	}
	if err := p.prepare(ctx, &o); err != nil {
		return errors.Join(err, p.closeTrace())
	}
	if err := p.checkRecord(o); err != nil {
		return errors.Join(err, p.closeTrace())
	}
	expected := int64(0)
	if o.Plan != nil {
		expected = o.Plan.Bytes
	}
	p.progress = newStyleProgress(p.stderr, expected)
	result, err := style.Paint(ctx, o, p.step)
	p.progress.end(result)
	err = errors.Join(err, p.closeTrace())
	if result == nil {
		return err
	}
	p.painted = result.Picture
	return p.finish(ctx, o, result, err)
}

// prepare makes the plan and tells it; a painting that goes on has its own.
func (p *painting) prepare(ctx context.Context, o *style.Options) error {
	if exists(o.State) {
		fmt.Fprintf(p.stderr, "%s, to %s, goes on\n", p.job.source(), p.out)
		return nil
	}
	plan, err := style.Estimate(ctx, *o)
	if err != nil {
		return err
	}
	o.Plan = &plan
	p.announce(p.job, *o, plan)
	return nil
}

// step shows an iteration.
func (p *painting) step(s style.Step) error {
	p.progress.step(s)
	p.page.Step(s)
	if p.f.plot {
		p.history = append(p.history, s)
	}
	n := p.f.previewEvery
	if n == 0 || s.Iteration%n != 0 && s.Iteration != s.Iterations || s.Done == 1 {
		return nil
	}
	if err := p.write(p.preview(), s.Picture(), nil); err != nil && !p.stale {
		// A preview is not worth ending the painting for: the disk may have room again when that is done.
		p.stale = true
		p.progress.line("no preview: " + oneLine(err.Error()))
	}
	return nil
}

// write writes a picture with the content's alpha.
func (p *painting) write(path string, picture style.Picture, metadata *imageio.Metadata) error {
	out := imageio.Float{H: picture.H, W: picture.W, RGB: picture.Pixels}
	if content := p.sources.content; content != nil && content.alpha != nil {
		var err error
		from := content.picture
		if out.Alpha, err = imageio.ResizePlanes(content.alpha, from.H, from.W, 1, out.H, out.W, imageio.Bicubic); err != nil {
			return err
		}
		for i, v := range out.Alpha {
			out.Alpha[i] = min(1, max(0, v))
		}
	}
	o := imageio.WriteOptions{Bits: p.bits, Quality: p.f.quality}
	if metadata != nil {
		o.Metadata = *metadata
	}
	return imageio.Write(path, out, o)
}

// finish writes the painting and says how it went. ended is why the painting ended before its time, nil if it did not.
func (p *painting) finish(ctx context.Context, o style.Options, result *style.Result, ended error) error {
	var q style.Quality
	var judged error
	if ended == nil {
		q, judged = style.Judge(ctx, asPainted(o, result), result.Picture)
	}
	metadata, unrecorded := p.metadata(o, result, q)
	if err := p.save(result.Picture, metadata, unrecorded); err != nil {
		return errors.Join(ended, err)
	}
	if p.f.previewEvery > 0 { // else a file of that name is another's
		if err := os.Remove(p.preview()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	plotted := p.plot()
	switch {
	case ended == nil:
		p.report(o, result, q)
		return errors.Join(judged, plotted)
	case ctx.Err() != nil:
		p.interrupted(o, result)
		return ctx.Err()
	default:
		if _, diverged := errors.AsType[*style.DivergedError](ended); !diverged {
			p.goOn(o)
		}
		return errors.Join(fmt.Errorf("%w (the best so far is saved as %s)", ended, p.out), plotted)
	}
}

// asPainted are options with the last scale's tiles.
func asPainted(o style.Options, result *style.Result) style.Options {
	if n := len(result.Plan.Scales); n > 0 {
		o.Tile = result.Plan.Scales[n-1].Tile
	}
	return o
}

// interrupted says what is there, and how to go on.
func (p *painting) interrupted(o style.Options, result *style.Result) {
	fmt.Fprintf(p.stderr, "saved the best so far, %d by %d pixels, as %s\n", result.Picture.W, result.Picture.H, p.out)
	p.goOn(o)
}

// goOn tells the command that goes on with the painting, if there is a state of it.
func (p *painting) goOn(o style.Options) {
	if exists(o.State) {
		fmt.Fprintf(p.stderr, "go on with\n  %s\n", shellCommand(append(slices.Clone(p.f.again), "--resume")...))
	}
}

// save writes the painting, without its record where there is none, for the reason given, or it cannot be written. Where
// the file cannot be written, as on a full disk, the painting goes somewhere else: its work is not to be lost.
func (p *painting) save(picture style.Picture, metadata imageio.Metadata, unrecorded error) error {
	if unrecorded == nil {
		unrecorded = imageio.CheckWrite(p.out, imageio.WriteOptions{Metadata: metadata})
	}
	if unrecorded != nil {
		metadata = imageio.Metadata{Synthetic: true}
		fmt.Fprintf(p.stderr, "%s gets no record of its settings, so that --replay cannot paint it again: %s\n",
			p.out, oneLine(unrecorded.Error()))
	}
	err := p.write(p.out, picture, &metadata)
	if err == nil {
		return nil
	}
	for _, folder := range refuges() {
		refuge, failed := os.MkdirTemp(folder, "atelier-")
		if failed != nil {
			continue
		}
		path := filepath.Join(refuge, filepath.Base(p.out))
		if failed := p.write(path, picture, &metadata); failed == nil {
			return fmt.Errorf("%w; the painting is saved as %s instead", err, path)
		}
		_ = os.RemoveAll(refuge) // it is empty or useless, and the error that counts is the first
	}
	return fmt.Errorf("%w; nor could the painting be saved anywhere else", err)
}

// refuges are folders that are likely to be on other disks.
func refuges() []string {
	folders := []string{os.TempDir(), "/dev/shm"}
	if home, err := os.UserHomeDir(); err == nil {
		folders = append(folders, home)
	}
	return folders
}

// report says how the painting is.
func (p *painting) report(o style.Options, result *style.Result, q style.Quality) {
	var words []string
	if result.Restarted {
		words = append(words, "began again once with smaller steps, as the loss was not finite")
	}
	if len(o.Styles) > 0 {
		words = append(words, fmt.Sprintf("style distance %.3g", q.Style))
	}
	if o.Content.H > 0 {
		words = append(words, fmt.Sprintf("content distance %.3g, SSIM %.2f", q.Content, q.SSIM))
	}
	fmt.Fprintf(p.stdout, "%s: %d by %d pixels %s; %s\n", p.out, result.Picture.W, result.Picture.H, took(result), strings.Join(words, "; "))
}
