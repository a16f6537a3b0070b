// Package embedded has the network that style paints with where no other is given: on a machine that has no weights and no
// connection.
//
//	features, err := embedded.Features()
//	...
//	network := style.NewNetwork(backend, features)
//
// # What it is
//
// The first eight convolutions of VGG-19, up to relu3_4, with 2,325,568 weights in half precision. Pictures go in as torchvision
// prepares them. Features at every layer have a mean square of about 1 over photos.
//
// # Where it comes from
//
// It is trained by this repository, by the program in recipes/embedded, whose README has the command, the log and what it
// measured. The teacher, whose features it learnt to predict on patches of 950 photos, is the original VGG-19 of
//
//	K. Simonyan and A. Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, 2015
//	https://www.robots.ox.ac.uk/~vgg/research/very_deep/
//
// whose weights its authors license under Creative Commons Attribution 4.0 (https://creativecommons.org/licenses/by/4.0/).
// The student began as random numbers and has seen the teacher's outputs only; as it has the teacher's shape and agrees
// with it closely, it is a derived work of it all the same: keep this attribution with it.
package embedded

import (
	"bytes"
	_ "embed"

	"github.com/atelier-go/atelier/weights"
)

// Name is what errors call the file.
const Name = "the embedded network"

// SHA256 is the hash of the file, in hexadecimal.
const SHA256 = "56673316107fa7369feac475db400bfe1a6ec31226775ef35d6584b034e3f9d2"

//go:embed vgg19-student.safetensors
var file []byte

// File is the network's weights, for training to begin with.
func File() (*weights.File, error) {
	return weights.Read(Name, bytes.NewReader(file), int64(len(file)))
}

// Features reads the network. Each call makes a store of its own.
func Features() (*weights.Features, error) {
	f, err := File()
	if err != nil {
		return nil, err
	}
	return f.Features("")
}
