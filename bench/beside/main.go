// Command beside trains airbench94's recipe step by step beside the same in PyTorch: from the same weights, on the same
// batches, first one and then the other, so that what else the machine does falls on both. It prints how long steps take,
// as ratios of pairs, and how far the losses are from each other.
//
//	ATELIER_DATA=... go run ./bench/beside -steps 50 -csv steps.csv
//
// PyTorch's side is peer_airbench.py, which has the network, the optimizer and the schedule in its own words. It takes the
// faster of its two memory layouts.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/bench"
	_ "github.com/atelier-go/atelier/cpu"
	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/recipe"
	"github.com/atelier-go/atelier/recipes"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "beside:", err)
		}
		os.Exit(1)
	}
}

// options are the command's flags.
type options struct {
	steps, warm, threads int
	csv                  string
	sets                 settings
}

// settings is a flag that may be repeated.
type settings []string

func (s *settings) String() string { return strings.Join(*s, " ") }

func (s *settings) Set(v string) error {
	*s = append(*s, v)
	return nil
}

const raced = "cifar10-airbench94.yaml"

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var o options
	flags := flag.NewFlagSet("beside", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.steps, "steps", 50, "pairs of `steps`")
	flags.IntVar(&o.warm, "warm", 2, "first `steps` whose times do not count: graphs are compiled in them")
	flags.IntVar(&o.threads, "threads", 2, "worker threads of each side")
	flags.StringVar(&o.csv, "csv", "", "write a line for each step to a `file`")
	flags.Var(&o.sets, "set", "change the recipe: `path=value` (repeatable); the network's widths, batch, epochs and lookahead may differ")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.warm < 0 || o.steps <= o.warm+1 || o.threads < 1 || flags.NArg() > 0 {
		return fmt.Errorf("-steps is %d, -warm %d and -threads %d: want two steps more than are warm, positive numbers, and no arguments", o.steps, o.warm, o.threads)
	}
	torch, err := bench.FindTorch(ctx)
	if err != nil {
		return err
	}
	c, r, err := configuration(o)
	if err != nil {
		return err
	}
	defer c.Backend.Finalize()
	pairs, peer, err := race(ctx, o, c, r, torch)
	if err != nil {
		return err
	}
	if o.csv != "" {
		if err := writeCSV(o.csv, pairs); err != nil {
			return err
		}
	}
	return report(stdout, pairs, o.warm, fmt.Sprintf("PyTorch %s, %s", torch.Version, peer.Layout))
}

// configuration is the recipe's run, with pictures in $ATELIER_DATA.
func configuration(o options) (learn.Config, *recipe.Recipe, error) {
	text, err := recipes.Files.ReadFile(raced)
	if err != nil {
		return learn.Config{}, nil, err
	}
	dir, err := os.Getwd()
	if err != nil {
		return learn.Config{}, nil, err
	}
	// Its validation is not what is measured.
	sets := append(settings{"datasets.cifar10.valid.limit=500", "tta.level=0"}, o.sets...)
	r, err := recipe.Parse(raced, text, dir, recipe.Options{Set: sets, Data: os.Getenv("ATELIER_DATA")})
	if err != nil {
		return learn.Config{}, nil, err
	}
	c, err := r.Config(context.Background())
	if err != nil {
		return c, r, err
	}
	if r.Proxy.Model != "" {
		return c, r, errors.New("PyTorch's side trains on whole batches: leave the proxy out")
	}
	c.Backend, err = compute.NewWithConfig(fmt.Sprintf("cpu:threads=%d", o.threads))
	return c, r, err
}
