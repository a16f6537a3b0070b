//go:build !amd64 || noasm

package finite

import "github.com/atelier-go/atelier/cpu/internal/isa"

func kernel(isa.Level) (block int, assembly func(x *float32, rounds int) bool) { return 1, nil }
