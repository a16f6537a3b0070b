package safetensors_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/atelier-go/atelier/safetensors"
)

func Example() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "model.safetensors")
	err = safetensors.Save(path, []safetensors.Tensor{
		safetensors.FromFloat32("weight", []int{2, 3}, []float32{1, 2, 3, 4, 5, 6}),
		safetensors.FromFloat32("bias", []int{3}, []float32{0.5, 0, -0.5}),
	}, map[string]string{"layout": "IO"})
	if err != nil {
		log.Fatal(err)
	}

	f, err := safetensors.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	fmt.Println(f.Metadata())
	for _, name := range f.Names() {
		t, err := f.Tensor(name)
		if err != nil {
			log.Fatal(err)
		}
		values, err := t.Float32()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(t.Name, t.DType, t.Shape, values)
	}
	// Output:
	// map[layout:IO]
	// bias F32 [3] [0.5 0 -0.5]
	// weight F32 [2 3] [1 2 3 4 5 6]
}
