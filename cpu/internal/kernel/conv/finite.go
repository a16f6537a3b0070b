package conv

import (
	"sync/atomic"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/kernel/finite"
)

// mixes reports whether an algorithm adds and subtracts pixels that the convolution keeps apart, so that a NaN or an
// infinity, or a sum too large for a float32 in between, reaches results that do not depend on it. All it reaches is
// then not finite itself, which is how it is noticed.
func mixes(a algorithm) bool {
	switch a.(type) {
	case *winograd, *winogradGradient:
		return true
	}
	return false
}

// watch looks at the results of an algorithm that mixes.
type watch struct {
	isa      isa.Level
	channels int // of an output pixel
	failed   atomic.Bool
}

// pass looks at pixels that have just been written and reports whether the run still counts.
func (g *watch) pass(out []float32, pixel, n int) bool {
	if g.failed.Load() {
		return false
	}
	if finite.All(g.isa, out[pixel*g.channels:(pixel+n)*g.channels]) {
		return true
	}
	g.failed.Store(true)
	return false
}

// run computes t, a second time by the plain algorithm where the first was not finite: results are then those of the
// sum as IEEE 754 has it.
func (p *Plan) run(t *task) {
	if p.plain == nil {
		p.alg.run(t)
		return
	}
	g := &t.own
	g.isa, g.channels = p.isa, p.spec.O
	if p.spec.Form == InputGradient {
		g.channels = p.spec.C
	}
	g.failed.Store(false)
	t.watch = g
	p.alg.run(t)
	if p.spec.Form == KernelGradient {
		g.failed.Store(!finite.All(p.isa, t.out))
	}
	t.watch = nil
	if g.failed.Load() {
		t.alg = p.plain
		p.plain.run(t)
	}
}
