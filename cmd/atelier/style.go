package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/atelier-go/atelier/imageio"
	"github.com/atelier-go/atelier/style"
	"github.com/atelier-go/atelier/zoo"
)

// styleFlags are the flags of `atelier style`. Those of the painting itself are fields of style.Options, with its defaults.
type styleFlags struct {
	recipeFlags
	options style.Options

	content string
	weights []float64
	masks   []string
	init    string

	net, netFile, pooling string

	out          string
	bits         int
	quality      int
	force        bool
	resume       bool
	replay       string
	trace        string
	plot         bool
	previewEvery int
	serve        string // address of the page that shows the painting; empty for none
	maxPixels    int64

	batch bool     // several paintings, into a folder
	again []string // the arguments that paint this again
}

func newStyle() *cobra.Command {
	_, cmd := newStyleFlags()
	return cmd
}

func newStyleFlags() (*styleFlags, *cobra.Command) {
	f := &styleFlags{options: style.Defaults(), maxPixels: imageio.DefaultMaxPixels}
	cmd := &cobra.Command{
		Use:   "style [CONTENT [STYLE...]]",
		Short: "Paint a photo in the style of a painting",
		Long: `Paint a photo in the style of a painting: change its pixels until a network's features say that it shows the first
picture in the manner of the others. Without pictures it paints a drawn landscape in drawn brush strokes, to show how that
looks; without STYLE, your picture in those.

Several styles are mixed, or go each where its mask is white. A folder in place of a picture stands for each of its
pictures in turn; the paintings go to the folder -o. Pictures are PNG, JPEG, TIFF, WebP, GIF or BMP; paintings are PNG,
JPEG or TIFF by the name's ending, and keep their settings, so that --replay paints the same again.

Ctrl-C saves the best picture so far and prints the command that goes on.`,
		Example: `  atelier style
  atelier style photo.jpg painting.jpg -o out.png
  atelier style photo.jpg painting.jpg --size 2048 --max-memory 2GiB
  atelier style photo.jpg painting.jpg --serve
  atelier style photo.jpg sky.jpg ground.jpg --mask skymask.png
  atelier style --mode texture painting.jpg -o texture.png
  atelier style photos paintings -o painted
  atelier style --replay out.png -o again.png`,
		RunE: func(cmd *cobra.Command, args []string) error {
			args = f.takeAddress(args)
			f.again = append(append([]string{"style"}, args...), changedFlags(cmd.Flags(), "resume", "force")...)
			return f.run(cmd, args)
		},
	}
	cmd.Flags().SortFlags = false
	f.addPictures(cmd)
	f.addLosses(cmd)
	f.addOptimizer(cmd)
	f.addBounds(cmd)
	f.addFiles(cmd)
	f.addBackend(cmd)
	return f, cmd
}

func (f *styleFlags) addPictures(cmd *cobra.Command) {
	flags, o := cmd.Flags(), &f.options
	flags.StringVarP(&f.out, "out", "o", "", "`file` or folder of the painting (default named after the pictures, in this folder)")
	flags.IntVar(&o.Size, "size", o.Size, "`pixels` of the painting's long side")
	flags.Float64Var(&o.StyleScale, "style-scale", o.StyleScale, "size of style pictures relative to the painting; smaller makes finer strokes")
	flags.Float64SliceVar(&f.weights, "weights", nil, "`weight` of each style, as 2,1 (default equal)")
	flags.Lookup("weights").DefValue = "" // no list, where pflag says []
	flags.StringArrayVar(&f.masks, "mask", nil, "`picture` that is white where a style goes: the first for the first style and so on; - is none (repeatable)")
	flags.StringVar(&f.content, "content", "", "`picture` to paint, instead of the first argument; gives its shape to --mode texture")
	flags.Var(choice[style.Colour]{&o.PreserveColour, style.Colours}, "preserve-colour", "keep the content's colours: "+names(style.Colours))
	flags.Var(choice[style.Mode]{&o.Mode, style.Modes}, "mode", "what counts: "+names(style.Modes))
	flags.StringVar(&f.init, "init", "", "where to start: content, noise, smooth-noise, style-stats, or a picture's `file` (default content; smooth-noise for other modes)")
	flags.Uint64Var(&o.Seed, "seed", o.Seed, "of noise")
}

