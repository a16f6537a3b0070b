package conv

import (
	"fmt"
	"strings"
	"sync"
	"unsafe"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/kernel/bf16"
	"github.com/atelier-go/atelier/cpu/internal/kernel/gemm"
	"github.com/atelier-go/atelier/cpu/internal/par"
)

// Options direct the choice of a plan. The zero value chooses by shape.
type Options struct {
	// Algorithm forces one of Algorithms; empty means the one expected to be fastest.
	Algorithm string
	// Precision rounds operands to bfloat16: with BF16 wherever the level has kernels for that and the algorithm is not
	// one of those that take them as they are, with Auto where it is faster too. It has no effect where the level has none.
	Precision isa.Precision
	// HalfA and HalfB say that the operand of that name is in memory as bfloat16, which TakesHalves has to allow.
	HalfA, HalfB bool
	// Aside leaves the output itself unwritten: the epilogue alone is given it, which RunsAside has to allow.
	Aside bool
}

// Algorithms are the names that Options.Algorithm takes.
//
//   - direct: tap by tap, for convolutions with one input channel a group
//   - gather: the pixels under the kernel are gathered into a matrix, block by block, and multiplied; accepts everything
//   - shallow: with few channels on the side that is summed, from copies of the rows under the kernel; not for input
//     gradients with stride, nor kernel gradients with dilation along rows
//   - narrow: into at most 8 channels without stride, as a product for all taps whose results are summed by pixel
//   - columns: input gradients into few channels, as a product whose rows are added to the pixels they belong to
//   - winograd4: F(4x4,3x3), and F(3x3,4x4) for kernel gradients; 3x3 kernels without stride, dilation or groups
//   - winograd4-tiles, winograd4-channels: the same with the order of work forced; not for kernel gradients
var Algorithms = []string{"direct", "gather", "shallow", "narrow", "columns", "winograd4", "winograd4-tiles", "winograd4-channels"}

// Accepts reports whether the named algorithm can compute s.
func Accepts(s Spec, name string) bool {
	switch name {
	case "direct":
		return s.depthwise()
	case "gather":
		return true
	case "shallow":
		return s.shallow() || s.shallowGradient()
	case "narrow":
		return s.narrow()
	case "columns":
		return s.Form == InputGradient && s.Groups == 1
	case "winograd4":
		return s.winograd()
	case "winograd4-tiles", "winograd4-channels":
		return s.winograd() && s.Form != KernelGradient
	}
	return false
}

// Epilogue is told that output pixels [pixel, pixel+n), counted over N·rows·columns and with all their channels,
// have just been computed by this worker: they are sums, in the output or, of a plan with Aside, in memory that is used
// again afterwards.
type Epilogue func(worker, pixel, n int, sums []float32)

// Plan computes one convolution. It holds no data between runs, and may run several times at once.
type Plan struct {
	spec    Spec
	threads int
	isa     isa.Level
	alg     algorithm
	halfA   bool
	halfB   bool
	aside   bool
	plain   algorithm // runs after alg where that mixed what is not finite into the result; nil if alg never does
	tasks   sync.Pool
}

// algorithm is a way of computing a convolution with work to do: no size is zero.
type algorithm interface {
	// String is the algorithm's name and how it cuts the work.
	String() string
	// scratch is the float32 elements of memory that run needs.
	scratch() int
	// run computes t.out from t.a and t.b by calls of t.each.
	run(t *task)
	// item is one item of a stage of run.
	item(t *task, worker, i int)
}

// NewPlan chooses how to compute s with kernels of level l on the given number of threads; the number affects
// scratch memory alone, never the result. It panics when s is no convolution or the forced algorithm does not
// accept it.
func NewPlan(s Spec, l isa.Level, threads int, opt Options) *Plan {
	var half *bf16.Kernel
	if opt.Precision != isa.Float32 { // nobody else has the operating system asked for tiles
		half = bf16.For(l)
	}
	return newPlan(s, l, half, threads, opt)
}

// newPlan is NewPlan with a kernel for rounded products, nil if there is none.
func newPlan(s Spec, l isa.Level, half *bf16.Kernel, threads int, opt Options) *Plan {
	if err := s.check(); err != nil {
		panic("conv: " + err.Error())
	}
	p := &Plan{spec: s, threads: max(threads, 1), isa: l, halfA: opt.HalfA, halfB: opt.HalfB, aside: opt.Aside}
	half = rounding(s, half, opt)
	p.alg = newAlgorithm(s, l, half, p.threads, opt)
	if takesA, takesB := p.TakesHalves(); opt.HalfA && !takesA || opt.HalfB && !takesB || opt.Aside && !p.RunsAside() {
		panic(fmt.Sprintf("conv: %s takes no operands of bfloat16, or has no output aside, for %v", p.Algorithm(), s))
	}
	if mixes(p.alg) {
		p.plain = newAlgorithm(s, l, half, p.threads, Options{Algorithm: "gather"})
	}
	p.tasks.New = func() any {
		t := &task{alg: p.alg}
		t.body = func(worker, i int) { t.alg.item(t, worker, i) }
		return t
	}
	return p
}

