package style_test

import (
	"context"
	"fmt"
	"log"

	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/imageio"
	"github.com/atelier-go/atelier/style"
	"github.com/atelier-go/atelier/weights"
)

// A photo in the style of a painting, with the weights of VGG-19, or the first of them.
func ExamplePaint() {
	picture := func(path string) style.Picture {
		p, _, err := imageio.ReadFloat(path, imageio.FloatOptions{})
		if err != nil {
			log.Fatal(err)
		}
		p = p.OnWhite()
		return style.Picture{H: p.H, W: p.W, Pixels: p.RGB}
	}
	backend, err := compute.NewWithConfig("cpu")
	if err != nil {
		log.Fatal(err)
	}
	features, err := weights.LoadFeatures("vgg19.safetensors", "vgg19")
	if err != nil {
		log.Fatal(err)
	}
	o := style.Defaults()
	o.Network = style.NewNetwork(backend, features)
	o.Content = picture("photo.jpg")
	o.Styles = []style.StyleInput{{Picture: picture("painting.jpg")}}
	result, err := style.Paint(context.Background(), o, func(s style.Step) error {
		fmt.Printf("scale %d of %d: loss %.3f, %v to go\n", s.Scale, s.Scales, s.Losses.Total, s.Remaining)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	p := result.Picture
	if err := imageio.Write("out.png", imageio.Float{H: p.H, W: p.W, RGB: p.Pixels}, imageio.WriteOptions{}); err != nil {
		log.Fatal(err)
	}
}
