package zoo

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
)

// Pooling is how features at all places become one vector.
type Pooling int

// The ways of pooling. Concat is the maximum's channels followed by the average's, as fastai's AdaptiveConcatPool2d.
const (
	Average Pooling = iota
	Max
	Concat
)

var poolings = []string{"average", "max", "concat"}

func (p Pooling) String() string {
	if p < 0 || int(p) >= len(poolings) {
		return fmt.Sprintf("Pooling(%d)", int(p))
	}
	return poolings[p]
}

// MarshalText gives the name.
func (p Pooling) MarshalText() ([]byte, error) {
	if p < 0 || int(p) >= len(poolings) {
		return nil, fmt.Errorf("zoo: unknown pooling %d", int(p))
	}
	return []byte(p.String()), nil
}

// UnmarshalText reads "average", "max" or "concat".
func (p *Pooling) UnmarshalText(text []byte) error {
	for i, name := range poolings {
		if name == string(text) {
			*p = Pooling(i)
			return nil
		}
	}
	return unknown("pooling", string(text), poolings)
}

// PoolHead is global pooling and a dense layer.
type PoolHead struct {
	Pool Pooling `json:"pool"` // zero means Average
}

var _ Head = PoolHead{}

// Name is that of the pooling.
func (h PoolHead) Name() string { return h.Pool.String() }

// Check knows the poolings.
func (h PoolHead) Check(Shape) error {
	_, err := h.Pool.MarshalText()
	return err
}

// Build makes the dense layer "fc".
func (h PoolHead) Build(scope *model.Scope, x *graph.Node, classes int) *graph.Node {
	var pool nn.AdaptivePool
	switch h.Pool {
	case Max:
		x = pool.Max(x)
	case Concat:
		x = pool.Concat(x)
	default:
		x = pool.Mean(x)
	}
	x = graph.Reshape(x, x.Shape().Dim(0), x.Shape().Dim(-1))
	return nn.Linear{Features: classes}.Layer(scope.In("fc"), x)
}

// Paths is that of "fc".
func (PoolHead) Paths() []string { return []string{"/fc"} }
