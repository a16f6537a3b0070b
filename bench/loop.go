package bench

import (
	"fmt"

	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/zoo"
)

// loopTask is a network and what it is trained on: pictures of Side by Side pixels with Channels channels.
type loopTask struct {
	Name           string
	Model          string // of package zoo
	Side, Channels int
	Widths, Depths []int // of the model's stages, for counting
}

var loopTasks = []loopTask{
	{"resnet18", "cifar+resnet18", 32, 3, []int{64, 128, 256, 512}, []int{2, 2, 2, 2}},
	{"small", "cifar+resnet-16x1-32x1-64x1", 28, 1, []int{16, 32, 64}, []int{1, 1, 1}},
}

// loopPictures is the size of the data set; its values do not change the work.
const loopPictures = 4096

// trainloopJobs are training steps of whole runs, of package learn: pictures from the loader, cut out of their mirrored
// borders and flipped at random, hyper-parameters from a schedule, SGD with Nesterov momentum and weight decay, metrics,
// history. Beside each, as "step", is the same compiled step alone on a fixed batch.
//
// A step of the loop takes a batch and the loader makes the next meanwhile, so that one step costs one batch however
// steps are counted.
func trainloopJobs(batch int) []Job {
	if batch < 2 || batch > loopPictures {
		return nil
	}
	var jobs []Job
	for _, task := range loopTasks {
		loop := Job{
			Name:     fmt.Sprintf("trainloop=%d/%s/loop", batch, task.Name),
			FLOPs:    flops(task.stepMACs(batch)),
			Pictures: batch,
			Heavy:    true,
			build:    func(b compute.Backend) (program, error) { return startLoop(b, task, batch) },
		}
		step := loop
		step.Name = fmt.Sprintf("trainloop=%d/%s/step", batch, task.Name)
		step.build = func(b compute.Backend) (program, error) { return buildBare(b, task, batch) }
		jobs = append(jobs, loop, step)
	}
	return jobs
}

// convs are the convolutions for a batch in the network's order.
func (t loopTask) convs(batch int) []conv2D {
	convs := []conv2D{{batch, t.Side, t.Channels, t.Widths[0], 3, 1}}
	in, cin := t.Side, t.Widths[0]
	for i, width := range t.Widths {
		for k := range t.Depths[i] {
			stride := 1
			if i > 0 && k == 0 {
				stride = 2
			}
			first := conv2D{batch, in, cin, width, 3, stride}
			convs = append(convs, first, conv2D{batch, first.out(), width, width, 3, 1})
			if cin != width || stride != 1 {
				convs = append(convs, conv2D{batch, in, cin, width, 1, stride})
			}
			in, cin = first.out(), width
		}
	}
	return convs
}

// forwardMACs counts the convolutions and the dense layer.
func (t loopTask) forwardMACs(batch int) float64 {
	total := float64(batch) * float64(t.Widths[len(t.Widths)-1]) * resnetClasses
	for _, c := range t.convs(batch) {
		total += c.macs()
	}
	return total
}

// stepMACs counts a training step; the pictures need no gradient.
func (t loopTask) stepMACs(batch int) float64 {
	return 3*t.forwardMACs(batch) - t.convs(batch)[0].macs()
}

// model is the network as package zoo builds it.
func (t loopTask) model() (zoo.Model, error) { return zoo.ByName(t.Model, resnetClasses) }

// phase is how a loop trains: for more steps than a measurement makes.
func (t loopTask) phase() learn.Phase {
	return learn.Phase{
		Steps: 1e5, Optimizer: optim.SGD{Nesterov: true},
		LR: learn.Value(loopLearningRate), Momentum: learn.Value(sgdMomentum), WeightDecay: learn.Value(sgdWeightDecay),
	}
}

// loopLearningRate is one at which a network that learns random labels does not diverge.
const loopLearningRate = 0.01

// loader is the augmented data.
func (t loopTask) loader(batch int) *data.Loader {
	return &data.Loader{
		Dataset: t.pictures(), Batch: batch, Seed: 1, Shuffle: true, DropLast: true,
		Normalise:  data.Normalise{Mean: []float64{0.5}, Std: []float64{0.25}},
		Transforms: []data.Transform{data.RandomCrop{Pad: 4}, data.Flip{}},
	}
}

// pictures is a data set of noise.
func (t loopTask) pictures() *data.Memory {
	m := &data.Memory{Labels: make([]int, loopPictures), Source: "noise"}
	for i := range resnetClasses {
		m.ClassNames = append(m.ClassNames, fmt.Sprint(i))
	}
	state := uint32(1)
	for i := range m.Labels {
		m.Labels[i] = i % resnetClasses
		pix := make([]uint8, t.Side*t.Side*t.Channels)
		for j := range pix {
			state = state*1664525 + 1013904223 // Numerical Recipes' generator
			pix[j] = uint8(state >> 24)
		}
		m.Pictures = append(m.Pictures, data.Picture{H: t.Side, W: t.Side, C: t.Channels, Pix: pix})
	}
	return m
}
