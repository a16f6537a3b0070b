package ref

import (
	"math/rand/v2"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// convCase is a convolution with its axes in any order.
type convCase struct {
	attr         ir.ConvAttr
	in, ker, out []int
}

func randomConv(rng *rand.Rand) convCase {
	spatial := rng.IntN(4)
	groups, batchGroups := 1, 1
	switch rng.IntN(4) {
	case 0:
		groups = 1 + rng.IntN(3)
	case 1:
		batchGroups = 1 + rng.IntN(3)
	}
	batch, channels, outChannels := rng.IntN(3), rng.IntN(6), rng.IntN(6)*groups*batchGroups
	if rng.IntN(6) == 0 {
		channels = 40
	}
	a := ir.ConvAttr{ChannelGroups: groups, BatchGroups: batchGroups}
	inOrder, kerOrder, outOrder := rng.Perm(spatial+2), rng.Perm(spatial+2), rng.Perm(spatial+2)
	c := convCase{in: make([]int, spatial+2), ker: make([]int, spatial+2), out: make([]int, spatial+2)}
	x := compute.ConvolveAxesConfig{
		InputBatch: inOrder[0], InputChannels: inOrder[1], InputSpatial: inOrder[2:],
		KernelInputChannels: kerOrder[0], KernelOutputChannels: kerOrder[1], KernelSpatial: kerOrder[2:],
		OutputBatch: outOrder[0], OutputChannels: outOrder[1], OutputSpatial: outOrder[2:],
	}
	a.Axes = x
	c.in[x.InputBatch], c.in[x.InputChannels] = batch*batchGroups, channels*groups
	c.ker[x.KernelInputChannels], c.ker[x.KernelOutputChannels] = channels, outChannels
	c.out[x.OutputBatch], c.out[x.OutputChannels] = batch, outChannels
	for i := range spatial {
		dim, ker := rng.IntN(7), 1+rng.IntN(4)
		stride, id, kd := 1+rng.IntN(3), 1+rng.IntN(2), 1+rng.IntN(2)
		pad := [2]int{rng.IntN(6) - 2, rng.IntN(6) - 2}
		size := windowSize(dim, ker, stride, id, kd, pad)
		if size < 1 {
			pad, kd = [2]int{ker, ker}, 1
			size = windowSize(dim, ker, stride, id, kd, pad)
		}
		a.Strides, a.Paddings = append(a.Strides, stride), append(a.Paddings, pad)
		a.InputDilations, a.KernelDilations = append(a.InputDilations, id), append(a.KernelDilations, kd)
		c.in[x.InputSpatial[i]], c.ker[x.KernelSpatial[i]], c.out[x.OutputSpatial[i]] = dim, ker, size
	}
	c.attr = a
	return c
}

// naive computes a convolution by its definition, one output element at a time.
func (c convCase) naive(in, ker []float64) []float64 {
	x := c.attr.Axes
	out, index := make([]float64, product(c.out)), make([]int, len(c.out))
	spatial := len(x.InputSpatial)
	for i := range out {
		o := index[x.OutputChannels]
		group := 0
		if g := c.attr.ChannelGroups * c.attr.BatchGroups; g > 1 {
			group = o / (c.out[x.OutputChannels] / g)
		}
		at, w := make([]int, len(c.in)), make([]int, len(c.ker))
		w[x.KernelOutputChannels] = o
		at[x.InputBatch] = index[x.OutputBatch]
		if c.attr.BatchGroups > 1 {
			at[x.InputBatch] += group * c.out[x.OutputBatch]
		}
		taps := make([]int, spatial)
		kerDims := make([]int, spatial)
		for s := range taps {
			kerDims[s] = c.ker[x.KernelSpatial[s]]
		}
		for {
			inside := true
			for s := range taps {
				p := index[x.OutputSpatial[s]]*c.attr.Strides[s] + taps[s]*c.attr.KernelDilations[s] - c.attr.Paddings[s][0]
				d := c.attr.InputDilations[s]
				if p < 0 || p%d != 0 || p/d >= c.in[x.InputSpatial[s]] {
					inside = false
					break
				}
				at[x.InputSpatial[s]], w[x.KernelSpatial[s]] = p/d, taps[s]
			}
			for ch := range c.ker[x.KernelInputChannels] {
				if !inside {
					break
				}
				w[x.KernelInputChannels], at[x.InputChannels] = ch, ch
				if c.attr.ChannelGroups > 1 {
					at[x.InputChannels] += group * c.ker[x.KernelInputChannels]
				}
				out[i] += in[dot(at, stridesOf(c.in))] * ker[dot(w, stridesOf(c.ker))]
			}
			if !next(taps, kerDims) {
				break
			}
		}
		next(index, c.out)
	}
	return out
}

func FuzzConv(f *testing.F) {
	for seed := range uint64(150) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 3))
		c := randomConv(rng)
		for _, dt := range []dtypes.DType{dtypes.Float64, dtypes.Float32, dtypes.BFloat16, dtypes.Int32, dtypes.Uint64} {
			in, ker := randomTensor(rng, dt, c.in), randomTensor(rng, dt, c.ker)
			tolerance := 0.0
			if dt == dtypes.BFloat16 {
				tolerance = 0.005
			}
			got := eval1(t, compute.OpTypeConvGeneral, c.attr, shapes.Make(dt, c.out...), in, ker)
			near(t, dt.String(), got, c.naive(floatsOf(in), floatsOf(ker)), tolerance)
		}
	})
}

