package imageio_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/atelier-go/atelier/imageio"
)

func ExampleWrite() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "dawn.png")

	p := imageio.NewFloat(2, 3)
	for i := range p.RGB {
		p.RGB[i] = float32(i) / 17
	}
	err = imageio.Write(path, p, imageio.WriteOptions{
		Bits:     16,
		Metadata: imageio.Metadata{Text: map[string]string{"seed": "42"}, Synthetic: true},
	})
	if err != nil {
		log.Fatal(err)
	}
	info, err := imageio.Probe(path)
	if err != nil {
		log.Fatal(err)
	}
	m, err := imageio.ReadMetadata(path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s of %dx%d, %d bits\n", info.Format, info.H, info.W, info.Bits)
	fmt.Printf("seed %s, synthetic: %v\n", m.Text["seed"], m.Synthetic)
	// Output:
	// PNG of 2x3, 16 bits
	// seed 42, synthetic: true
}

func ExampleCheckWrite() {
	fmt.Println(imageio.CheckWrite("dawn.webp", imageio.WriteOptions{}))
	fmt.Println(imageio.CheckWrite("dawn.jpg", imageio.WriteOptions{Bits: 16}))
	// Output:
	// imageio: dawn.webp: has extension .webp; want .png, .jpg, .jpeg, .tif or .tiff
	// imageio: dawn.jpg: JPEG has 8 bits; PNG and TIFF have 16
}