// newAlgorithm rounds operands for products of half, unless that is nil.
func newAlgorithm(s Spec, l isa.Level, half *bf16.Kernel, threads int, opt Options) algorithm {
	if s.empty() {
		return zeros{s.outPixels()}
	}
	name := opt.Algorithm
	switch {
	case name == "" && half != nil:
		name = chooseRounded(s, half)
	case name == "":
		name = choose(s)
	case !Accepts(s, name):
		panic(fmt.Sprintf("conv: algorithm %q does not compute %v (algorithms: %s)", name, s, strings.Join(Algorithms, ", ")))
	}
	g := gemm.For(l)
	switch {
	case name == "direct":
		return newDirect(s, l, threads)
	case name == "shallow" && s.Form == KernelGradient:
		return newShallowKernel(s, g, threads)
	case name == "shallow":
		return newShallow(s, l, threads)
	case name == "narrow":
		return newNarrow(s, g, threads)
	case name == "columns":
		return newColumns(s, g, threads)
	case name == "winograd4" && s.Form == KernelGradient:
		return newWinogradGradient(s, g, half != nil, threads)
	case strings.HasPrefix(name, "winograd4"):
		return newWinograd(s, g, half != nil, threads, strings.TrimPrefix(name[len("winograd4"):], "-"))
	case s.Form == KernelGradient:
		return newGatherKernel(s, g, half, threads)
	}
	return newGather(s, g, half, opt.Aside, threads)
}

// choose names the algorithm expected to be fastest.
func choose(s Spec) string {
	switch {
	case s.Groups > 1 && s.depthwise(): // one input channel in one group is a shallow convolution
		return "direct"
	case s.winograd() && s.C >= 16 && s.O >= 16:
		return "winograd4"
	case s.shallow() && s.KH*s.KW > 1 && s.depth() <= shallowDepth && s.made() > narrowChannels:
		return "shallow"
	case s.shallowGradient() && s.KH*s.KW > 1 && s.KW*s.C <= shallowWidth && s.O > narrowChannels:
		return "shallow"
	case s.narrow() && s.KH*s.KW > 1:
		return "narrow"
	case s.Form == InputGradient && s.Groups == 1 && s.C <= narrowChannels && s.KH*s.KW > 1:
		return "columns"
	}
	return "gather"
}

// rounding is the kernel of rounded products, or nil where operands are taken as they are.
func rounding(s Spec, half *bf16.Kernel, opt Options) *bf16.Kernel {
	if half == nil || opt.Precision == isa.Float32 || opt.Precision == isa.Auto && !roundingPays(s, half) {
		return nil
	}
	return half
}

// chooseRounded names the algorithm for operands that may be rounded. Those for one channel a group, and into few
// channels, take them as they are: they are limited by memory and by additions. So does that of first layers whose sums do
// not fill a tile: gathering and packing takes longer than they do.
//
// Winograd's algorithm has a quarter of the multiplications, and maps besides. In float32, on rounded operands, it is
// ahead of gather where products of bfloat16 are twice as fast, and falls behind where they are many times as fast.
func chooseRounded(s Spec, half *bf16.Kernel) string {
	switch name := choose(s); {
	case name == "direct", name == "narrow", name == "columns",
		name == "shallow" && s.depth() < bf16.Depth, name == "winograd4" && half.Speed < winogradSpeed:
		return name
	}
	return "gather"
}

// winogradSpeed is how many times as fast as float32's products have to be for gather to pass Winograd's algorithm. With
// AVX512-BF16, twice as fast, gather reaches 0.6 to 0.9 of its rate.
const winogradSpeed = 4

// roundingPays reports whether a convolution is faster with rounded operands.
func roundingPays(s Spec, half *bf16.Kernel) bool {
	if half.Speed <= 1 || chooseRounded(s, half) != "gather" {
		return false
	}
	if choose(s) == "shallow" && s.depth() < gatheredRow*s.KH {
		return false
	}
	// A sum that fills few of its last tile gains nothing or little.
	return s.depth()/s.Groups >= bf16.Depth && s.made()/s.Groups >= bf16.NR/2
}

// gatheredRow is the elements in a row of the kernel from which on gathering pixels and multiplying bfloat16 is ahead of
// shallow. With AVX512-BF16 7x7 kernels of 3 channels gain a third, 5x5 ones lose up to a sixth.
const gatheredRow = 16

// Algorithm says how the convolution is computed, for people.
func (p *Plan) Algorithm() string { return p.alg.String() }

// ScratchBytes is the scratch memory of a run, all workers' together.
func (p *Plan) ScratchBytes() int {
	n := p.alg.scratch()
	if p.plain != nil {
		n = max(n, p.plain.scratch())
	}
	return 4 * n
}

