package bench

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"

	"github.com/atelier-go/atelier/nn"
)

// The directions of a convolution: its value, and its gradients with respect to its two inputs.
const (
	forward        = "forward"
	inputGradient  = "dx"
	kernelGradient = "dk"
)

// vggconvJobs are the convolutions of VGG-19 one by one for one picture of size×size pixels, in each direction.
func vggconvJobs(size int) []Job {
	if size < 16 {
		return nil // conv5_x would see an empty picture
	}
	var jobs []Job
	for _, l := range vggShapes(size) {
		for _, direction := range []string{forward, inputGradient, kernelGradient} {
			c := l.conv(size)
			jobs = append(jobs, Job{
				Name:  fmt.Sprintf("vggconv=%d/%s/%s", size, l.Name, direction),
				FLOPs: flops(c.macs()),
				Quick: size == 256 && (l.Name == "conv1_2" || l.Name == "conv3_2"),
				build: func(b compute.Backend) (program, error) { return buildConv(b, c, direction) },
			})
		}
	}
	return jobs
}

func buildConv(b compute.Backend, c conv2D, direction string) (program, error) {
	x, err := normals(b, 1, 1, c.N, c.In, c.In, c.Cin)
	if err != nil {
		return nil, err
	}
	k, err := normals(b, 2, heDeviation(c.K*c.K*c.Cin), c.K, c.K, c.Cin, c.Cout)
	if err != nil {
		return nil, err
	}
	if direction == forward {
		exec, err := graph.NewExec(b, c.apply)
		return &pure{exec, []any{x, k}}, err
	}
	dy, err := normals(b, 3, 1, c.N, c.out(), c.out(), c.Cout)
	if err != nil {
		return nil, err
	}
	exec, err := graph.NewExec(b, func(x, k, dy *graph.Node) *graph.Node {
		wrt := x
		if direction == kernelGradient {
			wrt = k
		}
		// The gradient of Σ dy·conv(x, k) is the convolution's transpose applied to dy; the convolution itself is
		// not part of the result, and a backend that drops unused nodes does not compute it.
		return graph.Gradient(graph.ReduceAllSum(graph.Mul(dy, c.apply(x, k))), wrt)[0]
	})
	return &pure{exec, []any{x, k, dy}}, err
}

// apply builds the convolution. x: [N H W Cin], k: [K K Cin Cout].
func (c conv2D) apply(x, k *graph.Node) *graph.Node {
	return nn.Conv2D{Stride: nn.Side(c.Stride), Padding: nn.Border(c.K / 2)}.Apply(x, k, nil)
}
