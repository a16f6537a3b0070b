// Package weights finds and reads the weights of published networks.
//
//	features, err := weights.LoadFeatures("vgg19.safetensors", "vgg19")
//	...
//	exec, err := model.NewExec(backend, features.Store, func(scope *model.Scope, x *graph.Node) []*graph.Node {
//		return features.Build(scope, x, []string{"relu1_1", "relu3_1"})
//	})
//
// # Files
//
// [Open] reads safetensors files and PyTorch's .pth files with torchvision's names, which are timm's too, whole or in part:
// a VGG-19 that ends behind its eighth convolution gives the layers to relu3_4. Kernels are transposed as they are read, and where weights were trained on
// pictures whose channels are blue, green and red, the first kernel is turned around. How pictures are to be prepared is
// taken from the file's metadata, "preprocess", and is torchvision's where they do not say.
package weights
