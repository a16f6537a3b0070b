package zoo

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
)

// GlobalPool is how features at all places become one vector.
type GlobalPool int

// The ways of pooling. Concat is the maximum's channels followed by the average's, as fastai's AdaptiveConcatPool2d.
const (
	Average GlobalPool = iota
	Max
	Concat
)

var globalPools = []string{"average", "max", "concat"}

func (p GlobalPool) String() string {
	if p < 0 || int(p) >= len(globalPools) {
		return fmt.Sprintf("GlobalPool(%d)", int(p))
	}
	return globalPools[p]
}

// MarshalText gives the name.
func (p GlobalPool) MarshalText() ([]byte, error) {
	if p < 0 || int(p) >= len(globalPools) {
		return nil, fmt.Errorf("zoo: unknown pooling %d", int(p))
	}
	return []byte(p.String()), nil
}

// UnmarshalText reads "average", "max" or "concat".
func (p *GlobalPool) UnmarshalText(text []byte) error {
	for i, name := range globalPools {
		if name == string(text) {
			*p = GlobalPool(i)
			return nil
		}
	}
	return unknown("pooling", string(text), globalPools)
}

// PoolHead is global pooling and a dense layer.
type PoolHead struct {
	Pool GlobalPool `json:"pool"` // zero means Average
}

var _ Head = PoolHead{}

// Name is that of the pooling.
func (h PoolHead) Name() string { return h.Pool.String() }

// Check knows the three poolings.
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
