package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/imageio"
	"github.com/atelier-go/atelier/nn"
	"github.com/atelier-go/atelier/safetensors"
	"github.com/atelier-go/atelier/style"
	"github.com/atelier-go/atelier/style/embedded"
	"github.com/atelier-go/atelier/weights"
	"github.com/atelier-go/atelier/zoo"
)

// comparison is the command at work.
type comparison struct {
	options
	iterations []int
	backend    compute.Backend
	log        io.Writer

	judgeNet *style.Network
	painter  *style.Network // the same, as one paints with it
	others   []*style.Network
	done     results
}

// The networks' names in results.
const (
	judgeName    = "vgg19"
	embeddedName = "embedded"
	randomName   = "random"
	unpainted    = "photo"
)

// open reads the networks.
func (c *comparison) open() error {
	judge, err := weights.LoadFeatures(c.judge, "vgg19")
	if err != nil {
		return err
	}
	c.judgeNet, c.painter = style.NewNetwork(c.backend, judge), c.network(judge, judgeName)
	own, err := c.own()
	if err != nil {
		return err
	}
	c.others = []*style.Network{c.network(own, embeddedName)}
	if c.random {
		random, err := randomFeatures(own.FeatureNet)
		if err != nil {
			return err
		}
		c.others = append(c.others, c.network(random, randomName))
	}
	return nil
}

func (c *comparison) own() (*weights.Features, error) {
	if c.embedded == "" {
		return embedded.Features()
	}
	return weights.LoadFeatures(c.embedded, "")
}

// network is one to paint with: unless -zeros is given, without the rim that zeros around pictures make. The judge sees
// those, as it was trained to.
func (c *comparison) network(f *weights.Features, name string) *style.Network {
	painter := *f
	if !c.zeros {
		painter.Edge = nn.PadReplicate
	}
	n := style.NewNetwork(c.backend, &painter)
	n.Name = name
	return n
}

// randomFeatures are those of a network as it is before any training: He's initialization (He et al., 2015), always the
// same numbers.
func randomFeatures(like zoo.FeatureNet) (*weights.Features, error) {
	random := rand.New(rand.NewPCG(1, 0))
	var all []safetensors.Tensor
	for _, w := range like.Weights() {
		size, fanIn := 1, 1
		for i, n := range w.Shape {
			size *= n
			if i > 0 {
				fanIn *= n
			}
		}
		values := make([]float32, size)
		if len(w.Shape) > 1 { // biases are 0
			for i := range values {
				values[i] = float32(random.NormFloat64() * math.Sqrt(2/float64(fanIn)))
			}
		}
		all = append(all, safetensors.FromFloat32(w.Name, w.Shape, values))
	}
	var file bytes.Buffer
	if err := safetensors.Write(&file, all, map[string]string{"arch": like.Name()}); err != nil {
		return nil, err
	}
	f, err := weights.Read("random weights", bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		return nil, err
	}
	return f.Features("")
}

// run compares on all pairs and prints a table.
func (c *comparison) run(ctx context.Context, pairs []pair) error {
	if err := c.open(); err != nil {
		return err
	}
	if err := os.MkdirAll(c.out, 0o777); err != nil {
		return err
	}
	var err error
	if c.done, err = readResults(filepath.Join(c.out, "results.jsonl")); err != nil {
		return err
	}
	for _, p := range pairs {
		if err := c.pair(ctx, p); err != nil {
			return fmt.Errorf("%s: %w", p.name(), err)
		}
	}
	table := c.done.table(pairs, c.distance)
	fmt.Fprint(c.log, table)
	return os.WriteFile(filepath.Join(c.out, "table.md"), []byte(table), 0o666)
}

