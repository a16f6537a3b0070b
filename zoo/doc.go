// Package zoo is networks made of parts that combine freely: a stem, a backbone and a head.
//
// A [Stem] turns pictures into features, a [Backbone] turns these into features of more and more channels at fewer and
// fewer places, and a [Head] makes logits of the last. Any stem fits any backbone under any head: what a part hands over
// is described by a [Shape], and a part that cannot take what it gets says so, by name and with the numbers, before
// anything is built:
//
//	m := zoo.Model{
//		Stem:     zoo.CIFARStem{},
//		Backbone: zoo.ResNet{Widths: []int{16, 32, 64}, Depths: []int{1, 1, 1}},
//		Head:     zoo.PoolHead{Pool: zoo.Concat},
//		Classes:  10,
//	}
//	err := m.Check(28, 28, 1)
//
// The same by name is ByName("cifar+resnet-16x1-32x1-64x1+concat", 10). A backbone's name alone is the network as it was
// published: "densenet121". Others of its kind are described by their numbers, "densenet-12-6x6x6", and so are bottleneck-,
// preact-, preact-bottleneck-, wrn-, vgg19-, darknet-, inception-resnet-, resnet9-, airbench94- and shallow-; [ByName] lists
// what the numbers are. Blocks can be used by themselves: [BasicBlock], [Bottleneck], [PreActBlock], [PreActBottleneck],
// [DenseLayer], [DenseTransition], [ConvNorm], [Factored], [InceptionA], [InceptionB], [InceptionC], [SqueezeExcite].
//
// Variables are named as in torchvision, where torchvision has the network: "/conv1/weight", "/layer1/0/bn1/bias",
// "/fc/weight", so that weights go to and from it by name; see [Model.TensorName]. They begin as where the network was
// published; docs/models.md has the distributions, and where they differ. [Model.Groups] cuts the layers for learning rates
// that differ by depth, where fastai does if it has the network; docs/models.md lists the places. [Count] counts parameters
// and multiplications of the graph that is really built, and [Pieces] part by part.
//
// [Model.Features] and [Model.Taps] are what stem and stages hand over; they need no head ("resnet18+none").
// [FeaturesByName] gives the published networks of which features are taken instead of classes, VGG and SqueezeNet, cut open
// at named layers: [FeatureNet].
//
// Pictures are [N H W C]. Functions that take nodes panic, as GoMLX's do, with messages that begin with "zoo:";
// model.Exec returns that as an error. Everything else returns errors.
package zoo
