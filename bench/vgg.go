package bench

// vggLayer is a convolution of VGG-19: 3×3, stride 1, padding 1. Scale is how often the picture was halved before.
type vggLayer struct {
	Name      string
	Cin, Cout int
	Scale     int
}

// vgg19 lists the convolutions of VGG-19 in order; a 2×2 max pooling stands wherever Scale grows.
// Simonyan and Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, 2015, column E.
var vgg19 = []vggLayer{
	{"conv1_1", 3, 64, 0}, {"conv1_2", 64, 64, 0},
	{"conv2_1", 64, 128, 1}, {"conv2_2", 128, 128, 1},
	{"conv3_1", 128, 256, 2}, {"conv3_2", 256, 256, 2}, {"conv3_3", 256, 256, 2}, {"conv3_4", 256, 256, 2},
	{"conv4_1", 256, 512, 3}, {"conv4_2", 512, 512, 3}, {"conv4_3", 512, 512, 3}, {"conv4_4", 512, 512, 3},
	{"conv5_1", 512, 512, 4}, {"conv5_2", 512, 512, 4}, {"conv5_3", 512, 512, 4}, {"conv5_4", 512, 512, 4},
}

// styleLayers is how many of them the style step uses: up to conv3_4.
const styleLayers = 8

// conv is the layer's convolution for one picture of size×size pixels.
func (l vggLayer) conv(size int) conv2D {
	return conv2D{N: 1, In: size >> l.Scale, Cin: l.Cin, Cout: l.Cout, K: 3, Stride: 1}
}

// vggShapes lists the layers whose convolutions differ at a size; layers that repeat an earlier shape are left out.
func vggShapes(size int) []vggLayer {
	var distinct []vggLayer
	seen := map[conv2D]bool{}
	for _, l := range vgg19 {
		if c := l.conv(size); !seen[c] {
			seen[c] = true
			distinct = append(distinct, l)
		}
	}
	return distinct
}
