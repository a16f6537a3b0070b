package main

import (
	"context"
	"fmt"
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"

	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/nn"
)

const float = dtypes.Float32

// ridge is added to the variance of every component of a layer's patches, as a part of their mean variance. Directions in
// which photos vary less are learnt more slowly.
const ridge = 3e-3

// whitening is what the patches of photos that a layer sees have in common: with it (patch - mean)·root has mean 0 and, up
// to ridge, covariance 1.
type whitening struct {
	mean, root *tensors.Tensor // [9·in], [9·in 9·in]
}

// moments are sums over batches of photos.
type moments struct {
	batches      int
	mean, second [][]float64 // of each layer's patches, E p and E ppᵀ
	square       []float64   // of each layer's features, E f²
}

// measure finds the scale of each of the teacher's layers, which it sets, and the whitening of each layer's patches, from
// some batches of photos.
func measure(ctx context.Context, backend compute.Backend, t *teacher, photos *data.Loader, batches int) ([]*whitening, error) {
	exec, err := NewExec(backend, t.buildMoments)
	if err != nil {
		return nil, err
	}
	defer exec.Finalize()
	stream := photos.Open(ctx, 0)
	defer stream.Close()
	var m moments
	for range batches {
		b, err := stream.Next()
		if err != nil {
			return nil, err
		}
		results, err := exec.Call(tensors.FromFlatDataAndDimensions(b.Pixels, b.N, b.H, b.W, b.C))
		if err != nil {
			return nil, err
		}
		m.add(results)
		stream.Release(b)
	}
	for i := range t.scale {
		t.scale[i] = math.Sqrt(m.square[i] / float64(m.batches))
	}
	var all []*whitening
	for i := range layers {
		w, err := m.whiten(i, t)
		if err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, nil
}

// buildMoments gives three results a layer, the means that moments adds up.
func (t *teacher) buildMoments(x *Node) []*Node {
	inputs := append([]*Node{normalise(x)}, relus(t.build(x))...)
	var results []*Node
	for i, l := range layers {
		p := patches(l.enter(inputs[i]), max(1, 4/l.stride))
		second := MulScalar(MatMul(Transpose(p, 0, 1), p), 1/float64(p.Shape().Dim(0)))
		results = append(results, ReduceMean(p, 0), second, ReduceAllMean(Square(inputs[i+1])))
	}
	return results
}

// patches are the 3 by 3 neighbourhoods of every step-th place of x [N H W C] and its border of zeros: [places 9·C], in the
// order of a kernel's axes.
func patches(x *Node, step int) *Node {
	x = nn.Pad2D(x, nn.Border(1), nn.PadZeros)
	h, w, c := x.Shape().Dim(1), x.Shape().Dim(2), x.Shape().Dim(3)
	var shifted []*Node
	for dy := range 3 {
		for dx := range 3 {
			part := Slice(x, AxisRange(), AxisRange(dy, h-2+dy).Stride(step), AxisRange(dx, w-2+dx).Stride(step), AxisRange())
			shifted = append(shifted, part)
		}
	}
	return Reshape(Concatenate(shifted, -1), -1, 9*c)
}

func (m *moments) add(results []*tensors.Tensor) {
	if m.batches++; m.mean == nil {
		n := len(layers)
		m.mean, m.second, m.square = make([][]float64, n), make([][]float64, n), make([]float64, n)
	}
	for i := range layers {
		r := results[3*i:]
		m.mean[i], m.second[i] = sum(m.mean[i], r[0]), sum(m.second[i], r[1])
		m.square[i] += float64(tensors.ToScalar[float32](r[2]))
	}
	for _, r := range results {
		r.FinalizeAll()
	}
}

func sum(total []float64, t *tensors.Tensor) []float64 {
	flat := tensors.MustCopyFlatData[float32](t)
	if total == nil {
		total = make([]float64, len(flat))
	}
	for i, v := range flat {
		total[i] += float64(v)
	}
	return total
}

// whiten makes layer i's whitening, for patches of features that are divided by their scale. root is L⁻ᵀ of the Cholesky
// factors LLᵀ of the patches' covariance.
func (m *moments) whiten(i int, t *teacher) (*whitening, error) {
	n, batches := layers[i].patch(), float64(m.batches)
	scale := 1.0
	if i > 0 {
		scale = t.scale[i-1]
	}
	mean := make([]float32, n)
	covariance := mat.NewSymDense(n, nil)
	trace := 0.0
	for a := range n {
		mean[a] = float32(m.mean[i][a] / batches / scale)
		for b := a; b < n; b++ {
			c := (m.second[i][a*n+b] - m.mean[i][a]*m.mean[i][b]/batches) / batches / (scale * scale)
			covariance.SetSym(a, b, c)
		}
		trace += covariance.At(a, a)
	}
	for a := range n {
		covariance.SetSym(a, a, covariance.At(a, a)+ridge*trace/float64(n))
	}
	var cholesky mat.Cholesky
	if !cholesky.Factorize(covariance) {
		return nil, fmt.Errorf("the patches that %s sees have no positive covariance: too few photos", layers[i].name)
	}
	var lower, inverse mat.TriDense
	cholesky.LTo(&lower)
	if err := inverse.InverseTri(&lower); err != nil {
		return nil, fmt.Errorf("whitening %s: %w", layers[i].name, err)
	}
	root := make([]float32, n*n)
	for a := range n {
		for b := range a + 1 {
			root[b*n+a] = float32(inverse.At(a, b))
		}
	}
	return &whitening{tensors.FromFlatDataAndDimensions(mean, n), tensors.FromFlatDataAndDimensions(root, n, n)}, nil
}