func TestConv_Mismatch(t *testing.T) {
	c := convCase{in: []int{1, 4, 4, 3}, ker: []int{3, 3, 2, 5}, out: []int{1, 2, 2, 5}}
	c.attr = ir.ConvAttr{Axes: compute.ConvolveAxesConfig{
		InputBatch: 0, InputChannels: 3, InputSpatial: []int{1, 2}, KernelInputChannels: 2, KernelOutputChannels: 3,
		KernelSpatial: []int{0, 1}, OutputBatch: 0, OutputChannels: 3, OutputSpatial: []int{1, 2},
	}}
	in := []tensor.Tensor{tensor.New(shapes.Make(dtypes.Float32, c.in...)), tensor.New(shapes.Make(dtypes.Float32, c.ker...))}
	out := shapes.Make(dtypes.Float32, c.out...)
	if err := Eval(nodeOf(compute.OpTypeConvGeneral, c.attr, in, out), in, []tensor.Tensor{tensor.New(out)}); err == nil {
		t.Error("3 channels and a kernel for 2 are no error")
	}
}

func FuzzDot(f *testing.F) {
	for seed := range uint64(150) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 4))
		batch, contract := randomDims(rng, rng.IntN(3), 12), randomDims(rng, rng.IntN(3), 80)
		left, right := randomDims(rng, rng.IntN(3), 25), randomDims(rng, rng.IntN(3), 25)
		if rng.IntN(8) == 0 && len(contract) > 0 {
			contract[0] = 1100
			batch, left, right = nil, []int{2}, []int{3}
		}
		var a ir.DotAttr
		lhs, lhsOwn := arrange(rng, batch, contract, left, &a.LhsBatch, &a.LhsContracting)
		rhs, rhsOwn := arrange(rng, batch, contract, right, &a.RhsBatch, &a.RhsContracting)
		left, _ = pick(lhs, lhsOwn)
		right, _ = pick(rhs, rhsOwn)
		out := append(append(append([]int(nil), batch...), left...), right...)
		for _, dt := range []dtypes.DType{dtypes.Float64, dtypes.Float32, dtypes.Float16, dtypes.Int32, dtypes.Uint64} {
			x, y := randomTensor(rng, dt, lhs), randomTensor(rng, dt, rhs)
			want := naiveDot(a, floatsOf(x), floatsOf(y), lhs, rhs, lhsOwn, rhsOwn, batch, contract, out)
			tolerance := 0.0
			if dt == dtypes.Float16 {
				tolerance = 1e-3
			}
			near(t, x.Shape.String()+y.Shape.String(), eval1(t, compute.OpTypeDotGeneral, a, shapes.Make(dt, out...), x, y), want, tolerance)
		}
	})
}

// arrange shuffles the three groups of axes of one operand; own lists its own axes in order.
func arrange(rng *rand.Rand, batch, contract, mine []int, batchAxes, contractAxes *[]int) (dims, own []int) {
	order := rng.Perm(len(batch) + len(contract) + len(mine))
	dims = make([]int, len(order))
	for i, axis := range order {
		switch {
		case i < len(batch):
			dims[axis] = batch[i]
			*batchAxes = append(*batchAxes, axis)
		case i < len(batch)+len(contract):
			dims[axis] = contract[i-len(batch)]
			*contractAxes = append(*contractAxes, axis)
		default:
			dims[axis] = mine[i-len(batch)-len(contract)]
		}
	}
	return dims, without(len(dims), append(append([]int(nil), *batchAxes...), *contractAxes...))
}