func (f *styleFlags) addLosses(cmd *cobra.Command) {
	flags, o := cmd.Flags(), &f.options
	flags.StringVar(&f.net, "net", "", "`network` whose features count: embedded, or one of \"atelier models list\" (default embedded)")
	flags.StringVar(&f.netFile, "net-weights", "", "`file` with the network's weights: safetensors or PyTorch's .pth, whole or its first part")
	flags.StringVar(&f.pooling, "pooling", zoo.MaxPooling.String(), "what the network's pooling takes of its windows: max, mean, l2")
	flags.Var(layerList{&o.StyleLayers}, "style-layers", "for the style, with weights, as relu1_1,relu3_1=0.5 (default relu1_1,relu2_1,relu3_1,relu3_4 or what is nearest)")
	flags.Var(layerList{&o.ContentLayers}, "content-layers", "for the content (default relu3_3 or what is nearest)")
	flags.Var(lossList{&o.Losses}, "loss", "how styles are compared, with weights: "+names(style.AllLosses))
	flags.Float64Var(&o.ContentWeight, "content-weight", o.ContentWeight, "of the content; more keeps more of it")
	flags.Float64Var(&o.StyleWeight, "style-weight", o.StyleWeight, "of the style")
	flags.Float64Var(&o.TV, "tv", o.TV, "weight of total variation; more is smoother")
	flags.BoolVar(&o.NormaliseGradients, "normalise-gradients", o.NormaliseGradients, "give the layers' Gram losses gradients of one size")
}

func (f *styleFlags) addOptimizer(cmd *cobra.Command) {
	flags, o := cmd.Flags(), &f.options
	flags.IntVar(&o.Scales, "scales", o.Scales, "`number` of sizes, each √2 times the one before; 0 is as many as begin at 128 pixels")
	flags.IntSliceVar(&o.Iterations, "iterations", o.Iterations, "at each scale; the last `number` counts for later scales too")
	flags.Var(choice[style.Optimizer]{&o.Optimizer, style.Optimizers}, "optimizer", names(style.Optimizers))
	flags.Float64Var(&o.LearningRate, "learning-rate", o.LearningRate, "of adam: about how much a pixel changes in an iteration")
	flags.Float64Var(&o.Average, "average", o.Average, "`part` of the average of adam's iterates that stays at an iteration; negative for none")
	flags.IntVar(&o.History, "history", o.History, "`steps` that lbfgs remembers")
	flags.Float64Var(&o.Tolerance, "tolerance", o.Tolerance, fmt.Sprintf("a scale has converged when its loss decreases by less than this `part` in %d iterations; negative for never", style.ConvergedWithin))
}

func (f *styleFlags) addBounds(cmd *cobra.Command) {
	flags, o := cmd.Flags(), &f.options
	flags.Var(&quantity{value: &o.MaxMemory, unit: "bytes", none: true}, "max-memory", "choose tiles and history so that this is enough, as 2GiB, or none (default half of the machine's)")
	flags.DurationVar(&o.TimeBudget, "time-budget", o.TimeBudget, "choose scales and iterations for this `time`, as 90s, and end when it is over")
	flags.IntVar(&o.Tile, "tile", o.Tile, "`pixels` of the side of tiles, which change nothing but memory and time; 0 is none, or what --max-memory needs")
	flags.Var(&quantity{value: &f.maxPixels, unit: "pixels"}, "max-pixels", "refuse larger pictures before they are decoded")
}

func (f *styleFlags) addFiles(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.IntVar(&f.bits, "bits", 0, "8 or 16 bits of a channel (default the content's, 8 for JPEG)")
	flags.IntVar(&f.quality, "quality", imageio.DefaultQuality, "of JPEG, 1 to 100")
	flags.BoolVar(&f.force, "force", false, "paint over files that are there")
	flags.IntVar(&f.previewEvery, "preview-every", 10, "`iterations` after which a preview is replaced, beside the painting until that is done; 0 for none")
	f.addServe(flags)
	flags.StringVar(&f.trace, "trace", "", "`file` that gets a line of JSON for each iteration")
	flags.BoolVar(&f.plot, "plot", false, "draw the losses into a picture beside the painting")
	flags.BoolVar(&f.resume, "resume", false, "go on with a painting that was interrupted")
	flags.StringVar(&f.replay, "replay", "", "paint again what this `painting` is, from its settings; pictures given instead of its own are used")
}

