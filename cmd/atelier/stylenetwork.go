package main

import (
	"cmp"

	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/nn"
	"github.com/atelier-go/atelier/style"
	builtinnet "github.com/atelier-go/atelier/style/embedded"
	"github.com/atelier-go/atelier/weights"
	"github.com/atelier-go/atelier/zoo"
)

// embeddedNet is the network that is built in, on the command line.
const embeddedNet = "embedded"

// openNetwork reads the network whose features count.
func (f *styleFlags) openNetwork(backend compute.Backend) (*style.Network, error) {
	features, err := f.features()
	if err != nil {
		return nil, err
	}
	if features.Pooling, err = zoo.PoolingNamed(f.pooling); err != nil {
		return nil, err
	}
	features.Edge = nn.PadReplicate
	n := style.NewNetwork(backend, features)
	if f.netFile == "" && f.net == "" || f.net == embeddedNet {
		n.Name = embeddedNet
	}
	return n, nil
}

// features are those of a file, of what "atelier models pull" has installed, or of the network that is built in.
func (f *styleFlags) features() (*weights.Features, error) {
	switch {
	case f.net == "" && f.netFile == "" || f.net == embeddedNet:
		return builtinnet.Features()
	case f.netFile != "":
		return weights.LoadFeatures(f.netFile, f.net)
	}
	cache, err := weights.DefaultCache()
	if err != nil {
		return nil, err
	}
	return cache.Features(f.net)
}

// networkName is what the record of a painting calls the network: its file, or its name.
func (f *styleFlags) networkName() string { return cmp.Or(f.netFile, f.net, embeddedNet) }
