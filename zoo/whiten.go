package zoo

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
)

// WhitenStem is airbench's: a 2x2 convolution with bias and without padding to eight times the channels, and GELU. Its
// weights are not trained: they are to be [WhitenStem.Whiten]ed before training.
type WhitenStem struct{}

var _ Stem = WhitenStem{}

// whitenPath is where the stem's weights are.
const whitenPath = "/whiten/weight"

// Name is "whiten".
func (WhitenStem) Name() string { return "whiten" }

// Out is one row and one column less.
func (WhitenStem) Out(in Shape, _ int) (Shape, error) {
	return in.slid(window{kernel: 2, stride: 1}).with(8 * in.C), nil
}

// Build makes "whiten".
func (WhitenStem) Build(scope *model.Scope, x *graph.Node, _ int) *graph.Node {
	scope = scope.In("whiten")
	x = nn.Conv2D{Channels: 8 * x.Shape().Dim(-1), Kernel: nn.Side(2), Init: nn.InitHeIn}.Layer(scope, x) // biases begin at 0
	scope.GetVariable("weight").SetTrainable(false)
	return nn.GELU(x)
}

// Paths is that of "whiten".
func (WhitenStem) Paths() []string { return []string{"/whiten"} }

// Whiten gives the stem's weights in a store, which has them already, the values that make 2x2 patches of pictures, as they
// come after normalisation, uncorrelated and of variance 1: see [WhiteningFilters].
func (WhitenStem) Whiten(store *model.Store, pictures *tensors.Tensor) error {
	v := store.GetVariable(whitenPath)
	if v == nil {
		return fmt.Errorf("zoo: there is no variable %s to whiten", whitenPath)
	}
	filters, err := WhiteningFilters(pictures)
	if err != nil {
		return err
	}
	if !filters.Shape().Equal(v.Shape()) {
		return fmt.Errorf("zoo: %s is %s, and pictures %s make filters %s", whitenPath, v.Shape(), pictures.Shape(), filters.Shape())
	}
	return v.SetValue(filters)
}

// WhiteningFilters are filters [2 2 C 8C] for pictures [N H W C] of float32: the eigenvectors of the covariance, about 0,
// of their 2x2 patches, the one of the largest eigenvalue first, each by (eigenvalue + 5e-4)^(-1/2), and then the same
// with the other sign.
func WhiteningFilters(pictures *tensors.Tensor) (*tensors.Tensor, error) {
	d := pictures.Shape().Dimensions
	if len(d) != 4 || d[0] < 1 || d[1] < 2 || d[2] < 2 || d[3] < 1 {
		return nil, fmt.Errorf("zoo: whitening of pictures %s: want [N H W C] of 2 by 2 pixels or more", pictures.Shape())
	}
	var covariance [][]float64
	err := tensors.ConstFlatData(pictures, func(x []float32) { covariance = patchCovariance(x, d) })
	if err != nil {
		return nil, fmt.Errorf("zoo: whitening of pictures %s: %w", pictures.Shape(), err)
	}
	values, vectors := eigen(covariance)
	n := len(values)
	filters := make([]float32, n*2*n)
	for k := range n {
		scale := 1 / math.Sqrt(math.Max(values[k], 0)+5e-4)
		for i := range n {
			w := float32(vectors[k][i] * scale)
			filters[i*2*n+k], filters[i*2*n+n+k] = w, -w
		}
	}
	return tensors.FromFlatDataAndDimensions(filters, 2, 2, d[3], 2*n), nil
}

// patchCovariance is the mean product of the 4·C numbers of every 2x2 patch.
func patchCovariance(x []float32, d []int) [][]float64 {
	h, w, c := d[1], d[2], d[3]
	n := 4 * c
	sum := make([][]float64, n)
	for i := range sum {
		sum[i] = make([]float64, n)
	}
	patch := make([]float64, n) // of which only products i <= j are summed: the others are the same
	for p := range d[0] {
		for row := range h - 1 {
			for column := range w - 1 {
				for i := range patch {
					y, z := row+i/(2*c), column+i/c%2
					patch[i] = float64(x[((p*h+y)*w+z)*c+i%c])
				}
				for i, a := range patch {
					row := sum[i][i:]
					for j, b := range patch[i:] {
						row[j] += a * b
					}
				}
			}
		}
	}
	for i := range sum {
		for j := i; j < n; j++ {
			sum[i][j] /= float64(d[0] * (h - 1) * (w - 1))
			sum[j][i] = sum[i][j]
		}
	}
	return sum
}

// eigen is the eigenvalues of a symmetric matrix, the largest first, and their vectors of length 1, by Jacobi's rotations;
// a is overwritten.
func eigen(a [][]float64) (values []float64, vectors [][]float64) {
	n := len(a)
	v := make([][]float64, n) // rows become the vectors
	for i := range v {
		v[i] = make([]float64, n)
		v[i][i] = 1
	}
	for range 60 { // sweeps converge quadratically: ten are plenty
		for p := range n {
			for q := p + 1; q < n; q++ {
				rotate(a, v, p, q)
			}
		}
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(a[j][j], a[i][i]) })
	for _, i := range order {
		values, vectors = append(values, a[i][i]), append(vectors, v[i])
	}
	return values, vectors
}

// rotate makes a[p][q] zero.
func rotate(a, v [][]float64, p, q int) {
	if a[p][q] == 0 {
		return
	}
	theta := (a[q][q] - a[p][p]) / (2 * a[p][q])
	t := math.Copysign(1, theta) / (math.Abs(theta) + math.Hypot(theta, 1))
	c := 1 / math.Hypot(t, 1)
	s := t * c
	for k := range a {
		x, y := a[k][p], a[k][q]
		a[k][p], a[k][q] = c*x-s*y, s*x+c*y
	}
	for k := range a {
		x, y := a[p][k], a[q][k]
		a[p][k], a[q][k] = c*x-s*y, s*x+c*y
		x, y = v[p][k], v[q][k]
		v[p][k], v[q][k] = c*x-s*y, s*x+c*y
	}
}
