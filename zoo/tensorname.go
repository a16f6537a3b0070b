package zoo

import (
	"regexp"
	"slices"
	"strings"
)

// TensorName is what torchvision, or for Inception-ResNet-v2 timm, calls a variable of the published network:
// "layer1.0.conv1.weight" for the path "/layer1/0/conv1/weight".
func (m Model) TensorName(path string) string {
	name := plainName(path)
	if b, ok := m.Backbone.(interface{ tensorName(plain string) string }); ok {
		return b.tensorName(name)
	}
	return name
}

// plainName is a path with dots for slashes.
func plainName(path string) string {
	return strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", ".")
}

// denseLayerPart is what torchvision's files of before 2018, which are those that are still published, write with a dot:
// "denselayer1.norm.1.weight".
var denseLayerPart = regexp.MustCompile(`(denselayer\d+\.(?:norm|conv))(\d)\.`)

// TensorNames are all names that published files, and files of our own, have for a variable: [Model.TensorName] first.
func (m Model) TensorNames(path string) []string {
	names := []string{m.TensorName(path)}
	for _, n := range []string{plainName(path), denseLayerPart.ReplaceAllString(names[0], "$1.$2.")} {
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}
