package data_test

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/atelier-go/atelier/data"
)

// shade prints a picture, its darkest pixels as @ and its brightest as blanks.
func shade(p data.Picture) {
	const letters = "@%#*+=-:. "
	sums := make([]int, p.H*p.W)
	for i, v := range p.Pix {
		sums[i/p.C] += int(v)
	}
	low, high := slices.Min(sums), slices.Max(sums)
	for i, sum := range sums {
		fmt.Printf("%c", letters[(sum-low)*len(letters)/(high-low+1)])
		if i%p.W == p.W-1 {
			fmt.Println("|")
		}
	}
}

func ExampleShapes() {
	d := data.Shapes{N: 8, Size: 16, Seed: 8}
	p, err := d.Read(1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.Classes()[d.Label(1)], p.Size())
	shade(p)
	// Output:
	// cross 16x16x3
	//                 |
	//                 |
	//                 |
	//                 |
	//                 |
	//            -    |
	//            *@*  |
	//        ::  @@*  |
	//        +@%+@@-  |
	//        %@@@@@+: |
	//        .=#@@@@@#|
	//          -@@#@@=|
	//          *@@ .=.|
	//          %@*    |
	//           --    |
	//                 |
}

func ExampleSampler() {
	s := data.Sampler{N: 10, Batch: 4, Seed: 1, Shuffle: true}
	seen := map[int]bool{}
	for b := range s.StepsPerEpoch() {
		fmt.Println("batch", b, "has", s.Size(b))
		for _, i := range s.Indices(b) {
			seen[i] = true
		}
	}
	fmt.Println(len(seen), "different examples")
	// Output:
	// batch 0 has 4
	// batch 1 has 4
	// batch 2 has 2
	// 10 different examples
}

func ExampleTransform() {
	p := data.Picture{H: 2, W: 3, C: 1, Pix: []uint8("abcdef")}
	r := rand.New(rand.NewPCG(1, 2))
	q, err := data.RandomCrop{Size: 4, Pad: 1}.Apply(r, p)
	if err != nil {
		fmt.Println(err)
		return
	}
	for y := range q.H {
		fmt.Printf("%s\n", q.Row(y))
	}
	// Output:
	// edef
	// babc
	// edef
	// babc
}

func ExampleSplit() {
	train, valid, err := data.Split(data.Shapes{N: 1000}, 0.9, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(train.Len(), valid.Len(), data.SameClasses(train.Classes(), valid.Classes()))
	// Output: 900 100 <nil>
}
