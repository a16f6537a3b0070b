package style

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nearest"
)

// Layer is a place in a network where features can be taken.
type Layer struct {
	Name      string // "relu3_1"
	Channels  int
	Stride    int // pixels between neighbouring positions
	Receptive int // pixels across that a position sees
}

// Features is a network cut open at its layers.
type Features interface {
	// Layers are the places, the nearest to the input first.
	Layers() []Layer
	// Size is how many positions a layer has for a picture of h by w pixels; less than 1 where the picture is too small.
	// Position i of a layer sees pixels around i·Stride, whatever the picture's size.
	Size(layer string, h, w int) (int, int)
	// Build builds the features [1 h w channels] of pictures x [1 H W 3], sRGB in 0 to 1, at some of the layers. The weights
	// are variables of scope.
	Build(scope *model.Scope, x *graph.Node, layers []string) []*graph.Node
}

// Network is features with their weights.
type Network struct {
	Features
	Name    string
	Hash    string       // SHA-256 of the weights, in hexadecimal
	Store   *model.Store // its root is the scope of Build
	Backend compute.Backend
}

// layer finds a layer by name; the error names those that are nearest, or all if none is near.
func (n *Network) layer(name string) (Layer, error) {
	var names []string
	for _, l := range n.Layers() {
		if l.Name == name {
			return l, nil
		}
		names = append(names, l.Name)
	}
	return Layer{}, fmt.Errorf("style: %s has no layer %q; did you mean %q? it has %s",
		n.Name, name, nearestOf(name, names), strings.Join(names, ", "))
}

// nearestOf is the name with the fewest edits, the last of such: what a network lacks is mostly behind its end.
func nearestOf(name string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	backwards := slices.Clone(names)
	slices.Reverse(backwards)
	return slices.MinFunc(backwards, func(a, b string) int { return nearest.Distance(name, a) - nearest.Distance(name, b) })
}

// checkSize wants every layer to have a position.
func (n *Network) checkSize(what string, layers []LayerWeight, h, w int) error {
	for _, l := range layers {
		if lh, lw := n.Size(l.Layer, h, w); lh < 1 || lw < 1 {
			known, err := n.layer(l.Layer)
			if err != nil {
				return err
			}
			return fmt.Errorf("style: %s is %d by %d pixels, too small for layer %s of %s, which needs about %d: take a larger one, or layers nearer to the input",
				what, h, w, l.Layer, n.Name, known.Stride)
		}
	}
	return nil
}
