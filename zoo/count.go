package zoo

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Counts are numbers that describe a network's size.
type Counts struct {
	Parameters int `json:"parameters"` // that training changes
	Buffers    int `json:"buffers"`    // that are kept but not trained: running statistics of norms, filters that whiten
	// MACs are the multiplications of convolutions and dense layers for one picture, each with its addition; activations
	// are the numbers that these layers put out.
	MACs        int `json:"macs"`
	Activations int `json:"activations"`
}

// plus is both together.
func (n Counts) plus(o Counts) Counts {
	return Counts{n.Parameters + o.Parameters, n.Buffers + o.Buffers, n.MACs + o.MACs, n.Activations + o.Activations}
}

// Count counts the model that is built for pictures of h by w pixels with c channels. The backend computes nothing.
func Count(backend compute.Backend, m Model, h, w, c int) (Counts, error) {
	var n Counts
	pieces, err := Pieces(backend, m, h, w, c)
	for _, p := range pieces {
		n = n.plus(p.Counts)
	}
	return n, err
}

// Piece is the stem, a stage of the backbone, or the head of a model, if it has one.
type Piece struct {
	Name   string `json:"name"`   // "stem", the stage's, or "head"
	Part   string `json:"part"`   // the name of the part that it belongs to
	Groups []int  `json:"groups"` // the layer groups of its variables, the input's 0; two where the cut is within
	Shape  Shape  `json:"shape"`  // what it hands over; of a head, 1x1 places with as many channels as classes
	Layers int    `json:"layers"` // convolutions and dense layers
	Counts
}

// Pieces counts the pieces of the model that is built for pictures of h by w pixels with c channels, the input's first.
func Pieces(backend compute.Backend, m Model, h, w, c int) ([]Piece, error) {
	shapesOf, err := m.Shapes(h, w, c)
	if err == nil && m.Head != nil {
		err = m.Check(h, w, c)
	}
	if err != nil {
		return nil, err
	}
	g, store := graph.NewGraph(backend, m.Name()), model.NewStore()
	defer g.Finalize()
	defer store.Finalize()
	var features []Feature
	err = exceptions.TryCatch[error](func() {
		x := graph.Parameter(g, "pictures", shapes.Make(dtypes.Float32, 1, h, w, c))
		features = m.Features(store.RootScope(), x)
		if m.Head != nil {
			m.Head.Build(store.RootScope(), features[len(features)-1].X, m.Classes)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("zoo: %s: %w", m.Name(), err)
	}
	var pieces []Piece
	for i, f := range features {
		part := m.Backbone.Name()
		if i == 0 {
			part = m.Stem.Name()
		}
		pieces = append(pieces, Piece{Name: f.Name, Part: part, Shape: shapesOf[i]})
	}
	pieces[0].Groups = []int{0} // a stem without variables, too
	if m.Head != nil {
		last := shapesOf[len(shapesOf)-1]
		head := Shape{H: 1, W: 1, C: m.Classes, Stride: last.Stride * max(last.H, last.W)}
		pieces = append(pieces, Piece{Name: "head", Part: m.Head.Name(), Shape: head, Groups: []int{len(m.Groups()) - 1}})
	}
	m.count(g, store, features, pieces)
	return pieces, nil
}

// count adds what is in the graph to the pieces: nodes come in the order in which the pieces were built.
func (m Model) count(g *graph.Graph, store *model.Store, features []Feature, pieces []Piece) {
	pieceOf := func(node *graph.Node) *Piece {
		for i, f := range features {
			if node.Id() <= f.X.Id() {
				return &pieces[i]
			}
		}
		return &pieces[len(pieces)-1]
	}
	for _, node := range g.Nodes() {
		if macs := macsOf(node); macs > 0 {
			p := pieceOf(node)
			p.Layers++
			p.MACs += macs
			p.Activations += node.Shape().Size()
		}
	}
	groups := m.Groups()
	for v := range store.IterVariables() {
		if !v.DType().IsFloat() {
			continue
		}
		p := pieceOf(v.NodeValue(g))
		if !v.Trainable {
			p.Buffers += v.Shape().Size()
			continue
		}
		p.Parameters += v.Shape().Size()
		for k, paths := range groups {
			within := slices.ContainsFunc(paths, func(path string) bool { return strings.HasPrefix(v.Path(), path+"/") })
			if within && !slices.Contains(p.Groups, k) {
				p.Groups = append(p.Groups, k)
				slices.Sort(p.Groups) // variables come in no order
			}
		}
	}
}

// macsOf is the multiplications of a convolution or a matrix product, 0 for other nodes.
func macsOf(node *graph.Node) int {
	out := node.Shape().Size()
	switch node.Type() {
	case graph.NodeTypeConvGeneral:
		kernel := node.Inputs()[1].Shape() // [KH KW in/groups out]
		return out * kernel.Size() / kernel.Dim(-1)
	case graph.NodeTypeDotGeneral:
		// [N K] times [K M] is [N M], however the axes lie: K² = N·K·K·M / (N·M).
		a, b := node.Inputs()[0].Shape().Size(), node.Inputs()[1].Shape().Size()
		return out * int(math.Round(math.Sqrt(float64(a)*float64(b)/float64(out))))
	default:
		return 0
	}
}
