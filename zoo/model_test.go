package zoo_test

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/atelier-go/atelier/zoo"
)

// Parameters and multiplications of torchvision's networks, and those that follow from their parts. Published tables that are a
// little higher count more: timm's 9.31 G for darknet53 have two for each output of a batch norm.
func TestCounts(t *testing.T) {
	for _, c := range []struct {
		name             string
		classes, side    int
		parameters, macs int
	}{
		{"resnet18", 1000, 224, 11689512, 1814073344},
		{"resnet34", 1000, 224, 21797672, 3663761408},
		{"cifar+resnet18", 10, 32, 11173962, 555422720},
		{"cifar+resnet18", 10, 64, 11173962, 4*(555422720-5120) + 5120},
		{"resnet18", 200, 64, 11279112, (1814073344-512000)/49*4 + 512*200},
		{"cifar+resnet18+max", 10, 32, 11173962, 555422720},
		{"cifar+resnet18+concat", 10, 32, 11173962 + 5120, 555422720 + 5120},
		{"resnet50", 1000, 224, 25557032, 4089184256},
		{"resnet101", 1000, 224, 44549160, 7801405440},
		{"resnet152", 1000, 224, 60192808, 11513626624},
		{"densenet121", 1000, 224, 7978856, 2834161664},
		{"densenet161", 1000, 224, 28681000, 7727907072},
		{"densenet169", 1000, 224, 14149480, 3359843328},
		{"densenet201", 1000, 224, 20013928, 4291365888},
		{"vgg11", 1000, 224, 132863336, 7609090048},
		{"vgg16", 1000, 224, 138357544, 15470264320},
		{"vgg16_bn", 1000, 224, 138365992, 15470264320},
		{"vgg19", 1000, 224, 143667240, 19632062464},
		{"squeezenet1_0", 1000, 224, 1248424, 818924576},
		{"squeezenet1_1", 1000, 224, 1235496, 349151936},
		{"wrn_22", 10, 32, 9658458, 1384566528},
		{"inception-resnet-v2", 1000, 299, 55843464, 13155794016},
		{"darknet53", 1000, 256, 41609928, 9285115904},
		{"darknet", 10, 32, 31410922, 400926720},
		{"darknet-16-1x2x4x6x3", 10, 32, 7862138, 100455424},
		{"resnet9", 10, 32, 6573120, 379261952},
		{"airbench94", 10, 32, 24 + 13824 + 36864 + 2*64 + 147456 + 589824 + 2*256 + 2*589824 + 2*256 + 2560, 118147360},
		{"airbench95", 10, 32, 24 + 27648 + 147456 + 2*128 + 442368 + 1327104 + 2*384 + 2*1327104 + 2*384 + 3840, 301560864},
		{"airbench96", 10, 32, 24 + 27648 + 2*147456 + 3*128 + 442368 + 2*1327104 + 3*384 + 1769472 + 2*2359296 + 3*512 + 5120,
			276768 + 26569728*1 + 2*33177600 + 99532800 + 2*65028096 + 86704128 + 2*21233664 + 5120},
		{"shallow", 10, 32, 155500, 2121280},
		{"inception+resnet18", 10, 32, 11430922, 56587264},
		{"inception+resnet18+fastai", 10, 32, 11958794, 57111552},
		{"inception+densenet121", 10, 32, 7569738, 83497120},
		{"inception+densenet121+fastai", 10, 32, 8635114, 84556800},
		{"inception+densenet-12-6x6x6", 10, 32, 481202, 26642252},
		{"inception+densenet-12-6x6x6+fastai", 10, 32, 664990, 26823808},
		{"inception+resnet18", 200, 64, 11528392, 226430976},
		{"inception+densenet121", 200, 64, 7767528, 334154880},
		{"inception+densenet-12-6x6x6", 200, 64, 514452, 106596848},
		{"cifar-64+inception-resnet-lite", 10, 32, 978066, 205893376},
		{"cifar-64+inception-resnet-lite+fastai", 10, 32, 1375634, 206287872},
		{"resnet-d-64+inception-resnet-lite", 10, 32, 1004978, 20060416},
		{"inception+inception-resnet-lite", 10, 32, 1159122, 29890816},
		{"resnet-64+inception-resnet-lite", 200, 64, 1058896, 60740608},
		{"inception+inception-resnet-lite", 200, 64, 1232272, 119624704},
		{"resnet18+fastai", 10, 224, 11709514, 1814090752},
		{"resnet18+fastai", 2, 224, 11705410, 1814086656},
		{"cifar+resnet18+fastai", 10, 32, 11701834, 555947008},
		{"cifar-64+densenet121", 10, 32, 6956426, 888350720},
		{"cifar-64+densenet121+fastai", 10, 32, 8005514, 889394176},
		{"cifar-64+densenet-12-6x6x6", 10, 32, 205810, 92343692},
		{"cifar-64+densenet-12-6x6x6+fastai", 10, 32, 357022, 92492800},
		{"resnet-d-64+resnet18", 10, 32, 11200874, 41907200},
		{"resnet-d-64+densenet121", 10, 32, 6983338, 62720000},
		{"resnet-d-64+densenet-12-6x6x6", 10, 32, 232722, 12961292},
		{"resnet18", 200, 64, 11279112, 148148224},
		{"densenet121", 200, 64, 7158856, 231481344},
		{"resnet-64+densenet-12-6x6x6", 200, 64, 240660, 32305392},
	} {
		m := byName(t, c.name, c.classes)
		n, err := zoo.Count(testBackend(t), m, c.side, c.side, 3)
		if err != nil {
			t.Fatal(err)
		}
		if n.Parameters != c.parameters || n.MACs != c.macs {
			t.Errorf("%s at %d px has %d parameters and %d MACs, want %d and %d", c.name, c.side, n.Parameters, n.MACs, c.parameters, c.macs)
		}
	}
}

