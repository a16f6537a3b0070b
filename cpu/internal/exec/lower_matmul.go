package exec

import (
	"fmt"
	"sync"
	"unsafe"

	"github.com/gomlx/compute/dtypes"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/kernel/gemm"
	"github.com/atelier-go/atelier/cpu/internal/par"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// lowerMatMul runs a batch of matrix products.
func lowerMatMul(env *Env, n *ir.Node) (Kernel, error) {
	attr := n.Attr.(ir.MatMulAttr)
	switch n.Shapes[0].DType {
	case dtypes.Float32:
		if env.rounds(attr.M, attr.N, attr.K) {
			return matMulRounded(env, gemm.RoundedFor(env.ISA), attr), nil
		}
		return matMul(env, gemm.For(env.ISA), attr), nil
	case dtypes.Float64:
		return matMul(env, gemm.ForF64(env.ISA), attr), nil
	}
	return Kernel{}, nil
}

// lowerSyrk runs a batch of symmetric products.
func lowerSyrk(env *Env, n *ir.Node) (Kernel, error) {
	attr := n.Attr.(ir.MatMulAttr)
	switch n.Shapes[0].DType {
	case dtypes.Float32:
		if env.rounds(attr.N, attr.N, attr.K) {
			return syrkRounded(env, gemm.RoundedFor(env.ISA), attr), nil
		}
		return syrk(env, gemm.For(env.ISA), attr), nil
	case dtypes.Float64:
		return syrk(env, gemm.ForF64(env.ISA), attr), nil
	}
	return Kernel{}, nil
}

// multiplier is the kernels of one level and precision.
type multiplier[T gemm.Float] interface {
	Gemm(pool *par.Pool, ws *gemm.Workspace, m, n, k int, a []T, rsa, csa int, b []T, rsb, csb int, c []T, ldc int, accumulate bool)
	WorkspaceSize(m, n, k, threads int) int
	Syrk(pool *par.Pool, ws *gemm.Workspace, n, k int, a []T, rs, cs int, c []T, ldc int, accumulate bool)
	SyrkWorkspaceSize(n, k, threads int) int
	Title(name string) string
}

// rounds reports whether a product's operands are rounded to bfloat16.
func (env *Env) rounds(m, n, k int) bool {
	switch env.Precision {
	case isa.BF16:
		return true
	case isa.Auto:
		return gemm.RoundingPays(m, n, k)
	}
	return false
}

// smallProduct is the multiplications below which the workers share a batch's matrices out rather than each matrix.
const smallProduct = 1 << 21

func matMul[T gemm.Float](env *Env, g multiplier[T], m ir.MatMulAttr) Kernel {
	b := products(env, g, m)
	b.one = func(c *batchCall[T], pool *par.Pool, ws *gemm.Workspace, i int) {
		g.Gemm(pool, ws, m.M, m.N, m.K, tensor.Of[T](c.a)[i*m.BatchA:], m.RowA, m.ColA, tensor.Of[T](c.b)[i*m.BatchB:], m.RowB, m.ColB,
			c.out[i*m.M*m.N:], m.N, false)
	}
	return b.kernel(fmt.Sprintf("%s %d×%d×%d×%d", g.Title("gemm"), m.Batch, m.M, m.N, m.K), env.Pool.Threads())
}

// matMulRounded is matMul of operands that are rounded, or have been.
func matMulRounded(env *Env, g *gemm.Rounded, m ir.MatMulAttr) Kernel {
	b := products[float32](env, g, m)
	b.one = func(c *batchCall[float32], pool *par.Pool, ws *gemm.Workspace, i int) {
		g.GemmOperands(pool, ws, m.M, m.N, m.K, roundedOperand(c.a).From(i*m.BatchA), m.RowA, m.ColA, roundedOperand(c.b).From(i*m.BatchB), m.RowB, m.ColB,
			c.out[i*m.M*m.N:], m.N, false)
	}
	return b.kernel(fmt.Sprintf("%s %d×%d×%d×%d", g.Title("gemm"), m.Batch, m.M, m.N, m.K), env.Pool.Threads())
}

// products is a batch without the product itself.
func products[T gemm.Float](env *Env, g multiplier[T], m ir.MatMulAttr) *batch[T] {
	b := &batch[T]{MatMulAttr: m, apart: m.Batch > 1 && m.M*m.N*m.K < smallProduct}
	if b.apart {
		b.workspace = roundUp(g.WorkspaceSize(m.M, m.N, m.K, 1))
	} else {
		b.workspace = roundUp(g.WorkspaceSize(m.M, m.N, m.K, env.Pool.Threads()))
	}
	return b
}

func syrk[T gemm.Float](env *Env, g multiplier[T], m ir.MatMulAttr) Kernel {
	b := symmetric(env, g, m)
	b.one = func(c *batchCall[T], pool *par.Pool, ws *gemm.Workspace, i int) {
		// Syrk computes AᵀA of a K×N matrix; the attribute's A is its transpose.
		g.Syrk(pool, ws, m.N, m.K, tensor.Of[T](c.a)[i*m.BatchA:], m.ColA, m.RowA, c.out[i*m.M*m.N:], m.N, false)
	}
	return b.kernel(fmt.Sprintf("%s %d×%d×%d", g.Title("syrk"), m.Batch, m.N, m.K), env.Pool.Threads())
}

// syrkRounded is syrk of an operand that is rounded, or has been.
func syrkRounded(env *Env, g *gemm.Rounded, m ir.MatMulAttr) Kernel {
	b := symmetric[float32](env, g, m)
	b.one = func(c *batchCall[float32], pool *par.Pool, ws *gemm.Workspace, i int) {
		g.SyrkOperand(pool, ws, m.N, m.K, roundedOperand(c.a).From(i*m.BatchA), m.ColA, m.RowA, c.out[i*m.M*m.N:], m.N, false)
	}
	return b.kernel(fmt.Sprintf("%s %d×%d×%d", g.Title("syrk"), m.Batch, m.N, m.K), env.Pool.Threads())
}

// symmetric is a batch of symmetric products without the product itself.
func symmetric[T gemm.Float](env *Env, g multiplier[T], m ir.MatMulAttr) *batch[T] {
	b := &batch[T]{MatMulAttr: m, apart: m.Batch > 1 && m.N*m.N*m.K < 2*smallProduct}
	if b.apart {
		b.workspace = roundUp(g.SyrkWorkspaceSize(m.N, m.K, 1))
	} else {
		b.workspace = roundUp(g.SyrkWorkspaceSize(m.N, m.K, env.Pool.Threads()))
	}
	return b
}

// batch is a batch of products of one shape.
type batch[T gemm.Float] struct {
	ir.MatMulAttr
	apart     bool // each product on one worker
	workspace int  // bytes, of one product
	one       func(c *batchCall[T], pool *par.Pool, ws *gemm.Workspace, i int)
	calls     sync.Pool
}

// batchCall is one run of a batch.
type batchCall[T gemm.Float] struct {
	rt         *Runtime
	a, b       tensor.Tensor
	out        []T
	workspaces []gemm.Workspace // of each worker
	body       func(worker, i int)
}

func (b *batch[T]) kernel(name string, threads int) Kernel {
	workers := 1
	if b.apart {
		workers = threads
	}
	b.calls.New = func() any {
		c := &batchCall[T]{workspaces: make([]gemm.Workspace, workers)}
		c.body = func(worker, i int) {
			pool := c.rt.Pool
			if b.apart {
				pool = nil
			}
			b.one(c, pool, &c.workspaces[worker], i)
		}
		return c
	}
	return Kernel{Name: name, Scratch: workers * b.workspace, Run: b.run}
}

func (b *batch[T]) run(rt *Runtime, in, out []tensor.Tensor, scratch []byte) error {
	c := b.calls.Get().(*batchCall[T])
	c.rt, c.a, c.b, c.out = rt, in[0], in[len(in)-1], tensor.Of[T](out[0])
	for w := range c.workspaces {
		part := scratch[w*b.workspace:][:b.workspace]
		c.workspaces[w] = *gemm.NewWorkspace(unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(part))), len(part)/4))
	}
	switch {
	case len(c.out) == 0:
	case b.apart:
		rt.Pool.For(b.Batch, c.body)
	default:
		for i := range b.Batch {
			c.body(0, i)
		}
	}
	c.rt, c.a, c.b, c.out = nil, tensor.Tensor{}, tensor.Tensor{}, nil
	clear(c.workspaces)
	b.calls.Put(c)
	return nil
}
