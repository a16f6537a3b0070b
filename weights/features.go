package weights

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/zoo"
)

// Features is a feature network with its weights.
type Features struct {
	zoo.FeatureNet              // with the layers that the file has weights for, and the input that these want
	Store          *model.Store // the weights, not trainable; its root is the scope of Build
	Hash           string       // SHA-256 of the file, in hexadecimal
}

// LoadFeatures reads the feature network of that name (see [zoo.FeatureNames]) from a file. An empty name is that which
// the file's metadata or tensors say.
func LoadFeatures(path, name string) (*Features, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	features, err := f.Features(name)
	return features, errors.Join(err, f.Close())
}

// Features reads a feature network; see [LoadFeatures]. A file may have any first part of the network's weights. What it
// has of others is an error, as it may be another network's.
func (f *File) Features(name string) (*Features, error) {
	features, err := f.features(name)
	if err != nil {
		return nil, fmt.Errorf("weights: %s: %w", f.name, err)
	}
	return features, nil
}

func (f *File) features(name string) (*Features, error) {
	net, err := f.network(name)
	if err != nil {
		return nil, err
	}
	hash, err := f.SHA256()
	if err != nil {
		return nil, err
	}
	p, err := f.preprocess(hash)
	if err != nil {
		return nil, err
	}
	net.Input = p.Input
	store := model.NewStore()
	for i, w := range net.Weights() {
		if err := f.load(store, w, i == 0 && p.bgr); err != nil {
			return nil, err
		}
	}
	return &Features{FeatureNet: net, Store: store, Hash: hash}, nil
}

// network is the network whose weights the file has, as far as it has them.
func (f *File) network(name string) (zoo.FeatureNet, error) {
	arch := f.Metadata()["arch"]
	if name == "" && slices.Contains(zoo.FeatureNames(), arch) {
		name = arch
	}
	if name != "" {
		return f.networkNamed(name)
	}
	for _, name := range zoo.FeatureNames() {
		if net, err := f.networkNamed(name); err == nil {
			return net, nil
		}
	}
	return zoo.FeatureNet{}, fmt.Errorf("it has weights of none of %s; it has %s",
		strings.Join(zoo.FeatureNames(), ", "), some(f.Names()))
}

func (f *File) networkNamed(name string) (zoo.FeatureNet, error) {
	net, err := zoo.FeaturesByName(name)
	if err != nil {
		return net, err
	}
	known := map[string][]int{}
	for _, w := range net.Weights() {
		known[w.Name] = w.Shape
	}
	for _, n := range f.Names() {
		if !strings.HasPrefix(n, "features.") || strings.HasSuffix(n, ".num_batches_tracked") {
			continue // a classifier's, or a norm's count of batches
		}
		shape, _ := f.Shape(n)
		want, ok := known[n]
		if !ok {
			return net, fmt.Errorf("these are not weights of %s, which has no tensor %s", name, n)
		}
		if !slices.Equal(shape, want) {
			return net, fmt.Errorf("these are not weights of %s: tensor %s has shape %v, want %v", name, n, shape, want)
		}
	}
	net = net.With(func(w zoo.Weight) bool {
		_, ok := f.Shape(w.Name)
		return ok
	})
	if len(net.Layers()) == 0 {
		return net, fmt.Errorf("it has no weights of %s, such as features.0.weight; it has %s", name, some(f.Names()))
	}
	return net, nil
}

// preprocess is what the file's metadata say, or the table of known weights, or else torchvision's.
func (f *File) preprocess(hash string) (preprocess, error) {
	in, bgr, known, err := f.Preprocess(hash)
	if err != nil || !known {
		return torchvision, err
	}
	return preprocess{in, bgr}, nil
}

// load reads a weight into its variable.
func (f *File) load(store *model.Store, w zoo.Weight, bgr bool) error {
	values, err := f.Float32(w.Name)
	if err != nil {
		return err
	}
	shape := w.Shape
	if len(shape) == 4 {
		values, shape = toHWIO(values, shape)
		if bgr {
			reverseInputs(values, shape)
		}
	}
	scope, name := model.SplitPath(w.Path())
	v, err := store.Scope(scope).CreateVariable(name, tensors.FromFlatDataAndDimensions(values, shape...))
	if err != nil {
		return fmt.Errorf("tensor %s: %w", w.Name, err)
	}
	v.SetTrainable(false)
	return nil
}

// toHWIO transposes a kernel [out in H W] to [H W in out].
func toHWIO(values []float32, shape []int) ([]float32, []int) {
	out, in, pixels := shape[0], shape[1], shape[2]*shape[3]
	t := make([]float32, len(values))
	for o := range out {
		for i := range in {
			for p := range pixels {
				t[(p*in+i)*out+o] = values[(o*in+i)*pixels+p]
			}
		}
	}
	return t, []int{shape[2], shape[3], in, out}
}

// reverseInputs turns around the three input channels of a kernel [H W 3 out].
func reverseInputs(values []float32, shape []int) {
	out := shape[3]
	for p := 0; p < len(values); p += 3 * out {
		blue, red := values[p:p+out], values[p+2*out:p+3*out]
		for i := range blue {
			blue[i], red[i] = red[i], blue[i]
		}
	}
}
