package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/imageio"
	"github.com/atelier-go/atelier/style"
	"github.com/atelier-go/atelier/style/live"
)

// studio is what paintings of one command share.
type studio struct {
	f              *styleFlags
	backend        compute.Backend
	network        *style.Network
	pictures       *reader
	stdout, stderr io.Writer
	expected       *style.Record // what pictures must be; nil where they may be any
	page           *live.Page    // nil for none
	place          string        // of a painting among several, before its title
}

// drawnSide is at most how large the pictures that are built in are drawn.
const drawnSide = 1024

func (f *styleFlags) openStudio(stdout, stderr io.Writer) (*studio, error) {
	s := &studio{f: f, stdout: stdout, stderr: stderr, pictures: newReader(f.maxPixels, min(f.options.Size, drawnSide))}
	var err error
	if s.page, err = f.openPage(stderr); err != nil {
		return nil, err
	}
	if s.backend, err = f.open(stderr); err != nil {
		s.close()
		return nil, err
	}
	if s.network, err = f.openNetwork(s.backend); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *studio) close() {
	_ = s.page.Close() // the paintings are there, whatever became of the page
	if s.backend != nil {
		s.backend.Finalize()
	}
}

// paint makes one painting.
func (s *studio) paint(ctx context.Context, j job) error {
	o, from, err := s.options(j)
	if err != nil {
		return err
	}
	if s.expected != nil {
		if err := from.check(*s.expected); err != nil {
			return err
		}
	}
	p := &painting{studio: s, job: j, sources: from, bits: s.bitsOf(j, from.content)}
	s.page.Begin(s.place + j.source())
	err = p.run(ctx, o)
	s.page.End(p.ending(ctx, err), p.painted)
	return err
}

// options are those of the command line with the pictures of a job.
func (s *studio) options(j job) (style.Options, sources, error) {
	o := s.f.options
	o.Network = s.network
	from := sources{network: style.Source{Name: s.f.networkName(), SHA256: s.network.Hash}}
	if j.content != "" {
		var err error
		if from.content, err = s.picture(j.content); err != nil {
			return o, from, err
		}
		if err := largeEnough(from.content); err != nil {
			return o, from, err
		}
		o.Content = from.content.picture
	}
	if err := s.addStyles(&o, &from, j); err != nil {
		return o, from, err
	}
	if o.Init == style.InitPicture {
		in, err := s.picture(s.f.init)
		if errors.Is(err, os.ErrNotExist) {
			return o, from, fmt.Errorf("--init %s is none of content, noise, smooth-noise, style-stats, and there is no file of that name", s.f.init)
		}
		if err != nil {
			return o, from, err
		}
		o.InitPicture, from.init = in.picture, in
	}
	if err := o.Check(); err != nil {
		return o, from, err
	}
	return o, from, s.stylesLargeEnough(o, j)
}

// addStyles reads style pictures and masks. The options have weights already, if there are any.
func (s *studio) addStyles(o *style.Options, from *sources, j job) error {
	o.Styles = nil
	for i, name := range j.styles {
		in, err := s.picture(name)
		if err != nil {
			return err
		}
		one := style.StyleInput{}
		if i < len(s.f.options.Styles) {
			one = s.f.options.Styles[i]
		}
		one.Picture = in.picture
		var mask *maskInput
		if i < len(s.f.masks) && s.f.masks[i] != "-" {
			if mask, err = s.pictures.mask(s.f.masks[i], from.content); err != nil {
				return err
			}
			one.Mask = mask.mask
		}
		o.Styles = append(o.Styles, one)
		from.styles, from.masks = append(from.styles, in), append(from.masks, mask)
	}
	return nil
}

// picture reads a picture, and says what is to be known about it.
func (s *studio) picture(name string) (*input, error) {
	first := s.pictures.inputs[name] == nil
	in, err := s.pictures.picture(name)
	if err == nil && first {
		for _, w := range in.warnings {
			fmt.Fprintln(s.stderr, w)
		}
	}
	return in, err
}

// leastSide is the smallest side of a picture that has something to be painted.
const leastSide = 16

func largeEnough(in *input) error {
	if p := in.picture; min(p.H, p.W) < leastSide {
		return fmt.Errorf("%s is %d by %d pixels: a picture to paint has at least %d on each side", in.name, p.W, p.H, leastSide)
	}
	return nil
}

// stylesLargeEnough wants style pictures that the layers can see in whole at least once.
func (s *studio) stylesLargeEnough(o style.Options, j job) error {
	if o.Mode == style.ContentOnly {
		return nil
	}
	layers := o.StyleLayers
	if len(layers) == 0 {
		layers = style.DefaultStyleLayers(s.network)
	}
	widest := style.Layer{}
	for _, l := range s.network.Layers() {
		for _, used := range layers {
			if used.Layer == l.Name && l.Receptive > widest.Receptive {
				widest = l
			}
		}
	}
	for i, in := range o.Styles {
		if side := min(in.Picture.H, in.Picture.W); side < widest.Receptive {
			return fmt.Errorf("style picture %s is %d by %d pixels, and a position of layer %s sees %d: take a larger picture, or --style-layers nearer to the input",
				j.styles[i], in.Picture.W, in.Picture.H, widest.Name, widest.Receptive)
		}
	}
	return nil
}

// bitsOf is how many bits the painting has: those asked for, or the content's where the format has them.
func (s *studio) bitsOf(j job, content *input) int {
	if s.f.bits != 0 {
		return s.f.bits
	}
	if content == nil || imageio.CheckWrite(j.out, imageio.WriteOptions{Bits: content.bits}) != nil {
		return 8
	}
	return content.bits
}

// announce says what will be done, and what it is expected to take.
func (s *studio) announce(j job, o style.Options, plan style.Plan) {
	fmt.Fprintf(s.stderr, "%s, to %s\n", j.source(), j.out)
	var sizes, iterations []string
	for _, p := range plan.Scales {
		size := fmt.Sprintf("%dx%d", p.Width, p.Height)
		if p.Tile > 0 {
			size += fmt.Sprintf(" in tiles of %d", p.Tile)
		}
		sizes, iterations = append(sizes, size), append(iterations, fmt.Sprint(p.Iterations))
	}
	fmt.Fprintf(s.stderr, "%s; %s; at most %s iterations of %s\n", s.network.Name, strings.Join(sizes, ", "), strings.Join(iterations, ", "), o.Optimizer)
	if last := plan.Scales[len(plan.Scales)-1]; o.TimeBudget > 0 && max(last.Height, last.Width) < o.Size {
		fmt.Fprintf(s.stderr, "%s is too short for %d pixels: the painting gets %d\n", o.TimeBudget, o.Size, max(last.Height, last.Width))
	}
	fmt.Fprintf(s.stderr, "expected: %s, %s of memory\n", durationText(plan.Time), bytesText(plan.Bytes))
}

// durationText is a time to two or three digits.
func durationText(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Hour:
		return d.Round(time.Second).String()
	default:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
}

// beside is a file's name with something put in front of its extension.
func beside(path, what string) string {
	extension := filepath.Ext(path)
	return strings.TrimSuffix(path, extension) + what + extension
}
