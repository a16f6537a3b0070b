package main

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes/float16"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/safetensors"
)

// export writes the student's weights as torchvision's VGG-19 names and shapes them, rounded to half precision.
func (s *student) export(backend compute.Backend, store *model.Store, path string) error {
	exec, err := model.NewExec(backend, store, func(scope *model.Scope, g *Graph) []*Node {
		var all []*Node
		for i := range layers {
			kernel, bias := s.weights(scope, g, i)
			all = append(all, kernel, bias)
		}
		return all
	})
	if err != nil {
		return err
	}
	defer exec.Finalize()
	results, err := exec.Call()
	if err != nil {
		return err
	}
	var all []safetensors.Tensor
	for i, l := range layers {
		kernel, bias := tensors.MustCopyFlatData[float32](results[2*i]), tensors.MustCopyFlatData[float32](results[2*i+1])
		all = append(all, half(l.tensor+".weight", []int{l.out, l.in, 3, 3}, toTorch(kernel, l)), half(l.tensor+".bias", []int{l.out}, bias))
	}
	return safetensors.Save(path, all, map[string]string{
		"arch":       "vgg19",
		"preprocess": "torchvision: RGB, 0..1, mean (0.485, 0.456, 0.406), std (0.229, 0.224, 0.225)",
		"layout":     "OIHW",
		"teacher":    "VGG-19 of Simonyan and Zisserman (2015), CC BY 4.0",
		"made_by":    "atelier recipes/embedded",
	})
}

// half is a tensor of 16-bit floats, each value rounded to the nearest.
func half(name string, shape []int, values []float32) safetensors.Tensor {
	bytes := make([]byte, 2*len(values))
	for i, v := range values {
		bits := float16.FromFloat32(v)
		bytes[2*i], bytes[2*i+1] = byte(bits), byte(bits>>8)
	}
	return safetensors.Tensor{Name: name, DType: safetensors.F16, Shape: shape, Data: bytes}
}

// hash is a file's SHA-256.
func hash(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
