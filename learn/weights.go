package learn

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/safetensors"
)

// SaveWeights writes the model's weights to WeightsFile in a folder, and averages of them beside it, if there are, as
// other programs want them: tensors are named as Model.TensorName says, and have PyTorch's order of axes:
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
		t, err := torchTensor(l.config.Model.tensorName(p.Path()), store.GetVariable(p.Path()))
		if err != nil {
			return err
		}
		all = append(all, t)
	}
	metadata := map[string]string{"format": "pt", "weights": w.String(), "step": fmt.Sprint(l.state.Step), "made_by": "atelier"}
	if l.config.Model.Name != "" {
		metadata["model"] = l.config.Model.Name
	}
	if len(l.config.Classes) > 0 {
		classes, err := json.Marshal(l.config.Classes)
		if err != nil {
			return err
		}
		metadata["classes"] = string(classes)
	}
	return safetensors.Save(path, all, metadata)
}

// torchTensor is a variable with a name and PyTorch's order of axes.
func torchTensor(name string, v *model.Variable) (safetensors.Tensor, error) {
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

// LoadWeights puts the weights of a safetensors file that SaveWeights or PyTorch wrote into the model: see LoadTensors.
func (l *Learner) LoadWeights(path string) error {
	f, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return l.LoadTensors(Initial{Tensors: fileTensors{f}, Name: path, Classes: ClassesOf(f.Metadata()), Model: ModelOf(f.Metadata())})
}

// fileTensors are those of a safetensors file.
type fileTensors struct{ *safetensors.File }

func (f fileTensors) Shape(name string) ([]int, bool) {
	_, shape, ok := f.Info(name)
	return shape, ok
}

func (f fileTensors) Float32(name string) ([]float32, error) {
	t, err := f.Tensor(name)
	if err != nil {
		return nil, err
	}
	return t.Float32()
}

// ClassesOf are the classes that weights are for, from the metadata of their file; nil where it does not say.
func ClassesOf(metadata map[string]string) []string {
	var classes []string
	if json.Unmarshal([]byte(metadata["classes"]), &classes) != nil {
		return nil
	}
	return classes
}

// ModelOf is the name of the model that weights are of, from the metadata of their file; empty where it does not say.
func ModelOf(metadata map[string]string) string { return metadata["model"] }

// sameClasses wants a model's classes to be those of weights, where both are known.
func sameClasses(weights, model []string) error {
	if len(weights) == 0 || len(model) == 0 || slices.Equal(weights, model) {
		return nil
	}
	return fmt.Errorf("the weights tell %d classes apart (%s), the model %d (%s)",
		len(weights), few(weights, 5), len(model), few(model, 5))
}
