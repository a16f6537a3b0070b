//go:build !unix

package exec

import "github.com/atelier-go/atelier/cpu/internal/tensor"

// newBlock returns n zeroed bytes.
func newBlock(n int) ([]byte, error) { return tensor.Alloc(n), nil }

// freeBlock gives a block of newBlock up.
func freeBlock([]byte) {}
