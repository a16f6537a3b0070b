package learn

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/atelier-go/atelier/safetensors"
)

// IsCheckpoint tells a checkpoint from other files by its metadata.
func IsCheckpoint(metadata map[string]string) bool { return metadata["format"] == checkpointFormat }

// CheckpointWeights are the weights in a checkpoint, as other programs name and order them.
type CheckpointWeights struct {
	byName  map[string]safetensors.Tensor
	names   []string
	classes []string
	model   string
	step    int
}

var _ Tensors = (*CheckpointWeights)(nil)

// ReadWeights reads weights of a checkpoint, Raw or EMAWeights, after it has checked the whole of it.
func ReadWeights(path string, w Weights) (*CheckpointWeights, error) {
	text, all, err := readState(path)
	if err != nil {
		return nil, err
	}
	var h struct {
		Classes []string `json:"classes"`
		Model   string   `json:"model"`
		State   struct {
			Step int `json:"step"`
		} `json:"state"`
	}
	if err := json.Unmarshal(text, &h); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if w != Raw && w != EMAWeights {
		return nil, fmt.Errorf("%s: a checkpoint has the weights raw and ema, not %v: the run's folder has a file of them", path, w)
	}
	c := &CheckpointWeights{byName: map[string]safetensors.Tensor{}, classes: h.Classes, model: h.Model, step: h.State.Step}
	for _, t := range all {
		path, mean := strings.CutPrefix(t.Name, emaPath)
		if t.DType == safetensors.F32 && isModel(path) && mean == (w == EMAWeights) {
			c.byName[tensorName(path)] = t
		}
	}
	if len(c.byName) == 0 {
		return nil, fmt.Errorf("%s has no moving average of the weights: the run kept none", path)
	}
	for name := range c.byName {
		c.names = append(c.names, name)
	}
	slices.Sort(c.names)
	return c, nil
}

// Names are the tensors' names, sorted.
func (c *CheckpointWeights) Names() []string { return c.names }

// Classes are what the run's model tells apart; nil if that is not known.
func (c *CheckpointWeights) Classes() []string { return c.classes }

// Model is the name of the run's model; empty if that is not known.
func (c *CheckpointWeights) Model() string { return c.model }

// Step is how many steps the run had done.
func (c *CheckpointWeights) Step() int { return c.step }

// Shape is a tensor's, in PyTorch's order of axes.
func (c *CheckpointWeights) Shape(name string) ([]int, bool) {
	t, ok := c.byName[name]
	return torchShape(t.Shape), ok
}

// Float32 reads a tensor.
func (c *CheckpointWeights) Float32(name string) ([]float32, error) {
	t, ok := c.byName[name]
	if !ok {
		return nil, fmt.Errorf("learn: the checkpoint has no %s", name)
	}
	flat, err := t.Float32()
	if err != nil {
		return nil, err
	}
	switch d := t.Shape; len(d) {
	case 4:
		flat = transposed(flat, d[0]*d[1], d[2], d[3])
	case 2:
		flat = transposed(flat, 1, d[0], d[1])
	}
	return flat, nil
}
