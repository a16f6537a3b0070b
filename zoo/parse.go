package zoo

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// stems makes each stem with a number of channels of its own, or 0. Those that are fixed have their channels from the
// network that they were published with, or the backbone.
var stems = []struct {
	name  string
	fixed bool
	make  func(channels int) Stem
}{
	{"cifar", false, func(n int) Stem { return CIFARStem{Channels: n} }},
	{"resnet", false, func(n int) Stem { return ResNetStem{Channels: n} }},
	{"factored", false, func(n int) Stem { return FactoredStem{Channels: n} }},
	{"resnet-d", false, func(n int) Stem { return ResNetDStem{Channels: n} }},
	{"patchify", false, func(n int) Stem { return PatchifyStem{Channels: n} }},
	{"plain", false, func(n int) Stem { return PlainStem{Channels: n} }},
	{"leaky", false, func(n int) Stem { return DarknetStem{Channels: n} }},
	{"inception", true, func(int) Stem { return InceptionStem{Small: true} }},
	{"inception-valid", true, func(int) Stem { return InceptionStem{} }},
	{"whiten", true, func(int) Stem { return WhitenStem{} }},
	{"squeeze3", true, func(int) Stem { return SqueezeStem{Kernel: 3} }},
	{"squeeze7", true, func(int) Stem { return SqueezeStem{Kernel: 7} }},
	{"none", true, func(int) Stem { return NoStem{} }},
}

// heads makes each head with a number of its own, or 0, as stems, and those that drop out with their rate, or 0.
var heads = []struct {
	name     string
	fixed    bool
	dropsOut bool
	make     func(number int, dropout float64) Head
}{
	{"average", true, false, func(int, float64) Head { return PoolHead{Pool: Average} }},
	{"max", true, false, func(int, float64) Head { return PoolHead{Pool: Max} }},
	{"concat", true, false, func(int, float64) Head { return PoolHead{Pool: Concat} }},
	{"fastai", false, true, func(n int, rate float64) Head { return FastaiHead{Features: n, Dropout: rate} }},
	{"linear", false, false, func(n int, _ float64) Head { return LinearHead{Side: n} }},
	{"scaled", false, false, func(n int, _ float64) Head { return ScaledHead{Divisor: n} }},
	{"vgg", true, true, func(_ int, rate float64) Head { return VGGHead{Dropout: rate} }},
	{"conv", true, true, func(_ int, rate float64) Head { return ConvHead{Dropout: rate} }},
}

// stemByName is nil if there is no such stem.
func stemByName(word string) (Stem, error) {
	for _, s := range stems {
		n, ok, err := numberOf(word, s.name, s.fixed)
		switch {
		case err != nil:
			return nil, fmt.Errorf("stem %q: %w", word, err)
		case ok:
			return s.make(n), nil
		}
	}
	return nil, nil
}

// headByName is nil if there is no such head.
func headByName(word string) (Head, error) {
	for _, h := range heads {
		rest, percent, drops := word, "", false
		if h.dropsOut {
			rest, percent, drops = strings.Cut(word, "-d")
		}
		n, ok, err := numberOf(rest, h.name, h.fixed)
		if err != nil {
			return nil, fmt.Errorf("head %q: %w", word, err)
		}
		if !ok {
			continue
		}
		rate := 0.0
		if drops {
			if rate, err = dropoutOf(percent); err != nil {
				return nil, fmt.Errorf("head %q: %w", word, err)
			}
		}
		return h.make(n, rate), nil
	}
	return nil, nil
}

// dropoutOf reads the "20" of "fastai-d20".
func dropoutOf(percent string) (rate float64, err error) {
	whole, rest, _ := strings.Cut(percent, ".")
	rate, err = strconv.ParseFloat("0."+strings.Repeat("0", max(0, 2-len(whole)))+whole+rest, 64)
	switch {
	case err != nil || len(whole) > 2 || strings.Trim(whole+rest, "0123456789") != "" || whole+rest == "":
		return 0, fmt.Errorf("dropout %q is not percent from 0 to below 100, as in fastai-d20", percent)
	case rate == 0:
		return NoDropout, nil
	}
	return rate, nil
}

