package zoo_test

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/zoo"
)

func TestNamesAreThoseOfTheParts(t *testing.T) {
	for name, want := range map[string]string{
		"resnet18":                                 "resnet+resnet18+average",
		"resnet34+concat":                          "resnet+resnet34+concat",
		"cifar+resnet18":                           "cifar+resnet18+average",
		"cifar-32+resnet18+max":                    "cifar-32+resnet18+max",
		"resnet-16+resnet-16x1-32x2+average":       "resnet-16+resnet-16x1-32x2+average",
		"resnet-64x2-128x2-256x2-512x2":            "resnet+resnet18+average",
		"resnet-64x2-128x2-256x2":                  "resnet+resnet-64x2-128x2-256x2+average",
		"resnet50-zero":                            "resnet+resnet50-zero+average",
		"cifar+resnet-16x1-32x2-zero+max":          "cifar+resnet-16x1-32x2-zero+max",
		"bottleneck-16x1-zero":                     "resnet+bottleneck-16x1-zero+average",
		"bottleneck-64x3-128x4-256x6-512x3-zero":   "resnet+resnet50-zero+average",
		"resnet-d+bottleneck-8x1+fastai":           "resnet-d+bottleneck-8x1+fastai",
		"resnet-d-24+preact-8x1+fastai-9":          "resnet-d-24+preact-8x1+fastai-9",
		"wrn-22-6":                                 "plain+wrn_22+average",
		"wrn-28-10":                                "plain+wrn-28-10+average",
		"densenet-12-6x6x6":                        "resnet+densenet-12-6x6x6+average",
		"densenet-48-6x12x36x24":                   "resnet+densenet161+average",
		"vgg13_bn":                                 "none+vgg13_bn+vgg",
		"vgg19-3+concat":                           "none+vgg19-3+concat",
		"vgg16_bn-1":                               "none+vgg16_bn-1+average",
		"vgg11-5":                                  "none+vgg11+vgg",
		"preact-bottleneck-8x1-16x2":               "plain+preact-bottleneck-8x1-16x2+average",
		"preact-bottleneck-64x3-128x4-256x6-512x3": "plain+preact50+average",
		"squeezenet1_0":                            "squeeze7+squeezenet1_0+conv",
		"darknet-16-1x2":                           "leaky+darknet-16-1x2+average",
		"darknet-32-1x2x8x8x4-halve":               "leaky+darknet53+average",
		"inception-resnet-v2":                      "inception-valid+inception-resnet-v2+average",
		"inception+inception-resnet-25-2x3x1":      "inception+inception-resnet-lite+average",
		"inception-resnet-25-2x3x1-valid":          "inception-valid+inception-resnet-25-2x3x1-valid+average",
		"inception+densenet121+concat":             "inception+densenet121+concat",
		"resnet9-32":                               "cifar+resnet9-32+scaled",
		"airbench94-32":                            "whiten+airbench94-32+scaled-9",
		"resnet18+none":                            "resnet+resnet18+none",
		"none+vgg13+none":                          "none+vgg13+none",
		"airbench95":                               "whiten+airbench95+scaled-9",
		"airbench95-64":                            "whiten+airbench95-64+scaled-9",
		"airbench96":                               "whiten+airbench96+scaled-9",
		"airbench96-16":                            "whiten+airbench96-16+scaled-9",
		"shallow-16-32+fastai":                     "cifar+shallow-16-32+fastai",
		"factored+squeezenet1_1+linear-3":          "factored+squeezenet1_1+linear-3",
	} {
		m := byName(t, name, 10)
		if m.Name() != want {
			t.Errorf("%s is named %s, want %s", name, m.Name(), want)
		}
		if again := byName(t, m.Name(), 10); !reflect.DeepEqual(again, m) {
			t.Errorf("%s by its own name is %+v, want %+v", name, again, m)
		}
	}
}