func naiveDot(a ir.DotAttr, x, y []float64, lhs, rhs, lhsOwn, rhsOwn, batch, contract, out []int) []float64 {
	result, index := make([]float64, product(out)), make([]int, len(out))
	for i := range result {
		l, r := make([]int, len(lhs)), make([]int, len(rhs))
		for b := range batch {
			l[a.LhsBatch[b]], r[a.RhsBatch[b]] = index[b], index[b]
		}
		for j, axis := range lhsOwn {
			l[axis] = index[len(batch)+j]
		}
		for j, axis := range rhsOwn {
			r[axis] = index[len(batch)+len(lhsOwn)+j]
		}
		k := make([]int, len(contract))
		for range product(contract) {
			for j := range k {
				l[a.LhsContracting[j]], r[a.RhsContracting[j]] = k[j], k[j]
			}
			result[i] += x[dot(l, stridesOf(lhs))] * y[dot(r, stridesOf(rhs))]
			next(k, contract)
		}
		next(index, out)
	}
	return result
}

func TestDot_DTypes(t *testing.T) {
	contract := func(acc, out dtypes.DType) ir.DotAttr {
		return ir.DotAttr{LhsContracting: []int{0}, RhsContracting: []int{0}, Config: compute.DotGeneralConfig{AccumulatorDType: acc, OutputDType: out}}
	}
	x := of(vec(3), int8(100), 100, 100)
	none := dtypes.InvalidDType
	check(t, "wraps", eval1(t, compute.OpTypeDotGeneral, contract(none, none), shapes.Make(dtypes.Int8), x, x), of[int8](nil, 48))
	check(t, "wide", eval1(t, compute.OpTypeDotGeneral, contract(dtypes.Int32, none), shapes.Make(dtypes.Int32), x, x), of[int32](nil, 30000))
	check(t, "to float", eval1(t, compute.OpTypeDotGeneral, contract(dtypes.Int32, dtypes.Float32), shapes.Make(dtypes.Float32), x, x), of[float32](nil, 30000))
	check(t, "narrow", eval1(t, compute.OpTypeDotGeneral, contract(dtypes.Int8, dtypes.Float32), shapes.Make(dtypes.Float32), x, x), of[float32](nil, 48))
	u := of(vec(2), uint8(200), 200)
	check(t, "unsigned", eval1(t, compute.OpTypeDotGeneral, contract(dtypes.Uint16, dtypes.Float64), shapes.Make(dtypes.Float64), u, u), of[float64](nil, 80000-65536))
	b := halves(dtypes.BFloat16, vec(3), 256, 1, 1)
	ones := halves(dtypes.BFloat16, vec(3), 1, 1, 1)
	check(t, "bfloat16", eval1(t, compute.OpTypeDotGeneral, contract(none, none), shapes.Make(dtypes.BFloat16), b, ones), halves(dtypes.BFloat16, nil, 258))
	check(t, "bfloat16 to float32", eval1(t, compute.OpTypeDotGeneral, contract(dtypes.Float32, none), shapes.Make(dtypes.Float32), b, ones), of[float32](nil, 258))
	h := halves(dtypes.Float16, vec(2), 65504, 65504)
	check(t, "overflow", eval1(t, compute.OpTypeDotGeneral, contract(none, dtypes.Float32), shapes.Make(dtypes.Float32), h, halves(dtypes.Float16, vec(2), 1, 1)), of[float32](nil, float32(inf)))
	z := of(vec(2), complex64(1i), 2)
	check(t, "complex", eval1(t, compute.OpTypeDotGeneral, contract(none, none), shapes.Make(dtypes.Complex64), z, z), of[complex64](nil, 3))
	n := nodeOf(compute.OpTypeDotGeneral, contract(dtypes.Int32, none), []tensor.Tensor{h, h}, shapes.Make(dtypes.Int32))
	if Supports(n) {
		t.Error("floats accumulated in integers are supported")
	}
}
