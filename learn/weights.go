package learn

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/safetensors"
)

// SaveWeights writes the model's weights to WeightsFile in a folder, and averages of them beside it, if there are, as
// other programs want them: tensors are named by their paths with dots for slashes, and have PyTorch's order of axes:
// convolutions' weights are [out in KH KW], those of dense layers [out in].
func (l *Learner) SaveWeights(dir string) error {
	for _, w := range []struct {
		which Weights
		file  string
		there bool
	}{
		{Raw, WeightsFile, true},
		{EMAWeights, "weights-ema" + checkpointSuffix, l.ema.on},
		{SWAWeights, "weights-swa" + checkpointSuffix, l.state.Averaged > 0},
	} {
		if !w.there {
			continue
		}
		if err := l.saveWeights(filepath.Join(dir, w.file), w.which); err != nil {
			return err
		}
	}
	return nil
}

func (l *Learner) saveWeights(path string, w Weights) error {
	store, done, err := l.weights(context.Background(), w)
	if err != nil {
		return err
	}
	defer done()
	var all []safetensors.Tensor
	for _, p := range append(l.params.all(), l.params.others...) {
		t, err := torchTensor(store.GetVariable(p.Path()))
		if err != nil {
			return err
		}
		all = append(all, t)
	}
	return safetensors.Save(path, all, map[string]string{
		"format": "pt", "weights": w.String(), "step": fmt.Sprint(l.state.Step), "made_by": "atelier",
	})
}

// torchTensor is a variable with PyTorch's name and order of axes.
func torchTensor(v *model.Variable) (safetensors.Tensor, error) {
	name := strings.ReplaceAll(strings.TrimPrefix(v.Path(), "/"), "/", ".")
	value, err := v.Value()
	if err != nil {
		return safetensors.Tensor{}, err
	}
	dims := v.Shape().Dimensions
	var t safetensors.Tensor
	err = tensors.ConstFlatData(value, func(flat []float32) {
		switch len(dims) {
		case 4: // [KH KW in out]
			t = safetensors.FromFloat32(name, []int{dims[3], dims[2], dims[0], dims[1]}, transposed(flat, dims[0]*dims[1], dims[2], dims[3]))
		case 2: // [in out]
			t = safetensors.FromFloat32(name, []int{dims[1], dims[0]}, transposed(flat, 1, dims[0], dims[1]))
		default:
			t = safetensors.FromFloat32(name, append([]int{}, dims...), flat)
		}
	})
	return t, err
}

// transposed makes [c b a] of [a b c].
func transposed(from []float32, a, b, c int) []float32 {
	to := make([]float32, len(from))
	for i := range a {
		for j := range b {
			for k := range c {
				to[(k*b+j)*a+i] = from[(i*b+j)*c+k]
			}
		}
	}
	return to
}

// LoadWeights puts the weights of a file that SaveWeights or PyTorch wrote into the model. Names and shapes have to fit;
// the error lists what does not. It changes nothing then, and nothing of the optimizer ever.
func (l *Learner) LoadWeights(path string) error {
	f, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	values := map[*model.Variable]*tensors.Tensor{}
	var problems []error
	for _, v := range append(l.params.all(), l.params.others...) {
		value, err := fromTorch(f, v)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", path, err))
			continue
		}
		values[v] = value
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	for v, value := range values {
		if err := v.SetValue(value); err != nil {
			return err
		}
	}
	return nil
}

func fromTorch(f *safetensors.File, v *model.Variable) (*tensors.Tensor, error) {
	name := strings.ReplaceAll(strings.TrimPrefix(v.Path(), "/"), "/", ".")
	_, shape, ok := f.Info(name)
	if !ok {
		return nil, fmt.Errorf("there is no %s", name)
	}
	dims := v.Shape().Dimensions
	want := append([]int{}, dims...)
	switch len(dims) {
	case 4:
		want = []int{dims[3], dims[2], dims[0], dims[1]}
	case 2:
		want = []int{dims[1], dims[0]}
	}
	if fmt.Sprint(shape) != fmt.Sprint(want) {
		return nil, fmt.Errorf("%s is %v, the model's is %v", name, shape, want)
	}
	t, err := f.Tensor(name)
	if err != nil {
		return nil, err
	}
	flat, err := t.Float32()
	if err != nil {
		return nil, err
	}
	switch len(dims) {
	case 4:
		flat = transposed(flat, dims[3], dims[2], dims[0]*dims[1])
	case 2:
		flat = transposed(flat, dims[1], dims[0], 1)
	}
	return tensors.FromFlatDataAndDimensions(flat, dims...), nil
}
