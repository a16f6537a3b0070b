package weights

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/atelier-go/atelier/nearest"
	"github.com/atelier-go/atelier/zoo"
)

// Known is a published file of weights.
type Known struct {
	Name    string // of the entry: "vgg19"
	Network string // one of zoo.FeatureNames
	URL     string
	// SHA256 is the file's hash, in hexadecimal: all 64 digits, or where no more are published the first 8, which PyTorch
	// puts into the name.
	SHA256  string
	Bytes   int64 // of the file; 0 where that is not published
	Licence string
	Note    string // where the weights are from, and what is special about them

	preprocess preprocess
}

const (
	byTorchvision = "trained by torchvision"
	byOxford      = "the original (Simonyan and Zisserman, 2015), said to paint with more vivid colours"
	bsd           = "BSD-3-Clause"
	ccBy          = "CC-BY-4.0"
	torchURL      = "https://download.pytorch.org/models/"
	timmURL       = "https://huggingface.co/timm/%s.tv_in1k/resolve/main/model.safetensors"
)

// known is the table. Of several entries for a network the first that is installed is used.
var known = []Known{
	{
		Name: "vgg19", Network: "vgg19", URL: fmt.Sprintf(timmURL, "vgg19"), Licence: bsd, Note: byTorchvision,
		SHA256: "11aea017b543ff59233749d8f1cf544cda749378f5790d2fedab841fb86b7669", preprocess: torchvision,
	},
	{
		Name: "vgg16", Network: "vgg16", URL: fmt.Sprintf(timmURL, "vgg16"), Licence: bsd, Note: byTorchvision,
		SHA256: "57b026918159a6bf9faf8405c3a551903768e7138989d9c6224a14227203fad8", preprocess: torchvision,
	},
	{
		Name: "vgg19-pth", Network: "vgg19", URL: torchURL + "vgg19-dcbb9e9d.pth", Licence: bsd, Note: byTorchvision,
		SHA256: "dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44", Bytes: 574673361, preprocess: torchvision,
	},
	{
		Name: "vgg16-pth", Network: "vgg16", URL: torchURL + "vgg16-397923af.pth", Licence: bsd, Note: byTorchvision,
		SHA256: "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0", Bytes: 553433881, preprocess: torchvision,
	},
	{
		Name: "vgg19_bn", Network: "vgg19_bn", URL: torchURL + "vgg19_bn-c79401a0.pth", Licence: bsd, Note: byTorchvision,
		SHA256: "c79401a0cf3cb42714e4182f5868c7a6f4f4534f5df9e956e2bb2098de41cbb6", Bytes: 574769405, preprocess: torchvision,
	},
	{
		Name: "vgg16_bn", Network: "vgg16_bn", URL: torchURL + "vgg16_bn-6c64b313.pth", Licence: bsd, Note: byTorchvision,
		SHA256: "6c64b3138f2f4fcb3bcc4cafde11619c4f440eb1631787e93a682fd88305888a", Bytes: 553507836, preprocess: torchvision,
	},
	{
		Name: "squeezenet1_1", Network: "squeezenet1_1", URL: torchURL + "squeezenet1_1-b8a52dc0.pth", Licence: bsd, Note: byTorchvision,
		SHA256: "b8a52dc049b60e4b6ab68ad0df457362afab8b6304b2febdc1650a5dab4d7e7b", Bytes: 4958839, preprocess: torchvision,
	},
	{
		Name: "squeezenet1_0", Network: "squeezenet1_0", URL: torchURL + "squeezenet1_0-b66bff10.pth", Licence: bsd, Note: byTorchvision,
		SHA256: "b66bff10", preprocess: torchvision,
	},
	{
		Name: "vgg16-oxford", Network: "vgg16", URL: torchURL + "vgg16_features-amdegroot-88682ab5.pth", Licence: ccBy, Note: byOxford,
		SHA256: "88682ab5", preprocess: preprocess{Input: zoo.Input{
			Mean: [3]float64{0.48235, 0.45882, 0.40784}, Std: [3]float64{1. / 255, 1. / 255, 1. / 255},
		}},
	},
	{
		Name: "vgg19-oxford", Network: "vgg19", URL: "https://web.eecs.umich.edu/~justincj/models/vgg19-d01eb7cb.pth", Licence: ccBy, Note: byOxford,
		SHA256: "d01eb7cb", preprocess: caffe,
	},
}

// All is the table of known weights. Of several for a network the first that is installed is used.
func All() []Known { return slices.Clone(known) }

// Find is the entry of that name.
func Find(name string) (Known, error) {
	var names []string
	for _, k := range known {
		if k.Name == name {
			return k, nil
		}
		names = append(names, k.Name)
	}
	if best, near := nearest.Name(name, names); near {
		return Known{}, fmt.Errorf("weights: there is no entry %q: did you mean %q? There are %s", name, best, strings.Join(names, ", "))
	}
	return Known{}, fmt.Errorf("weights: there is no entry %q; there are %s", name, strings.Join(names, ", "))
}

// matches tells whether a file's hash is the entry's.
func (k Known) matches(hash string) bool { return len(hash) == 64 && strings.HasPrefix(hash, k.SHA256) }

// format is the ending of the file's name, which says how it is written.
func (k Known) format() string { return path.Ext(k.URL) }

// partial tells whether the file can be fetched in part.
func (k Known) partial() bool { return k.format() == ".safetensors" }

// ofHash is the entry of a file with that hash.
func ofHash(hash string) (Known, bool) {
	for _, k := range known {
		if k.matches(hash) {
			return k, true
		}
	}
	return Known{}, false
}
