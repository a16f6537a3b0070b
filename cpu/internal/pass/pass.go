// Package pass rewrites a captured graph into one that runs faster and computes the same.
//
// Each pass is one file and can be switched off by name. What "the same" means: every pass keeps the bits of the
// result, NaN and the sign of zero included, except that
//   - fma contracts a·b + c to one rounding, as PyTorch's and XLA's compilers do;
//   - conv, matmul and fuse hand sums to kernels that add in their own fixed order;
//   - factor takes common factors out of sums;
//   - matmul computes x·G + x·Gᵀ as x·(G + Gᵀ);
//   - halves stores what only rounding operations read as bfloat16, in which subnormal numbers may be zeros;
//   - decompose computes batch normalisation and GoMLX's fused layers by their formulas;
//   - simplify computes the sum of n equal constants as one product.
package pass

import (
	"fmt"
	"io"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// Options configure Run. The zero value runs every pass but constant folding, which needs Eval.
type Options struct {
	// Disable switches passes off by name (see Names); "all" switches off every one.
	Disable map[string]bool
	// Trace receives the function after every pass that can change it; nil for none.
	Trace io.Writer
	// Eval computes one node on the host, for constant folding; nil folds nothing.
	Eval func(n *ir.Node, in, out []tensor.Tensor) error
	// Halves are what nodes can do with bfloat16 in memory; zero stores none.
	Halves Halves
}

// names of the passes, in the order they run first.
var names = []string{"dce", "decompose", "simplify", "fold", "cse", "factor", "pool", "conv", "matmul", "fuse", "fma", "epilogue", "halves", "order"}

// Names lists what Options.Disable accepts: every pass, and "all".
func Names() []string { return append(append([]string(nil), names...), "all") }

// maxRounds bounds the repetition of the clean-up passes; each round that changes something makes the graph simpler,
// and real graphs settle after two or three.
const maxRounds = 10

// Run rewrites f, and the functions that its nodes call, in place.
func Run(f *ir.Func, opt Options) error {
	for _, n := range f.Nodes {
		for _, callee := range n.Calls {
			if err := Run(callee, opt); err != nil {
				return fmt.Errorf("in %v: %w", n.Op, err)
			}
		}
	}
	if opt.Disable["all"] {
		return nil
	}
	r := runner{f: f, opt: opt}
	r.run("decompose", func() bool { return decompose(f) })
	r.clean()
	if r.run("factor", func() bool { return factorSums(f) }) {
		r.clean()
	}
	r.run("pool", func() bool { return recognisePools(f) })
	r.run("conv", func() bool { return recogniseConvolutions(f) })
	r.clean()
	r.run("matmul", func() bool { return recogniseProducts(f) })
	r.clean()
	r.run("fuse", func() bool { fuse(f, !opt.Disable["fma"]); return true })
	r.run("dce", func() bool { return removeDead(f) })
	r.run("epilogue", func() bool { return addEpilogues(f) })
	r.runErr("fold", func() (bool, error) { return foldBroadcasts(f, opt.Eval) })
	r.run("dce", func() bool { return removeDead(f) })
	if opt.Halves.Reads != nil {
		r.run("halves", func() bool { return storeHalves(f, opt.Halves) })
	}
	r.run("order", func() bool { return order(f) })
	return r.err
}

// runner runs passes until one fails.
type runner struct {
	f   *ir.Func
	opt Options
	err error
}

// clean repeats the passes that make a graph simpler until nothing changes.
func (r *runner) clean() {
	r.run("dce", func() bool { return removeDead(r.f) })
	for range maxRounds {
		changed := r.run("simplify", func() bool { return simplify(r.f) })
		changed = r.runErr("fold", func() (bool, error) { return fold(r.f, r.opt.Eval) }) || changed
		changed = r.run("cse", func() bool { return mergeCommon(r.f) }) || changed
		changed = r.run("dce", func() bool { return removeDead(r.f) }) || changed
		if !changed {
			return
		}
	}
}

func (r *runner) run(name string, pass func() bool) bool {
	return r.runErr(name, func() (bool, error) { return pass(), nil })
}

func (r *runner) runErr(name string, pass func() (bool, error)) bool {
	if r.err != nil || r.opt.Disable[name] {
		return false
	}
	changed, err := pass()
	if err != nil {
		r.err = fmt.Errorf("pass %s: %w", name, err)
		return false
	}
	if changed && r.opt.Trace != nil {
		fmt.Fprintf(r.opt.Trace, "after %s: %v", name, r.f)
	}
	return changed
}
