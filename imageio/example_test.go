package imageio_test

import (
	"errors"
	"fmt"

	"github.com/atelier-go/atelier/imageio"
)

func ExampleResize() {
	p := imageio.Picture{H: 1, W: 4, C: 1, Pix: []uint8{0, 0, 255, 255}}
	for _, f := range []imageio.Filter{imageio.Box, imageio.Bilinear, imageio.Bicubic} {
		q, err := imageio.Resize(p, 1, 8, f)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(f, q.Pix)
	}
	// Output:
	// box [0 0 0 0 255 255 255 255]
	// bilinear [0 0 0 64 191 255 255 255]
	// bicubic [0 0 0 52 203 255 255 255]
}

func ExampleDecode() {
	_, err := imageio.Decode([]byte("a letter"), imageio.Options{})
	fmt.Println(err, errors.Is(err, imageio.ErrFormat))
	// Output: is no PNG, JPEG, TIFF, WebP, GIF or BMP picture true
}
