package zoo

import (
	"cmp"
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// VGG is five blocks of 3x3 convolutions, each with pooling behind it (Simonyan and Zisserman, 2015). It needs no stem:
// [NoStem]. The same networks open at every relu are feature networks, see [FeaturesByName].
type VGG struct {
	Layers int  `json:"layers"` // 11, 13, 16 or 19; zero means 16
	Norm   bool `json:"norm"`   // batch norms behind the convolutions
	Blocks int  `json:"blocks"` // only the first so many; zero means all five
}

var _ Backbone = VGG{}

// vggDepths are the convolutions of each block.
var vggDepths = map[int][5]int{11: {1, 1, 2, 2, 2}, 13: {2, 2, 2, 2, 2}, 16: {2, 2, 3, 3, 3}, 19: {2, 2, 4, 4, 4}}

func vggNets() []VGG {
	var all []VGG
	for _, layers := range []int{11, 13, 16, 19} {
		all = append(all, VGG{Layers: layers}, VGG{Layers: layers, Norm: true})
	}
	return all
}

func (v VGG) layers() int {
	if v.Layers == 0 {
		return 16
	}
	return v.Layers
}

func (v VGG) blocks() int { return cmp.Or(v.Blocks, 5) }

// Name is "vgg16", "vgg16_bn" with norms, or "vgg16-3" for its first three blocks.
func (v VGG) Name() string {
	name := fmt.Sprintf("vgg%d", v.layers())
	if v.Norm {
		name += "_bn"
	}
	if v.blocks() < 5 {
		name += fmt.Sprintf("-%d", v.Blocks)
	}
	return name
}

func (v VGG) chain() chain {
	c := chained(0, vgg{blocks: vggDepths[v.layers()], norm: v.Norm}.modules(), "block%d")
	c.ends = c.ends[:v.blocks()]
	c.modules = c.modules[:c.ends[len(c.ends)-1]]
	return c
}

// Width is the first block's 64 channels.
func (VGG) Width() int { return 64 }

// Usual are no stem, and the three dense layers; behind some of the blocks the average.
func (v VGG) Usual() (Stem, Head) {
	if v.blocks() < 5 {
		return NoStem{}, PoolHead{}
	}
	return NoStem{}, VGGHead{}
}

// adapt gives torchvision's name "features/0" to the VGG's own first convolution alone: a SqueezeNet's stem has it too.
func (VGG) adapt(stem Stem) Stem {
	if s, ok := stem.(interface{ within(sequential string) Stem }); ok {
		return s.within("stem")
	}
	return stem
}

// Out is one shape for each block, behind its pooling.
func (v VGG) Out(in Shape) ([]Shape, error) {
	if err := v.check(); err != nil {
		return nil, err
	}
	return v.chain().out(in), nil
}

// check says which numbers there are not.
func (v VGG) check() error {
	if _, ok := vggDepths[v.layers()]; !ok {
		return fmt.Errorf("it has %d layers, want 11, 13, 16 or 19", v.Layers)
	}
	if v.blocks() < 1 || v.blocks() > 5 {
		return unknownNumber("Blocks", v.Blocks, "0 (5) to 5")
	}
	return nil
}

// Build makes "features/0" and so on, and features "block1" to "block5".
func (v VGG) Build(scope *model.Scope, x *graph.Node) []Feature { return v.chain().build(scope, x) }

// Groups cuts behind the third convolution of the third block, or its last, as fastai does with vgg16_bn; where there are
// only some of the blocks, behind half of them. A VGG that there is not has none.
func (v VGG) Groups() [][]string {
	if v.check() != nil {
		return nil
	}
	c := v.chain()
	if v.blocks() < 5 {
		return c.groups(c.half())
	}
	convolution := 2 // modules, with its relu
	if v.Norm {
		convolution++
	}
	return c.groups(c.ends[1] + convolution*min(3, vggDepths[v.layers()][2]))
}