func TestEveryPartCombines(t *testing.T) {
	for _, s := range zoo.Stems() {
		for _, b := range append(zoo.Backbones(), "resnet-8x1-12x1") {
			for _, h := range zoo.Heads() {
				name := s + "+" + b + "+" + h
				m := byName(t, name, 3)
				if m.Name() != name {
					t.Errorf("%s is named %s", name, m.Name())
				}
				if err := m.Check(320, 352, 5); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
}

// What one part calls its variables is no other part's.
func TestEveryPartBuilds(t *testing.T) {
	heads := zoo.Heads()
	for _, s := range zoo.Stems() {
		for i, b := range append(zoo.Backbones(), "resnet-8x1-12x1") {
			name := s + "+" + b + "+" + heads[i%len(heads)]
			checkGroups(t, name, byName(t, name, 3))
		}
	}
	for _, h := range heads {
		for _, b := range []string{"cifar+resnet-8x1", "vgg11", "squeezenet1_1", "densenet-4-1x1", "inception-resnet-lite", "airbench94"} {
			checkGroups(t, b+"+"+h, byName(t, b+"+"+h, 3))
		}
	}
}

func TestDropoutOfHeads(t *testing.T) {
	for name, want := range map[string]zoo.Head{
		"fastai-d0":      zoo.FastaiHead{Dropout: zoo.NoDropout},
		"fastai-256-d20": zoo.FastaiHead{Features: 256, Dropout: 0.2},
		"vgg-d12.5":      zoo.VGGHead{Dropout: 0.125},
		"conv-d0":        zoo.ConvHead{Dropout: zoo.NoDropout},
	} {
		if m := byName(t, "resnet18+"+name, 3); m.Head != want || m.Head.Name() != name {
			t.Errorf("%s is %+v, named %s", name, m.Head, m.Head.Name())
		}
	}
	for _, rate := range []float64{1.0 / 3, 1.0 / 12, 0.123, 0.0512345, 0.9999999, 0.29, 0.57, 0.07} {
		h := zoo.FastaiHead{Dropout: rate}
		if m := byName(t, "resnet18+"+h.Name(), 3); m.Head != h {
			t.Errorf("%v is named %s, which is %+v", rate, h.Name(), m.Head)
		}
	}
	if n := (zoo.ConvHead{Dropout: 0.5}).Name(); n != "conv" {
		t.Errorf("the usual rate is named %s", n)
	}
}

// docs/models.md has every stem and every head, and names of backbones that are described.
func TestPartsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/models.md")
	if err != nil {
		t.Fatal(err)
	}
	described := []string{
		"resnet-64x2-128x2", "bottleneck-64x3-128x4", "resnet50-zero", "preact-64x2-128x2", "preact-bottleneck-64x3", "wrn-28-10",
		"densenet-12-6x6x6", "vgg19-3", "vgg16_bn-2", "darknet-16-1x2x4", "darknet-16-1x2x4-halve", "inception-resnet-50-5x10x5",
		"inception-resnet-50-5x10x5-valid", "resnet9-32", "airbench94-32", "airbench95-32", "airbench96-32", "shallow-16-32",
	}
	for _, name := range described {
		if got := byName(t, name, 2).Backbone.Name(); got != name {
			t.Errorf("%s is named %s", name, got)
		}
	}
	for _, name := range slices.Concat(zoo.Stems(), zoo.Heads(), described, []string{"fastai-256-d20"}) {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("docs/models.md lacks %s", name)
		}
	}
}

func TestZeroBackboneIsResNet18(t *testing.T) {
	if n := (zoo.ResNet{}).Name(); n != "resnet18" {
		t.Errorf("it is %s", n)
	}
	if n := (zoo.ResNet{Widths: []int{8, 9}}).Name(); n != "resnet-8x2-9x2" {
		t.Errorf("two blocks in each stage are %s", n)
	}
	if !slices.Contains(zoo.Backbones(), "resnet18") {
		t.Error("resnet18 is not listed")
	}
}

// Stages without widths have 64 channels and then twice as many each; as many as there are depths, or four.
func TestUsualWidths(t *testing.T) {
	for want, b := range map[string]zoo.Backbone{
		"resnet-64x1-128x1-256x1":                   zoo.ResNet{Depths: []int{1, 1, 1}},
		"resnet-64x1-128x1-256x1-512x1-1024x3":      zoo.ResNet{Depths: []int{1, 1, 1, 1, 3}},
		"resnet34":                                  zoo.ResNet{Depths: []int{3, 4, 6, 3}},
		"resnet18":                                  zoo.ResNet{},
		"preact-64x1-128x1-256x1":                   zoo.PreActResNet{Depths: []int{1, 1, 1}},
		"preact-bottleneck-64x3":                    zoo.PreActResNet{Depths: []int{3}, Bottleneck: true},
		"preact18":                                  zoo.PreActResNet{},
		"resnet-64x1-128x1-256x1-512x1-1024x1-zero": zoo.ResNet{Depths: []int{1, 1, 1, 1, 1}, ZeroLast: true},
	} {
		if got := b.Name(); got != want {
			t.Errorf("%s is named %s", want, got)
		}
		m := zoo.Model{Stem: zoo.CIFARStem{}, Backbone: b, Head: zoo.PoolHead{}, Classes: 2}
		if err := m.Check(32, 32, 1); err != nil {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestUnknownNames(t *testing.T) {
	for name, want := range map[string][]string{
		"":                       {`unknown backbone ""`, "resnet18, resnet34"},
		"resnet81":               {`unknown backbone "resnet81"; did you mean "resnet18"?`},
		"cifr+resnet18":          {`unknown part "cifr"; did you mean "cifar"?`},
		"cifar":                  {`"cifar" is a stem: stems come first, as in cifar+resnet18`},
		"cifar+none":             {`there is no backbone before the head "none"`},
		"concat+resnet18":        {`"concat" is a head: heads come last, as in resnet18+concat`},
		"cifar+fastai-8+vgg11":   {`"fastai-8" is a head: heads come last, as in resnet18+fastai-8`},
		"cifar+concat":           {`there is no backbone before the head "concat"; there are resnet18, `},
		"resnet18+avrage":        {`unknown head "avrage"; did you mean "average"?`},
		"resnet18+cifar":         {`"cifar" is a stem: stems come first, as in cifar+resnet18`},
		"max+cifar-8+resnet18":   {`"max" is a head: heads come last`},
		"cifar+cifar+resnet18":   {`"cifar" is a second stem`},
		"resnet18+resnet34+max":  {`"resnet34" is a second backbone`},
		"cifar+vgg11+wrn-16-2":   {`"wrn-16-2" is a second backbone`},
		"resnet18+max+max":       {`"max" is a second head`},
		"resnet18+max+none":      {`"none" is no head, and there is another`, "as in resnet18+none"},
		"resnet18+none+max":      {`"none" is no head, and there is another`},
		"preact-8x1-zero":        {`backbone "preact-8x1-zero": no norm is last`, "leave out -zero"},
		"resnet-16x1-zer":        {`stage "zer" is not WIDTHxDEPTH`},
		"resnet19-zero":          {`unknown backbone "resnet19-zero"`},
		"a+b+c+d":                {"4 parts"},
		"cifar-0+resnet18":       {`stem "cifar-0"`, "at least 1"},
		"cifar-x+resnet18":       {`stem "cifar-x"`, "at least 1"},
		"resnet-1x999999999":     {`999999999 is too large: numbers in names go up to 9999`},
		"cifar-10000+resnet18":   {`10000 is too large`},
		"RESNET19":               {`did you mean "resnet18"?`},
		"airbench94-x":           {`backbone "airbench94-x" is not airbench94-CHANNELS, as in airbench94-32: "x" is not a number`},
		"resnet18+nome":          {`unknown head "nome"; did you mean "none"?`},
		"resnet-16":              {`stage "16" is not WIDTHxDEPTH`},
		"resnet-16x0":            {`stage "16x0"`},
		"cifar+resnet-16x1-32":   {`backbone "resnet-16x1-32": stage "32"`},
		"bottleneck-16x":         {`stage "16x" is not WIDTHxDEPTH, as in bottleneck-`},
		"wrn-23-6":               {`"wrn-23-6" is not wrn-LAYERS-FACTOR`},
		"densenet-12":            {`"densenet-12" is not densenet-GROWTH`},
		"densenet-x-6x6":         {`is not densenet-GROWTH`},
		"resnet18+linear-0":      {`head "linear-0"`, "at least 1"},
		"vgg19-6":                {`backbone "vgg19-6" is not vgg19-BLOCKS with 1 to 5 blocks`},
		"vgg16_bn-x":             {`"vgg16_bn-x" is not vgg16_bn-BLOCKS`},
		"preact-bottleneck-8":    {`stage "8" is not WIDTHxDEPTH`},
		"densenet-121":           {`unknown backbone "densenet-121"; did you mean "densenet121"?`},
		"ResNet-50":              {`did you mean "resnet50"?`},
		"cifar+resnet-18+max":    {`did you mean "resnet18"?`},
		"resnet-50+concat":       {`"resnet-50" is a stem`, `did you mean "resnet50"?`},
		"resnet18+fastai-d100":   {`head "fastai-d100": dropout "100" is not percent`},
		"resnet18+fastai-d":      {`dropout "" is not percent`},
		"resnet18+conv-dx":       {`dropout "x" is not percent`},
		"resnet18+average-d20":   {`unknown head "average-d20"; did you mean "average"?`},
		"transformer+everything": {`unknown part "transformer"; there are`},
	} {
		_, err := zoo.ByName(name, 10)
		wantError(t, err, append(want, "zoo: model")...)
	}
	_, err := zoo.ByName("resnet18", 0)
	wantError(t, err, `"resnet18": 0 classes`)
}
