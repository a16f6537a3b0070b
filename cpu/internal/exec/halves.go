package exec

import (
	"github.com/gomlx/compute/dtypes"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/kernel/bf16"
	"github.com/atelier-go/atelier/cpu/internal/kernel/conv"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// ReadsHalves reports whether the kernel of a node rounds input i to bfloat16 and takes it rounded as well.
func (env *Env) ReadsHalves(n *ir.Node, i int) bool {
	switch a := n.Attr.(type) {
	case ir.ConvolutionAttr:
		takesA, takesB := env.convPlan(a).TakesHalves()
		return i == 0 && takesA || i == 1 && takesB
	case ir.MatMulAttr:
		if n.Op == ir.OpSyrk {
			return env.rounds(a.N, a.N, a.K)
		}
		return n.Shapes[0].DType == dtypes.Float32 && env.rounds(a.M, a.N, a.K)
	}
	return false
}

// RunsAside reports whether a convolution can leave its output to its epilogue alone.
func (env *Env) RunsAside(n *ir.Node) bool {
	return env.convPlan(n.Attr.(ir.ConvolutionAttr)).RunsAside()
}

// convPlan is how a convolution is computed, wherever its operands are.
func (env *Env) convPlan(a ir.ConvolutionAttr) *conv.Plan {
	return conv.NewPlan(a.Spec, env.ISA, env.Pool.Threads(), conv.Options{Precision: env.Precision})
}

// roundedOperand is a tensor of float32 or bfloat16 as an operand that may be rounded.
func roundedOperand(t tensor.Tensor) bf16.Operand {
	if t.Shape.DType == dtypes.BFloat16 {
		return bf16.Operand{Halves: tensor.Of[uint16](t)}
	}
	return bf16.Operand{Floats: tensor.Of[float32](t)}
}
