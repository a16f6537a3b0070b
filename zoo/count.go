package zoo

import (
	"fmt"
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Counts are numbers that describe a network's size.
type Counts struct {
	Parameters int `json:"parameters"` // that training changes
	Buffers    int `json:"buffers"`    // running statistics of norms
	// MACs are the multiplications of convolutions and dense layers for one picture, each with its addition; activations
	// are the numbers that these layers put out.
	MACs        int `json:"macs"`
	Activations int `json:"activations"`
}

// Count counts the model that is built for pictures of h by w pixels with c channels. The backend computes nothing.
func Count(backend compute.Backend, m Model, h, w, c int) (Counts, error) {
	var n Counts
	if err := m.Check(h, w, c); err != nil {
		return n, err
	}
	g, store := graph.NewGraph(backend, m.Name()), model.NewStore()
	defer g.Finalize()
	defer store.Finalize()
	err := exceptions.TryCatch[error](func() {
		m.Forward(store.RootScope(), graph.Parameter(g, "pictures", shapes.Make(dtypes.Float32, 1, h, w, c)))
	})
	if err != nil {
		return n, fmt.Errorf("zoo: %s: %w", m.Name(), err)
	}
	for v := range store.IterVariables() {
		switch {
		case v.Trainable && v.DType().IsFloat():
			n.Parameters += v.Shape().Size()
		case v.DType().IsFloat():
			n.Buffers += v.Shape().Size()
		}
	}
	for _, node := range g.Nodes() {
		if macs := macsOf(node); macs > 0 {
			n.MACs += macs
			n.Activations += node.Shape().Size()
		}
	}
	return n, nil
}

// macsOf is the multiplications of a convolution or a matrix product, 0 for other nodes.
func macsOf(node *graph.Node) int {
	out := node.Shape().Size()
	switch node.Type() {
	case graph.NodeTypeConvGeneral:
		kernel := node.Inputs()[1].Shape() // [KH KW in/groups out]
		return out * kernel.Size() / kernel.Dim(-1)
	case graph.NodeTypeDotGeneral:
		// [N K] times [K M] is [N M], however the axes lie: K² = N·K·K·M / (N·M).
		a, b := node.Inputs()[0].Shape().Size(), node.Inputs()[1].Shape().Size()
		return out * int(math.Round(math.Sqrt(float64(a)*float64(b)/float64(out))))
	default:
		return 0
	}
}