func TestCountsOfOneBlock(t *testing.T) {
	m := zoo.Model{Stem: zoo.CIFARStem{Channels: 2}, Backbone: zoo.ResNet{Widths: []int{3}, Depths: []int{1}}, Head: zoo.PoolHead{}, Classes: 5}
	n, err := zoo.Count(testBackend(t), m, 4, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := zoo.Counts{
		Parameters:  9*2 + 2*2 + (9*2*3 + 2*3 + 9*3*3 + 2*3 + 2*3 + 2*3) + (3*5 + 5),
		Buffers:     2*2 + 3*(2*3),
		MACs:        16*(9*2+9*2*3+9*3*3+2*3) + 15,
		Activations: 16*(2+3+3+3) + 5,
	}
	if n != want {
		t.Errorf("%+v, want %+v", n, want)
	}
	pieces, err := zoo.Pieces(testBackend(t), m, 4, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	stage := zoo.Piece{
		Name: "layer1", Part: "resnet-3x1", Groups: []int{0}, Layers: 3, Shape: zoo.Shape{H: 4, W: 4, C: 3, Stride: 1},
		Counts: zoo.Counts{
			Parameters: 9*2*3 + 2*3 + 9*3*3 + 2*3 + 2*3 + 2*3, Buffers: 3 * (2 * 3), MACs: 16 * (9*2*3 + 9*3*3 + 2*3), Activations: 16 * 9,
		},
	}
	head := zoo.Piece{Name: "head", Part: "average", Groups: []int{1}, Layers: 1, Shape: zoo.Shape{H: 1, W: 1, C: 5, Stride: 4},
		Counts: zoo.Counts{Parameters: 20, MACs: 15, Activations: 5}}
	if len(pieces) != 3 || pieces[0].Parameters != 22 || !reflect.DeepEqual(pieces[1:], []zoo.Piece{stage, head}) {
		t.Errorf("pieces %+v, want %+v and %+v", pieces, stage, head)
	}
}

// A stage that is cut is in both groups; a stem without variables is in the first.
func TestGroupsOfPieces(t *testing.T) {
	pieces, err := zoo.Pieces(testBackend(t), byName(t, "vgg19+average", 2), 32, 32, 3)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range pieces {
		got = append(got, fmt.Sprint(p.Name, p.Groups))
	}
	if want := "stem[0] block1[0] block2[0] block3[0 1] block4[1] block5[1] head[2]"; strings.Join(got, " ") != want {
		t.Errorf("groups %v, want %s", got, want)
	}
}

// What is kept and not trained: statistics of two norms in each of airbench94's stages, and filters that whiten.
func TestBuffers(t *testing.T) {
	n, err := zoo.Count(testBackend(t), byName(t, "airbench94", 10), 32, 32, 3)
	if err != nil {
		t.Fatal(err)
	}
	if want := 2*2*(64+256+256) + 2*2*3*24; n.Buffers != want {
		t.Errorf("%d buffers, want %d", n.Buffers, want)
	}
}

// What parts promise is what they build, at any size.
func TestShapesAreThoseBuilt(t *testing.T) {
	for _, name := range append(entries(false), zoo.Backbones()...) {
		m := byName(t, name, 7)
		// The heads with many weights have nothing to do with it.
		m.Head = zoo.PoolHead{}
		for _, size := range [][3]int{{32, 32, 3}, {16, 31, 1}, {33, 17, 4}, {21, 50, 2}, {75, 64, 3}, {101, 131, 1}} {
			want, err := m.Shapes(size[0], size[1], size[2])
			if err != nil && min(size[0], size[1]) < 100 {
				continue // it is too small
			}
			if err != nil {
				t.Fatal(err)
			}
			g, store := graph.NewGraph(testBackend(t), name), model.NewStore()
			features := m.Features(store.RootScope(), graph.Zeros(g, shapes.Make(dtypes.Float32, 2, size[0], size[1], size[2])))
			if len(features) != len(want) || features[0].Name != "stem" {
				t.Fatalf("%s: %d features, want %d: %v", name, len(features), len(want), features)
			}
			for i, f := range features {
				w := want[i]
				if !slices.Equal(f.X.Shape().Dimensions, []int{2, w.H, w.W, w.C}) {
					t.Errorf("%s of %v: %s is %s, want %v", name, size, f.Name, f.X.Shape(), w)
				}
				// Windows without padding lose a few places at the edges.
				if got := (size[0] + w.Stride - 1) / w.Stride; got < w.H || got > w.H+4 {
					t.Errorf("%s of %v: %s says stride %d, but has %d rows", name, size, f.Name, w.Stride, w.H)
				}
			}
			g.Finalize()
		}
	}
}

// entries are small networks of every family and every stem and head, and, if the test is not to be short, every network
// that has a name, as it was published.
func entries(combined bool) []string {
	all := []string{
		"cifar+resnet-4x1-6x2+average", "cifar+resnet-4x1-6x2+max", "resnet+resnet-4x1-6x1+concat",
		"factored+bottleneck-4x1-6x1+linear", "plain+preact-4x1-6x2+fastai-8", "plain+wrn-10-1+scaled-9",
		"patchify+densenet-4-2x2x2+average", "resnet-d+resnet-4x1+linear-3", "squeeze3+squeezenet1_1+conv",
		"squeeze7+resnet-4x1-6x1+average", "leaky+darknet-4-1x2+average", "inception+inception-resnet-5-1x1x1+average",
		"cifar+resnet9-4+scaled", "whiten+resnet-4x1-6x1+average", "airbench94", "airbench95-8", "airbench96-8", "cifar+shallow-4-6+average",
	}
	if !combined || testing.Short() {
		return all
	}
	for _, b := range zoo.Backbones() {
		if strings.HasPrefix(b, "vgg") { // one is enough of the heads with a hundred million weights
			b += "+average"
		}
		all = append(all, b)
	}
	return append(all, "vgg11_bn")
}

// Logits and gradients are finite, and every parameter has a gradient, at two sizes with the same weights.
func TestForwardAndBackward(t *testing.T) {
	for _, name := range entries(true) {
		m := byName(t, name, 3)
		sides := []int{16, 24}
		if m.Check(16, 16, 3) != nil {
			sides = []int{64, 72}
		}
		if m.Check(64, 64, 3) != nil {
			sides = []int{80, 96}
		}
		store := model.NewStore()
		if err := store.SetRNGStateFromSeed(1); err != nil {
			t.Fatal(err)
		}
		exec, err := model.NewExec(testBackend(t), store, func(scope *model.Scope, x *graph.Node) []*graph.Node {
			scope.Store().SetTraining(x.Graph(), true)
			y := m.Forward(scope, x)
			out := []*graph.Node{y}
			loss := graph.ReduceAllSum(graph.Mul(y, graph.Sin(graph.IotaFull(y.Graph(), y.Shape()))))
			return append(out, scope.BuildTrainableVariablesGradientsGraph(loss)...)
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, side := range sides {
			outs, err := exec.Exec(pictures(2, side, 3))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(outs[0].Shape().Dimensions, []int{2, 3}) {
				t.Errorf("%s: logits %s, want [2 3]", name, outs[0].Shape())
			}
			for i, o := range outs {
				some := false
				for _, v := range flat(t, o) {
					some = some || v != 0
					if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
						t.Fatalf("%s at %d px: result %d has %v", name, side, i, v)
					}
				}
				if !some {
					t.Errorf("%s at %d px: result %d is all zeros", name, side, i)
				}
			}
		}
	}
}

// pictures are n pictures of side by side pixels in three channels, not random but not smooth either.
func pictures(n, side, c int) *tensors.Tensor {
	values := make([]float32, n*side*side*c)
	for i := range values {
		values[i] = float32(math.Sin(float64(i)*0.7) + math.Cos(float64(i*i)*0.013))
	}
	return tensors.FromFlatDataAndDimensions(values, n, side, side, c)
}

func flat(t *testing.T, x *tensors.Tensor) []float32 {
	t.Helper()
	var values []float32
	if err := tensors.ConstFlatData(x, func(v []float32) { values = slices.Clone(v) }); err != nil {
		t.Fatal(err)
	}
	return values
}

// Blocks that begin as the identity hand on what a stem gave, where the shape stays.
func TestZeroLastBeginsAsTheIdentity(t *testing.T) {
	for _, zero := range []bool{true, false} {
		store := model.NewStore()
		exec, err := model.NewExec(testBackend(t), store, func(scope *model.Scope, x *graph.Node) *graph.Node {
			return graph.ReduceAllSum(graph.Abs(graph.Sub(zoo.BasicBlock{Channels: 3, ZeroLast: zero}.Layer(scope, x), graph.Max(x, graph.ZerosLike(x)))))
		})
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Exec(pictures(1, 5, 3))
		if err != nil {
			t.Fatal(err)
		}
		if v := flat(t, out[0])[0]; (v == 0) != zero {
			t.Errorf("ZeroLast %v: the block differs from the identity by %v", zero, v)
		}
	}
}

// Without a head there are features, by name too, counts and groups.
func TestWithoutHead(t *testing.T) {
	m := byName(t, "cifar+resnet-4x1-6x1+none", 5)
	m.Classes = 0
	store := model.NewStore()
	exec, err := model.NewExec(testBackend(t), store, func(scope *model.Scope, x *graph.Node) []*graph.Node {
		return m.Taps(scope, x, []string{"layer2", "stem"})
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Exec(pictures(1, 8, 3))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]int{{1, 4, 4, 6}, {1, 8, 8, 4}} {
		if got := out[i].Shape().Dimensions; !slices.Equal(got, want) {
			t.Errorf("feature %d is %v, want %v", i, got, want)
		}
	}
	pieces, err := zoo.Pieces(testBackend(t), m, 8, 8, 3)
	if err != nil || len(pieces) != 3 || pieces[2].Name != "layer2" {
		t.Errorf("pieces %v, %v", pieces, err)
	}
	if got, want := fmt.Sprint(m.Groups()), "[[/conv1 /bn1 /layer1] [/layer2]]"; got != want {
		t.Errorf("groups %s, want %s", got, want)
	}
	err = exceptions.TryCatch[error](func() {
		g := graph.NewGraph(testBackend(t), "taps")
		defer g.Finalize()
		m.Taps(model.NewStore().RootScope(), graph.Zeros(g, shapes.Make(dtypes.Float32, 1, 8, 8, 3)), []string{"layer3"})
	})
	wantError(t, err, `unknown feature "layer3"; did you mean "layer1"?`)
}

// Every variable is in exactly one layer group, and the groups are fastai's.
func TestGroups(t *testing.T) {
	for name, want := range map[string]string{
		"cifar+resnet18":      "[[/conv1 /bn1 /layer1 /layer2] [/layer3 /layer4] [/fc]]",
		"resnet-4x1-4x1-4x1":  "[[/conv1 /bn1 /layer1] [/layer2 /layer3] [/fc]]",
		"resnet-4x1-4x1+max":  "[[/conv1 /bn1 /layer1] [/layer2] [/fc]]",
		"cifar+resnet-4x1":    "[[/conv1 /bn1 /layer1] [/fc]]",
		"cifar-5+resnet-4x12": "[[/conv1 /bn1 /layer1] [/fc]]",
		"vgg16_bn": "[[/features/0 /features/1 /features/3 /features/4 /features/7 /features/8 /features/10 /features/11 " +
			"/features/14 /features/15 /features/17 /features/18 /features/20 /features/21] " +
			"[/features/24 /features/25 /features/27 /features/28 /features/30 /features/31 /features/34 /features/35 " +
			"/features/37 /features/38 /features/40 /features/41] [/classifier]]",
		"vgg19-3+max": "[[/features/0 /features/2] [/features/5 /features/7 /features/10 /features/12 /features/14 /features/16] [/fc]]",
		"densenet121": "[[/conv1 /bn1 /features/denseblock1 /features/denseblock2 /features/transition1] " +
			"[/features/denseblock3 /features/denseblock4 /features/transition2 /features/transition3 /features/norm5] [/fc]]",
		"inception-resnet-v2": "[[/conv2d_1a /conv2d_2a /conv2d_2b /conv2d_3b /conv2d_4a /mixed_5b /repeat] " +
			"[/mixed_6a /repeat_1 /mixed_7a /repeat_2 /block8 /conv2d_7b] [/fc]]",
		"squeezenet1_1": "[[/features/0 /features/3 /features/4] " +
			"[/features/6 /features/7 /features/9 /features/10 /features/11 /features/12] [/classifier]]",
	} {
		m := byName(t, name, 2)
		if got := fmt.Sprint(m.Groups()); got != want {
			t.Errorf("%s has groups %s, want %s", name, got, want)
		}
		if got := fmt.Sprint(m.Groups()); got != want {
			t.Errorf("%s has groups %s when asked again", name, got)
		}
		checkGroups(t, name, m)
	}
	for _, name := range append(entries(false), zoo.Backbones()...) {
		checkGroups(t, name, byName(t, name, 2))
	}
}

// Groups of models that Check refuses are those of the parts that there are.
func TestGroupsOfRefusedModels(t *testing.T) {
	for _, c := range []struct {
		m    zoo.Model
		want string
	}{
		{zoo.Model{}, "[]"},
		{zoo.Model{Stem: zoo.NoStem{}, Backbone: zoo.VGG{Layers: 12}, Head: zoo.PoolHead{}}, "[[/fc]]"},
		{zoo.Model{Stem: zoo.NoStem{}, Backbone: zoo.VGG{Blocks: 6}}, "[]"},
		{zoo.Model{Stem: zoo.CIFARStem{}, Backbone: zoo.VGG{Blocks: -1}}, "[[/conv1 /bn1]]"},
		{zoo.Model{Stem: zoo.CIFARStem{}, Head: zoo.PoolHead{}}, "[[/conv1 /bn1] [/fc]]"},
		{zoo.Model{Backbone: zoo.ResNet{Widths: []int{8, 8}, Depths: []int{1}}}, "[[/layer1] [/layer2]]"},
	} {
		if got := fmt.Sprint(c.m.Groups()); got != c.want {
			t.Errorf("%s has groups %s, want %s", c.m.Name(), got, c.want)
		}
		if c.m.Check(32, 32, 3) == nil {
			t.Errorf("%s is not refused", c.m.Name())
		}
	}
}

// Pointers to parts are the parts.
func TestPointersToParts(t *testing.T) {
	m := zoo.Model{Stem: &zoo.WhitenStem{}, Backbone: &zoo.Airbench{Start: 8}, Head: &zoo.ScaledHead{Divisor: 9}, Classes: 2}
	prepare := m.Prepare()
	if prepare == nil {
		t.Fatal("there is nothing to prepare")
	}
	g, store := graph.NewGraph(testBackend(t), "pointers"), model.NewStore()
	defer g.Finalize()
	m.Forward(store.RootScope(), graph.Zeros(g, shapes.Make(dtypes.Float32, 1, 16, 16, 3)))
	if err := prepare(store, pictures(2, 9, 3)); err != nil {
		t.Fatal(err)
	}
	want, err := zoo.WhiteningFilters(pictures(2, 9, 3))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := store.GetVariable("/whiten/weight").Value(); err != nil || !got.Equal(want) {
		t.Errorf("the filters do not whiten, %v", err)
	}

	checkGroups(t, "pointers", zoo.Model{Stem: &zoo.SqueezeStem{}, Backbone: &zoo.VGG{}, Head: &zoo.PoolHead{}, Classes: 2})
	for _, c := range []struct {
		b    zoo.Backbone
		want string
	}{{&zoo.DenseNet{}, "classifier.weight"}, {&zoo.InceptionResNet{}, "classif.weight"}, {&zoo.ResNet{}, "fc.weight"}} {
		if got := (zoo.Model{Stem: zoo.CIFARStem{}, Backbone: c.b}).TensorName("/fc/weight"); got != c.want {
			t.Errorf("%s calls its dense layer %s, want %s", c.b.Name(), got, c.want)
		}
	}
}

// checkGroups wants every variable in one group, and no group without.
func checkGroups(t *testing.T, name string, m zoo.Model) {
	t.Helper()
	g, store := graph.NewGraph(testBackend(t), name), model.NewStore()
	defer g.Finalize()
	m.Forward(store.RootScope(), graph.Zeros(g, shapes.Make(dtypes.Float32, 1, 320, 320, 3)))
	sizes := make([]int, len(m.Groups()))
	for v := range store.IterVariables() {
		in := 0
		for k, paths := range m.Groups() {
			for _, p := range paths {
				if strings.HasPrefix(v.Path(), p+"/") {
					in++
					sizes[k]++
				}
			}
		}
		if v.DType().IsFloat() && in != 1 {
			t.Errorf("%s: %s is in %d groups", name, v.Path(), in)
		}
	}
	if slices.Contains(sizes, 0) {
		t.Errorf("%s: groups of %v variables", name, sizes)
	}
}

func TestPartsThatDoNotFit(t *testing.T) {
	small := zoo.Model{Stem: zoo.CIFARStem{}, Backbone: zoo.ResNet{}, Head: zoo.PoolHead{}, Classes: 10}
	for _, c := range []struct {
		change  func(m *zoo.Model)
		h, w, c int
		want    string
	}{
		{func(m *zoo.Model) {}, 32, 7, 3, "zoo: cifar+resnet18+average: backbone resnet18: pictures of 32x7x3: they are smaller than the network's stride of 8 pixels"},
		{func(m *zoo.Model) { m.Stem = zoo.ResNetStem{} }, 31, 32, 3, "stride of 32 pixels"},
		{func(m *zoo.Model) {}, 0, 32, 3, "input: pictures of 0x32x3"},
		{func(m *zoo.Model) {}, 32, 32, 0, "one channel"},
		{func(m *zoo.Model) { m.Classes = 0 }, 32, 32, 3, "Classes is 0"},
		{func(m *zoo.Model) { m.Head = nil }, 32, 32, 3, "zoo: cifar+resnet18+none: a model needs a head to tell classes apart; there are average,"},
		{func(m *zoo.Model) { m.Stem = zoo.CIFARStem{Channels: -1} }, 32, 32, 3, "stem cifar--1: pictures of 32x32x3: it has -1 channels"},
		{func(m *zoo.Model) { m.Stem = zoo.ResNetStem{Channels: -1} }, 32, 32, 3, "it has -1 channels"},
		{func(m *zoo.Model) { m.Backbone = zoo.ResNet{Widths: []int{8, 16}, Depths: []int{1}} }, 32, 32, 3, "backbone resnet-8x1-16x0: pictures of 32x32x3: 2 Widths and 1 Depths"},
		{func(m *zoo.Model) { m.Backbone = zoo.ResNet{Widths: []int{8, 0}} }, 32, 32, 3, "stage 2 has width 0 and depth 2"},
		{func(m *zoo.Model) { m.Head = zoo.LinearHead{Side: 99999} }, 32, 32, 3, "head linear-99999: pictures of 32x32x3: Side is 99999, want 0 (2) to 64"},
		{func(m *zoo.Model) { m.Head = zoo.PoolHead{Pool: 9} }, 32, 32, 3, "head GlobalPool(9): pictures of 32x32x3: zoo: unknown pooling 9"},
	} {
		m := small
		c.change(&m)
		wantError(t, m.Check(c.h, c.w, c.c), c.want)
		if c.h*c.w*c.c == 0 {
			continue
		}
		exec, err := model.NewExec(testBackend(t), model.NewStore(), m.Forward)
		if err != nil {
			t.Fatal(err)
		}
		_, err = exec.Exec(tensors.FromShape(shapes.Make(dtypes.Float32, 1, c.h, c.w, c.c)))
		wantError(t, err, c.want)
		if m.Head == nil {
			continue // the rest of it can be counted
		}
		_, err = zoo.Count(testBackend(t), m, c.h, c.w, c.c)
		wantError(t, err, c.want)
	}
	exec, err := model.NewExec(testBackend(t), model.NewStore(), small.Forward)
	if err != nil {
		t.Fatal(err)
	}
	_, err = exec.Exec(tensors.FromShape(shapes.Make(dtypes.Float32, 32, 32)))
	wantError(t, err, "rank 2, want 4 [N H W C]")
}
