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
// taken from the file's metadata, "preprocess", where they do not say from the table of known weights, and else is
// torchvision's.
//
// # Known weights
//
// [All] is a table of published files with their hashes and licences, and a [Cache] is a folder of them. [Cache.Pull]
// downloads: it goes on where a download broke off, checks the hash, and of safetensors files fetches only the tensors that
// are needed, some 80 MB of VGG-19's 575. [Cache.Install] takes a file that was got otherwise. Nothing but Pull reaches for
// the network.
package weights
