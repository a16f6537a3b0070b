package exec

import (
	"github.com/pkg/errors"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/kernel/pool"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// lowerPool folds the windows of an image, or computes the gradient of that.
func lowerPool(env *Env, n *ir.Node) (Kernel, error) {
	attr := n.Attr.(ir.PoolAttr)
	spec, level := attr.Spec, env.ISA
	if err := spec.Check(); err != nil {
		return Kernel{}, err
	}
	f32 := tensor.Of[float32]
	k := Kernel{Name: "pool " + attr.Kind.String()}
	switch attr.Kind {
	case ir.MaxPool:
		k.Run = func(rt *Runtime, in, out []tensor.Tensor, _ []byte) error {
			pool.MaxForward(rt.Pool, level, spec, f32(in[0]), f32(out[0]))
			return nil
		}
	case ir.SumPool:
		k.Run = func(rt *Runtime, in, out []tensor.Tensor, _ []byte) error {
			pool.SumForward(rt.Pool, level, spec, f32(in[0]), f32(out[0]))
			return nil
		}
	case ir.MaxPoolGradient:
		k.Run = func(rt *Runtime, in, out []tensor.Tensor, _ []byte) error {
			pool.MaxBackward(rt.Pool, level, spec, f32(in[0]), f32(in[1]), f32(out[0]))
			return nil
		}
	case ir.SumPoolGradient:
		k.Run = func(rt *Runtime, in, out []tensor.Tensor, _ []byte) error {
			pool.SumBackward(rt.Pool, level, spec, f32(in[0]), f32(out[0]))
			return nil
		}
	default:
		return Kernel{}, errors.Errorf("pool of unknown kind %d", attr.Kind)
	}
	return k, nil
}