// numberOf is N of "name-N", and 0 of "name" itself. What follows may be another part's name: "resnet-d", or a backbone,
// "resnet-16x1".
func numberOf(word, name string, fixed bool) (n int, ok bool, err error) {
	if word == name {
		return 0, true, nil
	}
	digits, ok := strings.CutPrefix(word, name+"-")
	if !ok || fixed || name == "resnet" && (strings.Contains(digits, "x") || strings.HasPrefix(digits, "d")) {
		return 0, false, nil
	}
	n, err = positive(digits)
	return n, err == nil, err
}

// published are the backbones with a name of their own.
func published() []Backbone {
	var all []Backbone
	for _, r := range resNets {
		all = append(all, r.ResNet)
	}
	for _, r := range preActs {
		all = append(all, r.PreActResNet)
	}
	all = append(all, WideResNet{Factor: 6, Depth: 3})
	for _, d := range denseNets {
		all = append(all, d.DenseNet)
	}
	for _, v := range vggNets() {
		all = append(all, v)
	}
	for _, d := range darknets {
		all = append(all, d.Darknet)
	}
	return append(all, SqueezeNet{Late: true}, SqueezeNet{}, InceptionResNet{}, inceptionLite, ResNet9{},
		Airbench{Version: 94}, Airbench{Version: 95}, Airbench{Version: 96}, ShallowConvNet{})
}

// described reads the backbones that are described by numbers; each is nil if the word is not of its kind.
var described = []func(word string) (Backbone, error){describedResNet, describedWide, describedDense, describedDarknet,
	describedInception, describedVGG, describedShallow, describedResNet9, describedAirbench}

// backboneByName is nil if there is no such backbone.
func backboneByName(word string) (Backbone, error) {
	for _, b := range published() {
		if b.Name() == word {
			return b, nil
		}
	}
	for _, read := range described {
		if b, err := read(word); b != nil || err != nil {
			return b, err
		}
	}
	return nil, nil
}

// describedResNet reads "resnet-16x1-32x2", and "bottleneck-", "preact-" and "preact-bottleneck-" likewise; "-zero" may be
// behind the first two and behind "resnet18" and so on.
func describedResNet(word string) (Backbone, error) {
	rest, zero := strings.CutSuffix(word, zeroLast)
	for _, known := range resNets {
		if zero && known.name == rest {
			known.ZeroLast = true
			return known.ResNet, nil
		}
	}
	kind, stages, ok := strings.Cut(rest, "-")
	if !ok || kind != "resnet" && kind != "bottleneck" && kind != "preact" {
		return nil, nil
	}
	if zero && kind == "preact" {
		return nil, fmt.Errorf("backbone %q: no norm is last in blocks that begin with one: leave out %s", word, zeroLast)
	}
	narrow := kind == "bottleneck"
	if rest, ok := strings.CutPrefix(stages, "bottleneck-"); ok && kind == "preact" {
		stages, narrow = rest, true
	}
	var widths, depths []int
	for _, stage := range strings.Split(stages, "-") {
		numbers, err := timesOf(stage)
		if err != nil || len(numbers) != 2 {
			return nil, fmt.Errorf("backbone %q: stage %q is not WIDTHxDEPTH, as in %s-16x1-32x2", word, stage, kind)
		}
		widths, depths = append(widths, numbers[0]), append(depths, numbers[1])
	}
	if kind == "preact" {
		return PreActResNet{Widths: widths, Depths: depths, Bottleneck: narrow}, nil
	}
	return ResNet{Widths: widths, Depths: depths, Bottleneck: narrow, ZeroLast: zero}, nil
}

// describedWide reads "wrn-28-10".
func describedWide(word string) (Backbone, error) {
	rest, ok := strings.CutPrefix(word, "wrn-")
	if !ok {
		return nil, nil
	}
	l, k, _ := strings.Cut(rest, "-")
	layers, err := positive(l)
	factor, err2 := positive(k)
	if err != nil || err2 != nil || layers < 10 || layers%6 != 4 {
		return nil, fmt.Errorf("backbone %q is not wrn-LAYERS-FACTOR with 10, 16, 22, 28... layers, as in wrn-28-10", word)
	}
	return WideResNet{Factor: factor, Depth: (layers - 4) / 6}, nil
}

