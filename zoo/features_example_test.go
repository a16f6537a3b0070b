package zoo_test

import (
	"fmt"

	"github.com/atelier-go/atelier/zoo"
)

// The layers of a network's beginning, and how many places they have for a photo.
func ExampleFeaturesByName() {
	net, err := zoo.FeaturesByName("vgg19")
	if err == nil {
		net, err = net.Until("relu2_2")
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, l := range net.Layers() {
		h, w := net.Size(l.Name, 480, 641)
		fmt.Printf("%s: %dx%d places, %d channels; each sees %d pixels across\n", l.Name, h, w, l.Channels, l.Receptive)
	}
	// Output:
	// relu1_1: 480x641 places, 64 channels; each sees 3 pixels across
	// relu1_2: 480x641 places, 64 channels; each sees 5 pixels across
	// relu2_1: 240x320 places, 128 channels; each sees 11 pixels across
	// relu2_2: 240x320 places, 128 channels; each sees 15 pixels across
}
