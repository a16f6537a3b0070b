package bench

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
)

// The last layer of ResNet-18 and the task: ten classes from 512 features.
const (
	resnetFeatures = 512
	resnetClasses  = 10
)

// resnetStage is two residual blocks; the first block may halve the picture.
type resnetStage struct{ In, Cin, Cout, Stride int }

var resnetStages = []resnetStage{{32, 64, 64, 1}, {32, 64, 128, 2}, {16, 128, 256, 2}, {8, 256, 512, 2}}

// resnetJobs is a training step of ResNet-18 (He et al. 2016) for 32×32 pictures: a 3×3 stem without pooling, batch
// normalisation in training mode, softmax cross-entropy, SGD with Nesterov momentum and weight decay.
func resnetJobs(batch int) []Job {
	return []Job{{
		Name:  fmt.Sprintf("resnet18=%d", batch),
		FLOPs: flops(resnetStepMACs(batch)),
		Heavy: true,
		Quick: batch == 128,
		build: func(b compute.Backend) (program, error) { return buildResnet(b, batch) },
	}}
}

// resnetConvs lists the convolutions for a batch in the order in which resnetForward builds them: the stem, then the
// blocks, a projection behind the two convolutions of its block.
func resnetConvs(batch int) []conv2D {
	convs := []conv2D{{batch, 32, 3, 64, 3, 1}}
	for _, s := range resnetStages {
		out := s.In / s.Stride
		inner := conv2D{batch, out, s.Cout, s.Cout, 3, 1}
		convs = append(convs, conv2D{batch, s.In, s.Cin, s.Cout, 3, s.Stride}, inner)
		if s.Cin != s.Cout {
			convs = append(convs, conv2D{batch, s.In, s.Cin, s.Cout, 1, s.Stride})
		}
		convs = append(convs, inner, inner)
	}
	return convs
}

// resnetStep builds the training step and returns the loss. x: [N 32 32 3], labels: [N] int32, rate: scalar.
func resnetStep(scope *model.Scope, x, labels, rate *graph.Node) *graph.Node {
	loss := nn.SoftmaxCrossEntropy{}.Mean(resnetForward(scope, x), labels)
	sgd(scope, loss, rate)
	return loss
}

// resnetForward builds the logits [N 10].
func resnetForward(scope *model.Scope, x *graph.Node) *graph.Node {
	n := &resnet{scope: scope, convs: resnetConvs(x.Shape().Dim(0))}
	h := nn.ReLU(n.convBN(x))
	for _, s := range resnetStages {
		h = n.block(h, s.Cin != s.Cout)
		h = n.block(h, false)
	}
	h = graph.ReduceMean(h, 1, 2)
	g, head := x.Graph(), scope.At("head")
	bias := graph.Reshape(head.GetVariable("bias").NodeValue(g), 1, resnetClasses)
	return graph.Add(graph.MatMul(h, head.GetVariable("kernel").NodeValue(g)), bias)
}

// resnet builds the convolutions in the order of resnetConvs.
type resnet struct {
	scope *model.Scope
	convs []conv2D
	next  int
}

// block is the basic block: two convolutions, and the input added before the last relu; where the number of channels
// changes the input goes through a 1×1 convolution.
func (n *resnet) block(x *graph.Node, project bool) *graph.Node {
	h := nn.ReLU(n.convBN(x))
	h = n.convBN(h)
	if project {
		x = n.convBN(x)
	}
	return nn.ReLU(graph.Add(h, x))
}

// convBN is the next convolution and its batch normalisation with the statistics of the batch. It also moves the
// running statistics as PyTorch does: momentum 0.1, the variance unbiased.
func (n *resnet) convBN(x *graph.Node) *graph.Node {
	c, s, g := n.convs[n.next], convScope(n.scope, n.next), x.Graph()
	n.next++
	y := c.apply(x, s.GetVariable("kernel").NodeValue(g))
	weight := func(name string) *graph.Node { return s.GetVariable(name).NodeValue(g) }
	y, mean, variance := nn.BatchNorm{}.Train(y, weight("gamma"), weight("beta"))
	count := float64(c.N * c.out() * c.out())
	track(s.GetVariable("mean"), mean)
	track(s.GetVariable("variance"), graph.MulScalar(variance, count/(count-1)))
	return y
}

// track moves a running statistic a tenth of the way to the batch's.
func track(running *model.Variable, batch *graph.Node) {
	old := running.NodeValue(batch.Graph())
	batch = graph.StopGradient(graph.Reshape(batch, old.Shape().Dimensions...))
	running.SetNodeValue(graph.Add(graph.MulScalar(old, 0.9), graph.MulScalar(batch, 0.1)))
}
