package zoo

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/nn"
)

// FastaiHead is fastai's: concat pooling, and two dense layers, a norm and dropout before each and a relu between.
type FastaiHead struct {
	Features int     `json:"features"` // of the first dense layer; zero means 512
	Dropout  float64 `json:"dropout"`  // before the last layer, before the first half as much, in [0, 1) or [NoDropout]; zero means 0.5
}

// NoDropout is the rate of a head that drops nothing out. Zero means the usual rate.
const NoDropout = -1

var _ Head = FastaiHead{}

// Name is "fastai", or "fastai-256-d20" with 256 features and a dropout of 0.2.
func (h FastaiHead) Name() string { return dropping(sized("fastai", h.Features), h.Dropout) }

// Check knows which numbers there are.
func (h FastaiHead) Check(Shape) error {
	if h.Features < 0 {
		return unknownNumber("Features", h.Features, "0 (512) or more")
	}
	return checkRate(h.Dropout)
}

// Build makes "head/bn1", "head/fc1", "head/bn2" and "head/fc2".
func (h FastaiHead) Build(scope *model.Scope, x *graph.Node, classes int) *graph.Node {
	scope = scope.In("head")
	rate := dropoutRate(h.Dropout)
	x = nn.BatchNorm{}.Layer(scope.In("bn1"), flattened(nn.AdaptivePool{}.Concat(x)))
	x = nn.Dropout{Rate: rate / 2}.Layer(scope, x)
	x = nn.ReLU(nn.Linear{Features: cmp.Or(h.Features, 512), Init: nn.InitHeIn}.Layer(scope.In("fc1"), x))
	x = nn.Dropout{Rate: rate}.Layer(scope, nn.BatchNorm{}.Layer(scope.In("bn2"), x))
	return nn.Linear{Features: classes, Init: nn.InitHeIn}.Layer(scope.In("fc2"), x)
}

// Paths is that of "head".
func (FastaiHead) Paths() []string { return []string{"/head"} }

// VGGHead is VGG's: the mean in 7 by 7 windows, two dense layers of 4096 with relu and dropout, and one to the classes.
type VGGHead struct {
	Dropout float64 `json:"dropout"` // in [0, 1) or [NoDropout]; zero means 0.5
}

var _ Head = VGGHead{}

// Name is "vgg", or "vgg-d20" with a dropout of 0.2.
func (h VGGHead) Name() string { return dropping("vgg", h.Dropout) }

// Check knows which rates there are.
func (h VGGHead) Check(Shape) error { return checkRate(h.Dropout) }

// Build makes "classifier/0", "classifier/3" and "classifier/6". Features come in torchvision's order, channel by channel.
func (h VGGHead) Build(scope *model.Scope, x *graph.Node, classes int) *graph.Node {
	scope = scope.In("classifier")
	x = nn.AdaptivePool{Output: nn.Side(7)}.Mean(x)
	x = flattened(graph.TransposeAllAxes(x, 0, 3, 1, 2))
	for _, name := range []string{"0", "3"} {
		x = nn.ReLU(nn.Linear{Features: 4096, Init: nn.InitSmall}.Layer(scope.In("%s", name), x))
		x = nn.Dropout{Rate: dropoutRate(h.Dropout)}.Layer(scope, x)
	}
	return nn.Linear{Features: classes, Init: nn.InitSmall}.Layer(scope.In("6"), x)
}

// Paths is that of "classifier".
func (VGGHead) Paths() []string { return []string{"/classifier"} }

// LinearHead is a dense layer of the means in Side by Side windows: what is where stays known.
type LinearHead struct {
	Side int `json:"side"` // zero means 2
}

var _ Head = LinearHead{}

// Name is "linear", or "linear-7" with 7 by 7 windows.
func (h LinearHead) Name() string { return sized("linear", h.Side) }

// Check knows which sizes there are: more windows than places tell nothing new, a few thousand of them for each channel fill
// any memory.
func (h LinearHead) Check(Shape) error {
	if h.Side < 0 || h.Side > maxSide {
		return unknownNumber("Side", h.Side, "0 (2) to 64")
	}
	return nil
}

const maxSide = 64

// Build makes the dense layer "fc".
func (h LinearHead) Build(scope *model.Scope, x *graph.Node, classes int) *graph.Node {
	x = nn.AdaptivePool{Output: nn.Side(cmp.Or(h.Side, 2))}.Mean(x)
	return nn.Linear{Features: classes}.Layer(scope.In("fc"), flattened(x))
}

// Paths is that of "fc".
func (LinearHead) Paths() []string { return []string{"/fc"} }

// ScaledHead is the maximum over all places, a dense layer without bias, and a division, which keeps logits small at
// first: by 8 in davidcpage's ResNet-9, by 9 in airbench's network.
type ScaledHead struct {
	Divisor int `json:"divisor"` // zero means 8
}

var _ Head = ScaledHead{}

// Name is "scaled", or "scaled-9" with another divisor.
func (h ScaledHead) Name() string { return sized("scaled", h.Divisor) }

// Check knows which divisors there are.
func (h ScaledHead) Check(Shape) error {
	if h.Divisor < 0 {
		return unknownNumber("Divisor", h.Divisor, "0 (8) or more")
	}
	return nil
}

// Build makes the dense layer "fc".
func (h ScaledHead) Build(scope *model.Scope, x *graph.Node, classes int) *graph.Node {
	x = nn.Linear{Features: classes, NoBias: true}.Layer(scope.In("fc"), flattened(nn.AdaptivePool{}.Max(x)))
	return graph.MulScalar(x, 1/float64(cmp.Or(h.Divisor, 8)))
}

// Paths is that of "fc".
func (ScaledHead) Paths() []string { return []string{"/fc"} }

// flattened makes vectors of pictures.
func flattened(x *graph.Node) *graph.Node {
	return graph.Reshape(x, x.Shape().Dim(0), x.Shape().Size()/max(1, x.Shape().Dim(0)))
}

// usualDropout is the rate of heads that do not say theirs.
const usualDropout = 0.5

func dropoutRate(rate float64) float64 {
	switch rate {
	case 0:
		return usualDropout
	case NoDropout:
		return 0
	}
	return rate
}

func checkRate(rate float64) error {
	if rate != NoDropout && !(rate >= 0 && rate < 1) {
		return fmt.Errorf("dropout %v, want 0 ≤ rate < 1, or NoDropout (-1)", rate)
	}
	return nil
}

// dropping is a head's name with its rate in percent where that is not the usual one: the rate's own digits, with the point
// moved by two, so that [dropoutOf] gives the same number.
func dropping(name string, rate float64) string {
	r := dropoutRate(rate)
	if r == usualDropout || !(r >= 0 && r < 1) {
		return name
	}
	_, digits, _ := strings.Cut(strconv.FormatFloat(r, 'f', -1, 64), ".")
	for len(digits) < 2 {
		digits += "0"
	}
	percent := strings.TrimLeft(digits[:1], "0") + digits[1:2]
	if digits[2:] != "" {
		percent += "." + digits[2:]
	}
	return name + "-d" + percent
}

// unknownNumber is the error of a field's number.
func unknownNumber(field string, n int, want string) error {
	return fmt.Errorf("%s is %d, want %s", field, n, want)
}