// describedDense reads "densenet-12-6x6x6".
func describedDense(word string) (Backbone, error) {
	rest, ok := strings.CutPrefix(word, "densenet-")
	if !ok {
		return nil, nil
	}
	g, blocks, _ := strings.Cut(rest, "-")
	growth, err := positive(g)
	numbers, err2 := timesOf(blocks)
	if err != nil || err2 != nil {
		return nil, fmt.Errorf("backbone %q is not densenet-GROWTH-LAYERSxLAYERS..., as in densenet-12-6x6x6", word)
	}
	return DenseNet{Growth: growth, Blocks: numbers}, nil
}

// describedDarknet reads "darknet-16-1x2x4" and "darknet-16-1x2x4-halve".
func describedDarknet(word string) (Backbone, error) {
	rest, ok := strings.CutPrefix(word, "darknet-")
	if !ok {
		return nil, nil
	}
	rest, halve := strings.CutSuffix(rest, "-halve")
	s, blocks, _ := strings.Cut(rest, "-")
	start, err := positive(s)
	numbers, err2 := timesOf(blocks)
	if err != nil || err2 != nil {
		return nil, fmt.Errorf("backbone %q is not darknet-CHANNELS-BLOCKSxBLOCKS..., as in darknet-16-1x2x4", word)
	}
	return Darknet{Start: start, Depths: numbers, Halve: halve}, nil
}

// describedInception reads "inception-resnet-50-5x10x5" and "inception-resnet-50-5x10x5-valid".
func describedInception(word string) (Backbone, error) {
	rest, ok := strings.CutPrefix(word, "inception-resnet-")
	if !ok {
		return nil, nil
	}
	rest, valid := strings.CutSuffix(rest, "-valid")
	p, blocks, _ := strings.Cut(rest, "-")
	percent, err := positive(p)
	n, err2 := timesOf(blocks)
	if err != nil || err2 != nil || len(n) != 3 {
		return nil, fmt.Errorf("backbone %q is not inception-resnet-PERCENT-AxBxC, as in inception-resnet-50-5x10x5", word)
	}
	return InceptionResNet{Percent: percent, A: n[0], B: n[1], C: n[2], Small: !valid}, nil
}

// describedVGG reads "vgg19-3" and "vgg19_bn-3".
func describedVGG(word string) (Backbone, error) {
	name, n, ok := strings.Cut(word, "-")
	if !ok {
		return nil, nil
	}
	for _, v := range vggNets() {
		if v.Name() != name {
			continue
		}
		blocks, err := positive(n)
		if err != nil || blocks > 5 {
			return nil, fmt.Errorf("backbone %q is not %s-BLOCKS with 1 to 5 blocks, as in %s-3", word, name, name)
		}
		v.Blocks = blocks % 5 // all five are the network itself
		return v, nil
	}
	return nil, nil
}

// describedShallow reads "shallow-16-32".
func describedShallow(word string) (Backbone, error) {
	rest, ok := strings.CutPrefix(word, "shallow-")
	if !ok {
		return nil, nil
	}
	widths, err := timesOf(strings.ReplaceAll(rest, "-", "x"))
	if err != nil {
		return nil, fmt.Errorf("backbone %q is not shallow-WIDTH-WIDTH..., as in shallow-16-32", word)
	}
	return ShallowConvNet{Widths: widths}, nil
}

// describedResNet9 reads "resnet9-32".
func describedResNet9(word string) (Backbone, error) {
	n, ok, err := numberOf(word, "resnet9", false)
	if err != nil {
		return nil, fmt.Errorf("backbone %q is not resnet9-CHANNELS, as in resnet9-32: %w", word, err)
	}
	if !ok {
		return nil, nil
	}
	return ResNet9{Start: n}, nil
}

// describedAirbench reads "airbench94-32" and "airbench95-64".
func describedAirbench(word string) (Backbone, error) {
	for _, version := range slices.Sorted(maps.Keys(airbenches)) {
		n, ok, err := numberOf(word, fmt.Sprintf("airbench%d", version), false)
		if err != nil {
			return nil, fmt.Errorf("backbone %q is not airbench%d-CHANNELS, as in airbench%d-32: %w", word, version, version, err)
		}
		if ok {
			return Airbench{Version: version, Start: n}, nil
		}
	}
	return nil, nil
}

// timesOf reads "6x6x6".
func timesOf(word string) ([]int, error) {
	var numbers []int
	for _, digits := range strings.Split(word, "x") {
		n, err := positive(digits)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

func positive(digits string) (int, error) {
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q is not a number of at least 1", digits)
	}
	return n, nil
}