func (f *styleFlags) run(cmd *cobra.Command, args []string) error {
	if err := f.checkFlags(cmd.Flags()); err != nil {
		return err
	}
	if f.replay != "" {
		return f.runReplay(cmd, args)
	}
	jobs, err := f.jobs(args)
	if err != nil {
		return err
	}
	if f.batch && f.trace != "" {
		return usagef("style: --trace is one file, and there are several paintings")
	}
	if !f.batch {
		if err := f.checkOut(jobs[0]); err != nil {
			return err
		}
	}
	studio, err := f.openStudio(cmd.OutOrStdout(), cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer studio.close()
	if !f.batch {
		return studio.paint(cmd.Context(), jobs[0])
	}
	return studio.paintAll(cmd.Context(), jobs)
}

// checkFlags says what is wrong with flags that are not options of the painting, and with zeros, which there mean defaults.
func (f *styleFlags) checkFlags(flags *pflag.FlagSet) error {
	o := &f.options
	for _, c := range []struct {
		flag string
		zero bool
	}{{"size", o.Size == 0}, {"style-scale", o.StyleScale == 0}, {"learning-rate", o.LearningRate == 0}, {"history", o.History == 0}} {
		if c.zero {
			return usagef("style: --%s is 0: want a number above 0", c.flag)
		}
	}
	for _, c := range []struct {
		flag  string
		value *float64
	}{{"average", &o.Average}, {"tolerance", &o.Tolerance}} {
		if flags.Changed(c.flag) && *c.value == 0 {
			*c.value = -1 // none, and never
		}
	}
	for _, w := range f.weights {
		if !(w > 0) || math.IsInf(w, 0) {
			return usagef("style: --weights has %v: want numbers above 0; leave out a picture that is not to count", w)
		}
	}
	var strange error
	flags.Visit(func(flag *pflag.Flag) {
		if v, err := flags.GetFloat64(flag.Name); err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
			strange = usagef("style: --%s is %v: want a number that is finite", flag.Name, v)
		}
	})
	switch {
	case strange != nil:
		return strange
	case o.Size > 0 && o.Size < leastSide:
		return usagef("style: --size is %d: a painting has at least %d pixels on its long side", o.Size, leastSide)
	case f.bits != 0 && f.bits != 8 && f.bits != 16:
		return usagef("style: --bits is %d: want 8 or 16", f.bits)
	case f.quality < 1 || f.quality > 100:
		return usagef("style: --quality is %d: want 1 to 100", f.quality)
	case f.previewEvery < 0:
		return usagef("style: --preview-every is %d: want a number of iterations, or 0 for none", f.previewEvery)
	case f.net == embeddedNet && f.netFile != "":
		return usagef("style: --net embedded is the network that is built in, and --net-weights a file: which?")
	case f.resume && f.force:
		return usagef("style: --resume goes on with a painting and --force begins it anew: which?")
	}
	if _, err := zoo.PoolingNamed(f.pooling); err != nil {
		return usagef("style: there is no pooling %q: want max, mean or l2", f.pooling)
	}
	if f.init == "" {
		return nil
	}
	f.options.Init = style.Init(f.init)
	for _, known := range style.Inits {
		if f.options.Init == known && known != style.InitPicture {
			return nil
		}
	}
	f.options.Init = style.InitPicture
	return nil
}

// checkWrite says whether a painting can be written under that name.
func (f *styleFlags) checkWrite(out string) error {
	err := imageio.CheckWrite(out, imageio.WriteOptions{Bits: f.bits, Quality: f.quality})
	if format, ok := errors.AsType[*imageio.FormatError](err); ok {
		return fmt.Errorf("%s %w", out, format)
	}
	return err
}

// paintAll paints one after another; what fails does not keep the rest from being painted.
func (s *studio) paintAll(ctx context.Context, jobs []job) error {
	var failed []error
	painted, there, failures := 0, 0, 0
	for i, j := range jobs {
		s.place = fmt.Sprintf("%d of %d: ", i+1, len(jobs))
		fmt.Fprint(s.stderr, s.place)
		err := s.f.checkOut(j)
		switch {
		case errors.Is(err, errThere):
			there++
			fmt.Fprintf(s.stderr, "%s is there already\n", j.out)
			continue
		case err == nil:
			err = s.paint(ctx, j)
		default:
			fmt.Fprintln(s.stderr, j.out)
		}
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
		if err != nil {
			failures++
			fmt.Fprintln(s.stderr, oneLine(err.Error()))
			same := func(other error) bool { return other.Error() == err.Error() }
			if !slices.ContainsFunc(failed, same) { // a picture that cannot be read fails in each style
				failed = append(failed, err)
			}
			continue
		}
		painted++
		s.pictures.forget(j.content)
	}
	summary(s.stdout, painted, there, failures)
	return errors.Join(failed...)
}

func summary(w io.Writer, painted, there, failed int) {
	fmt.Fprintf(w, "%d painted", painted)
	if there > 0 {
		fmt.Fprintf(w, ", %d there already (--force paints them again)", there)
	}
	if failed > 0 {
		fmt.Fprintf(w, ", %d failed", failed)
	}
	fmt.Fprintln(w)
}
