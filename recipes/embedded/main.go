// Command embedded trains the network that style paints with where no other is given, which style/embedded has: a student
// of the original VGG-19 up to relu3_4, from random weights, on patches of photos.
//
//	go run ./recipes/embedded -teacher vgg19.safetensors -photos photos.zip -out runs
//
// README.md says how it is trained and what came of it. A run that is interrupted goes on where it was when the command is
// given again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/gomlx/compute"

	_ "github.com/atelier-go/atelier/cpu"
	"github.com/atelier-go/atelier/data"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "embedded:", err)
		}
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var t training
	var backendName, teacherFile, photosFile, out string
	flags := flag.NewFlagSet("embedded", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&backendName, "backend", "cpu", "GoMLX `configuration` of the backend")
	flags.StringVar(&teacherFile, "teacher", "", "safetensors `file` of the original VGG-19, at least up to conv3_4")
	flags.StringVar(&photosFile, "photos", "", "zip `file` of photos")
	flags.StringVar(&out, "out", "embedded", "`folder` of the runs and of the result")
	flags.Uint64Var(&t.seed, "seed", 1, "of the weights, the photos' order and the patches")
	flags.IntVar(&t.size, "size", 64, "`pixels` of a patch's side")
	flags.IntVar(&t.batch, "batch", 16, "patches of a step")
	flags.IntVar(&t.measured, "measure", 12, "`batches` on which scales and whitenings are measured")
	flags.IntVar(&t.aloneSteps, "alone", 240, "`steps` in which each layer is trained alone")
	flags.IntVar(&t.wholeSteps, "whole", 30, "`steps` in which all are trained together")
	flags.Float64Var(&t.aloneLR, "alone-lr", 0.012, "largest learning `rate` of the layers alone")
	flags.Float64Var(&t.wholeLR, "whole-lr", 1e-4, "largest learning `rate` of all together")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("%q is no flag", flags.Arg(0))
	case teacherFile == "":
		return errors.New("-teacher is missing: want a file of the original VGG-19's weights")
	case photosFile == "":
		return errors.New("-photos is missing: want a zip file of photos")
	}
	if err := t.check(); err != nil {
		return err
	}
	backend, err := compute.NewWithConfig(backendName)
	if err != nil {
		return err
	}
	defer backend.Finalize()
	teach, err := readTeacher(teacherFile)
	if err != nil {
		return err
	}
	photos, err := data.OpenZip(photosFile, data.FilesOptions{Layout: data.Unlabelled})
	if err != nil {
		return err
	}
	defer photos.Close()
	return t.train(ctx, backend, teach, photos, out, stdout)
}
