package zoo

import (
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
)

// Darknet is stages of a 3x3 convolution to twice the channels and residual blocks of a 1x1 convolution to half of them
// and a 3x3 one back, all with leaky relus (Redmon and Farhadi, 2018). The zero value is fastai's for CIFAR; its second
// stage keeps the size.
type Darknet struct {
	Start  int   `json:"start"`  // channels of the stem; zero means 32
	Depths []int `json:"depths"` // blocks of each stage; none means 1, 2, 4, 6, 3
	Halve  bool  `json:"halve"`  // the second stage halves the size too, as in Darknet-53
}

var _ Backbone = Darknet{}

var darknets = []struct {
	name string
	Darknet
}{
	{"darknet", Darknet{32, []int{1, 2, 4, 6, 3}, false}},
	{"darknet53", Darknet{32, []int{1, 2, 8, 8, 4}, true}},
}

func (d Darknet) depths() []int {
	if len(d.Depths) == 0 {
		return darknets[0].Depths
	}
	return d.Depths
}

// Name is "darknet", "darknet53", or for others the stem's channels and the blocks: "darknet-16-1x2x4", with "-halve"
// behind if every stage halves.
func (d Darknet) Name() string {
	for _, known := range darknets {
		if d.Width() == known.Start && slices.Equal(d.depths(), known.Depths) && d.Halve == known.Halve {
			return known.name
		}
	}
	name := fmt.Sprintf("darknet-%d-%s", d.Width(), times(d.depths()))
	if d.Halve {
		name += "-halve"
	}
	return name
}

// Width is Start.
func (d Darknet) Width() int {
	if d.Start == 0 {
		return 32
	}
	return d.Start
}

// Usual are a 3x3 convolution with norm and leaky relu, and the average.
func (Darknet) Usual() (Stem, Head) { return DarknetStem{}, PoolHead{} }

// Out is one shape for each stage.
func (d Darknet) Out(in Shape) ([]Shape, error) {
	if d.Width() < 1 {
		return nil, fmt.Errorf("it starts with %d channels, want 1 or more", d.Start)
	}
	var out []Shape
	for i, depth := range d.depths() {
		if depth < 1 {
			return nil, fmt.Errorf("stage %d has %d blocks, want 1 or more", i+1, depth)
		}
		if d.stride(i) == 2 {
			in = in.halved()
		}
		in.C = d.Width() << (i + 1)
		out = append(out, in)
	}
	return out, nil
}

func (d Darknet) stride(stage int) int {
	if stage == 1 && !d.Halve {
		return 1
	}
	return 2
}

// Build makes "layer1" and so on, in each the convolution "0" and blocks "1" and so on.
func (d Darknet) Build(scope *model.Scope, x *graph.Node) []Feature {
	var features []Feature
	for i, depth := range d.depths() {
		name := fmt.Sprintf("layer%d", i+1)
		stage, channels := scope.In("%s", name), d.Width()<<(i+1)
		x = leaky(stage.In("0"), x, channels, 3, d.stride(i))
		for k := range depth {
			block := stage.In("%d", k+1)
			h := leaky(block.In("0"), x, max(1, channels/2), 1, 1)
			x = graph.Add(x, leaky(block.In("1"), h, channels, 3, 1))
		}
		features = append(features, Feature{name, x})
	}
	return features
}

// Groups cuts the stages in half.
func (d Darknet) Groups() [][]string { return halves(numbered("/layer%d", len(d.depths()))) }

// leaky is a convolution, a norm that follows slowly, as fastai's, and a leaky relu.
func leaky(scope *model.Scope, x *graph.Node, channels, kernel, stride int) *graph.Node {
	x = conv(scope.In("conv"), x, channels, kernel, stride, nn.InitTorch)
	return nn.LeakyReLU(nn.BatchNorm{Momentum: 0.01}.Layer(scope.In("bn"), x), 0.1)
}

// DarknetStem is a 3x3 convolution at full size, norm and leaky relu.
type DarknetStem struct {
	Channels int `json:"channels"` // zero means what the backbone would like
}

var _ Stem = DarknetStem{}

// Name is "leaky", or "leaky-16" with 16 channels of its own.
func (s DarknetStem) Name() string { return sized("leaky", s.Channels) }

// Out is in with other channels.
func (s DarknetStem) Out(in Shape, width int) (Shape, error) {
	return in.with(own(s.Channels, width)), checkChannels(s.Channels)
}

// Build makes "stem".
func (s DarknetStem) Build(scope *model.Scope, x *graph.Node, width int) *graph.Node {
	return leaky(scope.In("stem"), x, own(s.Channels, width), 3, 1)
}

// Paths is that of "stem".
func (DarknetStem) Paths() []string { return []string{"/stem"} }

// own is a stem's own number of channels, or what the backbone would like.
func own(channels, width int) int {
	if channels == 0 {
		return width
	}
	return channels
}
