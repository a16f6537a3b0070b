package zoo

import (
	"cmp"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
)

// initOr is the distribution that a backbone has chosen for a stem, or the stem's own.
func initOr(chosen *nn.Init, own nn.Init) nn.Init {
	if chosen == nil {
		return own
	}
	return *chosen
}

// begun is the stem with a first convolution that begins so, if it lets one choose.
func begun(stem Stem, init nn.Init) Stem {
	if s, ok := stem.(interface{ begin(init nn.Init) Stem }); ok {
		return s.begin(init)
	}
	return stem
}

// CIFARStem is one 3x3 convolution, batch norm and relu at full size, for pictures of some 32 pixels (He et al., 2016,
// section 4.2).
type CIFARStem struct {
	Channels int `json:"channels"` // zero means what the backbone would like

	init *nn.Init // nil means nn.InitHeOut; see Model.stem
}

var _ Stem = CIFARStem{}

// Name is "cifar", or "cifar-16" with 16 channels of its own.
func (s CIFARStem) Name() string { return sized("cifar", s.Channels) }

// Out is in with other channels.
func (s CIFARStem) Out(in Shape, width int) (Shape, error) {
	in.C = cmp.Or(s.Channels, width)
	return in, checkChannels(s.Channels)
}

func (s CIFARStem) begin(init nn.Init) Stem {
	s.init = &init
	return s
}

// Build makes "conv1" and "bn1".
func (s CIFARStem) Build(scope *model.Scope, x *graph.Node, width int) *graph.Node {
	x = conv(scope.In("conv1"), x, cmp.Or(s.Channels, width), 3, 1, initOr(s.init, nn.InitHeOut))
	return nn.ReLU(nn.BatchNorm{}.Layer(scope.In("bn1"), x))
}

// Paths are those of "conv1" and "bn1".
func (CIFARStem) Paths() []string { return []string{"/conv1", "/bn1"} }

// ResNetStem is a 7x7 convolution moved by 2, batch norm, relu, and a 3x3 maximum moved by 2: a quarter of the size (He
// et al., 2016). It is for pictures of some 224 pixels.
type ResNetStem struct {
	Channels int `json:"channels"` // zero means what the backbone would like

	init *nn.Init // nil means nn.InitHeOut; see Model.stem
}

var _ Stem = ResNetStem{}

// Name is "resnet", or "resnet-32" with 32 channels of its own.
func (s ResNetStem) Name() string { return sized("resnet", s.Channels) }

// Out is a quarter of in, rounded up.
func (s ResNetStem) Out(in Shape, width int) (Shape, error) {
	in.C = cmp.Or(s.Channels, width)
	return in.halved().halved(), checkChannels(s.Channels)
}

func (s ResNetStem) begin(init nn.Init) Stem {
	s.init = &init
	return s
}

// Build makes "conv1" and "bn1".
func (s ResNetStem) Build(scope *model.Scope, x *graph.Node, width int) *graph.Node {
	x = conv(scope.In("conv1"), x, cmp.Or(s.Channels, width), 7, 2, initOr(s.init, nn.InitHeOut))
	x = nn.ReLU(nn.BatchNorm{}.Layer(scope.In("bn1"), x))
	return nn.Pool{Kernel: nn.Side(3), Stride: nn.Side(2), Padding: nn.Border(1)}.Max(x)
}

// Paths are those of "conv1" and "bn1".
func (ResNetStem) Paths() []string { return []string{"/conv1", "/bn1"} }
