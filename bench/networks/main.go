// Command networks compares networks to paint with: it paints pairs of a photo and a painting with each, and measures all
// results with the same judge, the real VGG-19 as far as a file has it.
//
//	go run ./bench/networks -judge vgg19.safetensors -out paintings photo.jpg+painting.jpg ...
//
// The judge paints first; with -content-distance the weight of the content is changed until its picture is that far from the
// photo. The others, the embedded network (or that of -network) and one of its shape with random weights, then paint with
// that weight changed until their pictures are about as far from the photo as the judge's is: a network may not reach the
// style by leaving the photo behind. Style distance S and content distance C are those of style.Judge. Every painting is
// kept under -out and is not repeated when the command is given again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/gomlx/compute"

	_ "github.com/atelier-go/atelier/cpu"
	"github.com/atelier-go/atelier/style"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "networks:", err)
		}
		os.Exit(1)
	}
}

// options are the command's flags.
type options struct {
	out, backend    string
	judge, embedded string // files
	random, zeros   bool
	size            int
	iterations      string
	content, tv     float64
	distance        float64
	tries           int
	tolerance       float64
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	d := style.Defaults()
	var o options
	flags := flag.NewFlagSet("networks", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.out, "out", "paintings", "`folder` of the pictures and results")
	flags.StringVar(&o.backend, "backend", "cpu", "GoMLX `configuration` of the backend")
	flags.StringVar(&o.judge, "judge", "", "`file` of VGG-19's weights, at least up to conv3_4")
	flags.StringVar(&o.embedded, "network", "", "`file` of the network to compare (default the embedded one)")
	flags.BoolVar(&o.random, "random", true, "compare a network with random weights too")
	flags.BoolVar(&o.zeros, "zeros", false, "paint with zeros around pictures, as the judge sees them, and not with their edges repeated")
	flags.IntVar(&o.size, "size", 256, "`pixels` of the long side")
	flags.StringVar(&o.iterations, "iterations", "60,60,80", "`numbers` of iterations at each scale")
	flags.Float64Var(&o.content, "content-weight", d.ContentWeight, "`weight` of the content when the judge paints")
	flags.Float64Var(&o.tv, "tv", d.TV, "`weight` of total variation")
	flags.Float64Var(&o.distance, "content-distance", 0, "`distance` to come to, the judge too (default what it comes to with -content-weight)")
	flags.IntVar(&o.tries, "tries", 3, "paintings of a network, at most, until its content distance is the judge's")
	flags.Float64Var(&o.tolerance, "tolerance", 0.05, "`part` by which content distances may differ")
	flags.Usage = func() {
		fmt.Fprintf(stderr, "usage: networks [flags] CONTENT+STYLE ...\n\nFlags:\n")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	pairs, err := parsePairs(flags.Args())
	if err != nil {
		return err
	}
	counts, err := parseCounts(o.iterations)
	if err != nil {
		return err
	}
	switch {
	case o.judge == "":
		return errors.New("-judge is missing: want a file of VGG-19's weights")
	case o.tries < 1:
		return fmt.Errorf("-tries is %d, want 1 or more", o.tries)
	case !(o.tolerance > 0):
		return fmt.Errorf("-tolerance is %v, want more than 0", o.tolerance)
	case !(o.tv >= 0):
		return fmt.Errorf("-tv is %v, want 0 or more", o.tv)
	case !(o.distance >= 0):
		return fmt.Errorf("-content-distance is %v, want more than 0", o.distance)
	case !(o.content > 0):
		return fmt.Errorf("-content-weight is %v, want more than 0", o.content)
	}
	backend, err := compute.NewWithConfig(o.backend)
	if err != nil {
		return err
	}
	defer backend.Finalize()
	c := &comparison{options: o, iterations: counts, backend: backend, log: stdout}
	return c.run(ctx, pairs)
}

// pair is a photo and a painting.
type pair struct{ content, style string } // files

// name is the files' names without their folders and endings.
func (p pair) name() string {
	stem := func(path string) string {
		return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	}
	return stem(p.content) + "+" + stem(p.style)
}

func parsePairs(args []string) ([]pair, error) {
	if len(args) == 0 {
		return nil, errors.New("name pairs of pictures: CONTENT+STYLE")
	}
	var pairs []pair
	seen := map[string]bool{}
	for _, a := range args {
		content, painting, found := strings.Cut(a, "+")
		if !found || content == "" || painting == "" {
			return nil, fmt.Errorf("%q is no pair of pictures: want CONTENT+STYLE", a)
		}
		p := pair{content, painting}
		if seen[p.name()] {
			return nil, fmt.Errorf("there are two pairs %s", p.name())
		}
		seen[p.name()] = true
		pairs = append(pairs, p)
	}
	return pairs, nil
}

func parseCounts(s string) ([]int, error) {
	var counts []int
	for text := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("-iterations is %q: want positive numbers and commas", s)
		}
		counts = append(counts, n)
	}
	return counts, nil
}