// MayRepeat reports whether a run can call its epilogue for every pixel a second time, after writing all of them
// anew. It does when the result of an algorithm that mixes pixels is not finite.
func (p *Plan) MayRepeat() bool { return p.plain != nil }

// TakesHalves reports which operands the plan could have as bfloat16: those that it rounds as it reads them, and reads
// more often than a kernel. The results have the same bits, but for subnormal numbers.
func (p *Plan) TakesHalves() (a, b bool) {
	switch alg := p.alg.(type) {
	case *gather:
		return alg.half != nil, false
	case *gatherKernel:
		return alg.half != nil, alg.half != nil
	}
	return false, false
}

// RunsAside reports whether the plan could leave its output to the epilogue alone: where all channels of a block of pixels
// are computed at once.
func (p *Plan) RunsAside() bool {
	a, ok := p.alg.(*gather)
	return ok && len(a.grids) == 1 && a.columnItems == 1 && len(a.grids[0].blocks) > 0
}

// Run computes out from a and b, which are (x, k), (dy, k) or (x, dy) by Spec.Form. scratch has at least
// ScratchBytes bytes, aligned to 8, of any content. The pool has no more threads than the plan was made for. out
// overlaps neither operand. epilogue, unless it is nil, is called once for every output pixel of Forward and
// InputGradient, or a second time (see MayRepeat); for KernelGradient it is not called. Run panics when a slice is
// too short.
func (p *Plan) Run(pool *par.Pool, a, b, out []float32, scratch []byte, epilogue Epilogue) {
	p.RunOperands(pool, bf16.Operand{Floats: a}, bf16.Operand{Floats: b}, out, scratch, epilogue)
}

// RunOperands is Run for operands of which some may be bfloat16. With Aside out is not used, and epilogue is needed.
func (p *Plan) RunOperands(pool *par.Pool, a, b bf16.Operand, out []float32, scratch []byte, epilogue Epilogue) {
	na, nb, no := p.spec.sizes()
	switch {
	case a.Halved() != p.halfA || b.Halved() != p.halfB || p.aside && epilogue == nil:
		panic("conv: Run: not the operands that were planned")
	case a.Len() < na:
		panic("conv: Run: the first operand is too short")
	case b.Len() < nb:
		panic("conv: Run: the second operand is too short")
	case p.aside:
		out = nil
	case len(out) < no:
		panic("conv: Run: the output is too short")
	}
	switch {
	case len(scratch) < p.ScratchBytes():
		panic("conv: Run: the scratch memory is too short")
	case pool.Threads() > p.threads:
		panic("conv: Run: more threads than planned")
	}
	if no == 0 {
		return
	}
	t := p.tasks.Get().(*task)
	t.pool, t.a, t.b = pool, a.Floats, b.Floats
	t.halfA, t.halfB = a.Halves, b.Halves
	if !p.aside {
		t.out = out[:no]
	}
	t.scratch = floats(scratch)
	t.epilogue, t.channels = epilogue, p.spec.made()
	if p.spec.Form == KernelGradient {
		t.epilogue = nil
	}
	p.run(t)
	t.reset(p.alg)
	p.tasks.Put(t)
}

func floats(b []byte) []float32 {
	if len(b) < 4 {
		return nil
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}

// task is one run of a plan. Its body is made once, so that a run allocates nothing.
type task struct {
	alg      algorithm
	body     func(worker, i int)
	pool     *par.Pool
	a, b     []float32
	halfA    []uint16 // a, where it is bfloat16
	halfB    []uint16
	out      []float32
	channels int // of an output pixel
	scratch  []float32
	epilogue Epilogue
	watch    *watch // &own, nil where no result needs a look
	own      watch
	// stage tells item which loop it is in, first and last which tiles a round of loops is about.
	stage       int
	first, last int
}

// reset drops what a run referred to.
func (t *task) reset(alg algorithm) {
	t.alg, t.pool, t.epilogue, t.watch = alg, nil, nil, nil
	t.a, t.b, t.halfA, t.halfB, t.out, t.scratch = nil, nil, nil, nil, nil, nil
}

// each runs the n items of a stage.
func (t *task) each(stage, n int) {
	t.stage = stage
	t.pool.For(n, t.body)
}

// watched reports whether done does anything.
func (t *task) watched() bool { return t.watch != nil || t.epilogue != nil }

// done reports output pixels as written.
func (t *task) done(worker, pixel, n int) {
	if t.watch != nil && !t.watch.pass(t.out, pixel, n) {
		return
	}
	if t.epilogue != nil && n > 0 {
		t.epilogue(worker, pixel, n, t.out[pixel*t.channels:(pixel+n)*t.channels])
	}
}

// zeros is a convolution that sums nothing.
type zeros struct{ pixels int }

func (zeros) String() string { return "zeros" }
func (zeros) scratch() int   { return 0 }
func (z zeros) run(t *task)  { t.each(0, 1) }

func (z zeros) item(t *task, worker, _ int) {
	clear(t.out)
	t.done(worker, 0, z.pixels)
}
