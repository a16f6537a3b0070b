package style

import (
	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/weights"
)

// NewNetwork makes a network of published weights. What its pooling takes and what it sees around pictures are the
// features' to say: with an Edge of nn.PadReplicate paintings have no rim.
func NewNetwork(backend compute.Backend, f *weights.Features) *Network {
	return &Network{Features: published{f}, Name: f.Name(), Hash: f.Hash, Store: f.Store, Backend: backend}
}

// published are features from weights; only the names of types differ.
type published struct{ *weights.Features }

func (p published) Layers() []Layer {
	var all []Layer
	for _, l := range p.Features.Layers() {
		all = append(all, Layer(l))
	}
	return all
}
