package zoo_test

import (
	"fmt"

	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/zoo"
)

func Example() {
	m := zoo.Model{
		Stem:     zoo.CIFARStem{},
		Backbone: zoo.ResNet{Widths: []int{16, 32, 64}, Depths: []int{1, 1, 1}},
		Head:     zoo.PoolHead{Pool: zoo.Concat},
		Classes:  10,
	}
	n, err := zoo.Count(compute.MustNew(), m, 28, 28, 1)
	if err != nil {
		panic(err)
	}
	fmt.Println(m.Name())
	fmt.Println(n.Parameters, "parameters,", n.MACs, "multiplications")
	fmt.Println(m.Check(3, 3, 1))
	// Output:
	// cifar+resnet-16x1-32x1-64x1+concat
	// 78394 parameters, 9346560 multiplications
	// zoo: cifar+resnet-16x1-32x1-64x1+concat: backbone resnet-16x1-32x1-64x1: pictures of 3x3x1: they are smaller than the network's stride of 4 pixels; take a stem that halves less often, or fewer stages
}

func ExampleByName() {
	m, err := zoo.ByName("resnet18", 1000)
	fmt.Println(m.Name(), err)
	_, err = zoo.ByName("cifar+resnet19", 1000)
	fmt.Println(err)
	// Output:
	// resnet+resnet18+average <nil>
	// zoo: model "cifar+resnet19": unknown backbone "resnet19"; did you mean "resnet18"?
}
