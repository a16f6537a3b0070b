package bench

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/style"
	"github.com/atelier-go/atelier/weights"
	"github.com/atelier-go/atelier/zoo"
)

// A step of a paint job is a whole painting of package style, coarse to fine as by default but with a tenth of the
// iterations: from the content, with VGG-19 up to relu3_4, one content layer, four style layers with Gram losses, total
// variation, and preparations, line searches and resizing as they come. peer_style.py does the same.
//
// Weights and pictures are made from hashed numbers (hashed.go), so that both sides have the same without a file.

// paintIterations are those of the five scales of 512 pixels; the last counts for later scales too.
var paintIterations = []int{6, 5, 4, 3, 2}

// Settings of the painting, as peer_style.py has them.
const (
	paintStyleWeight = 10
	paintTV          = 20
	paintHistory     = 10
	paintRate        = 0.02
	paintAverage     = 0.9
	paintSmallest    = 128 // pixels of the first scale's long side, at least
)

// paintJobs are paintings with a long side of size pixels, with each optimizer.
func paintJobs(size int) []Job {
	if size < 16 {
		return nil // a shorter side would be less than what conv3_4 needs
	}
	var jobs []Job
	for _, optimizer := range style.Optimizers {
		jobs = append(jobs, Job{
			Name:  fmt.Sprintf("paint=%d/%s", size, optimizer),
			FLOPs: flops(paintMACs(size, optimizer)),
			Heavy: true,
			build: func(b compute.Backend) (program, error) { return buildPaint(b, size, optimizer) },
		})
	}
	return jobs
}

// painting is a program that paints.
type painting struct {
	options style.Options
	traced  []float64 // the loss at each iteration of the last painting
}

func buildPaint(b compute.Backend, size int, optimizer style.Optimizer) (program, error) {
	network, err := hashedVGG(b)
	if err != nil {
		return nil, err
	}
	h, w := paintShape(size)
	o := style.Defaults()
	o.Network = network
	o.Content = hashedPicture(1, h, w, 4)
	o.Styles = []style.StyleInput{{Picture: hashedPicture(2, h, w, 32)}}
	o.Plan, o.Optimizer = &style.Plan{Scales: paintScales(size), History: paintHistory}, optimizer
	o.ContentWeight, o.StyleWeight, o.TV = 1, paintStyleWeight, paintTV
	o.LearningRate, o.Average = paintRate, paintAverage
	o.Tolerance, o.MaxMemory = -1, -1 // every iteration, in one piece
	return &painting{options: o}, nil
}

// paintShape is a landscape of 4 by 3.
func paintShape(size int) (h, w int) { return (size*3 + 2) / 4, size }

func (p *painting) step() error {
	p.traced = p.traced[:0]
	_, err := style.Paint(context.Background(), p.options, func(s style.Step) error {
		p.traced = append(p.traced, s.Losses.Total)
		return nil
	})
	return err
}

func (p *painting) losses() []float64 { return p.traced }

func (p *painting) close() { p.options.Network.Store.Finalize() }

// hashedVGG is VGG-19 up to relu3_4 with hashed weights, for pictures as torchvision prepares them.
func hashedVGG(b compute.Backend) (*style.Network, error) {
	net, err := zoo.FeaturesByName("vgg19")
	if err != nil {
		return nil, err
	}
	if net, err = net.Until("relu3_4"); err != nil {
		return nil, err
	}
	store := model.NewStore()
	for i, w := range net.Weights() {
		values, shape := hashedWeight(uint32(10+i), w.Shape)
		scope, name := model.SplitPath(w.Path())
		v, err := store.Scope(scope).CreateVariable(name, tensors.FromFlatDataAndDimensions(values, shape...))
		if err != nil {
			return nil, err
		}
		v.SetTrainable(false)
	}
	return style.NewNetwork(b, &weights.Features{FeatureNet: net, Store: store, Hash: "hashed"}), nil
}

// paintScales are the sizes of a painting: from 128 pixels on, or the smallest above, by factors of √2.
func paintScales(size int) []style.PlannedScale {
	longs := []int{size}
	for i := 1; ; i++ {
		long := int(math.Round(float64(size) / math.Pow(2, float64(i)/2)))
		if long < paintSmallest {
			break
		}
		longs = append(longs, long)
	}
	slices.Reverse(longs)
	var scales []style.PlannedScale
	for i, long := range longs {
		h, w := paintShape(long)
		n := paintIterations[min(i, len(paintIterations)-1)]
		scales = append(scales, style.PlannedScale{Height: h, Width: w, Iterations: n})
	}
	return scales
}

// paintMACs counts the convolutions of a painting: two passes for each evaluation of the loss, one for the statistics of
// the style, and one for the content's features. L-BFGS is counted with one evaluation for each iteration and one
// before the first; its line searches may take more.
func paintMACs(size int, optimizer style.Optimizer) float64 {
	total := 0.0
	for _, s := range paintScales(size) {
		evaluations := float64(s.Iterations)
		if optimizer == style.LBFGS {
			evaluations++
		}
		for k, l := range vgg19[:styleLayers] {
			passes := 2*evaluations + 2
			if k == styleLayers-1 {
				passes-- // the content's features end at relu3_3
			}
			positions := float64(s.Height>>l.Scale) * float64(s.Width>>l.Scale)
			total += passes * positions * 9 * float64(l.Cin) * float64(l.Cout)
		}
	}
	return total
}