// pair paints a pair with all networks.
func (c *comparison) pair(ctx context.Context, p pair) error {
	o := style.Defaults()
	o.Size, o.Iterations, o.TV, o.Tolerance = c.size, c.iterations, c.tv, -1 // the same work for all
	var err error
	if o.Content, err = c.read(p.content); err != nil {
		return err
	}
	painting, err := c.read(p.style)
	if err != nil {
		return err
	}
	o.Styles = []style.StyleInput{{Picture: painting}}
	o.ContentWeight = c.content
	if err := c.before(ctx, p, o); err != nil {
		return err
	}
	o.Network = c.painter
	aim := c.distance
	if aim == 0 {
		r, err := c.paint(ctx, p, o)
		if err != nil {
			return err
		}
		aim = r.C
	} else if err := c.match(ctx, p, o, aim); err != nil {
		return err
	}
	for _, n := range c.others {
		o.Network = n
		if err := c.match(ctx, p, o, aim); err != nil {
			return err
		}
	}
	return nil
}

// read reads a picture at the size of the comparison.
func (c *comparison) read(path string) (style.Picture, error) {
	f, _, err := imageio.ReadFloat(path, imageio.FloatOptions{})
	if err != nil {
		return style.Picture{}, err
	}
	f = f.OnWhite()
	scale := float64(c.size) / float64(max(f.H, f.W))
	side := func(n int) int { return max(1, int(math.Round(float64(n)*scale))) }
	if f, err = imageio.ResizeFloat(f, side(f.H), side(f.W), imageio.Lanczos); err != nil {
		return style.Picture{}, fmt.Errorf("%s: %w", path, err)
	}
	return style.Picture{H: f.H, W: f.W, Pixels: f.RGB}, nil
}

// before measures the photo.
func (c *comparison) before(ctx context.Context, p pair, o style.Options) error {
	r := result{Pair: p.name(), Network: unpainted}
	if c.done.find(r) != nil {
		return nil
	}
	o.Network = c.judgeNet
	q, err := style.Judge(ctx, o, o.Content)
	if err != nil {
		return err
	}
	r.S, r.C = q.Style, q.Content
	return c.keep(r)
}

// match paints until the content distance is the one aimed at.
func (c *comparison) match(ctx context.Context, p pair, o style.Options, aim float64) error {
	// The weight's logarithm by that of the content distance, through the last two paintings; before there are two, what
	// is usual.
	slope := -1.5
	var last *result
	for range c.tries {
		r, err := c.paint(ctx, p, o)
		if err != nil {
			return err
		}
		if math.Abs(math.Log(r.C/aim)) <= math.Log1p(c.tolerance) {
			return nil
		}
		if last != nil && r.C != last.C {
			if s := math.Log(r.Content/last.Content) / math.Log(r.C/last.C); s < -0.2 && s > -10 {
				slope = s
			}
		}
		o.ContentWeight = r.Content * math.Exp(slope*math.Log(aim/r.C))
		last = r
	}
	return nil
}

// paint paints, unless that was done, and measures.
func (c *comparison) paint(ctx context.Context, p pair, o style.Options) (*result, error) {
	settings, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	r := result{Pair: p.name(), Network: o.Network.Name, Hash: o.Network.Hash, Content: o.ContentWeight, Settings: settings}
	if done := c.done.find(r); done != nil {
		return done, nil
	}
	painted, err := style.Paint(ctx, o, nil)
	if err != nil {
		return nil, err
	}
	judged := o
	judged.Network = c.judgeNet
	q, err := style.Judge(ctx, judged, painted.Picture)
	if err != nil {
		return nil, err
	}
	r.S, r.C, r.Seconds = q.Style, q.Content, painted.Elapsed.Seconds()
	x := painted.Picture
	file := filepath.Join(c.out, fmt.Sprintf("%s-%s-%.4g.png", p.name(), o.Network.Name, o.ContentWeight))
	if err := imageio.Write(file, imageio.Float{H: x.H, W: x.W, RGB: x.Pixels}, imageio.WriteOptions{}); err != nil {
		return nil, err
	}
	return &r, c.keep(r)
}

// keep notes a result and prints it.
func (c *comparison) keep(r result) error {
	fmt.Fprintf(c.log, "%s %s: content weight %.4g, S %.4f, C %.4f, %.0f s\n", r.Pair, r.Network, r.Content, r.S, r.C, r.Seconds)
	return c.done.add(r)
}
