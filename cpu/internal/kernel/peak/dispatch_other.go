//go:build !amd64 || noasm

package peak

import "github.com/atelier-go/atelier/cpu/internal/isa"

func fmaAsm(l isa.Level, _ int) { panic("peak: this build has no kernel for level " + l.String()) }

func passAsm(l isa.Level, _ Access, _ *[3][]float32) {
	panic("peak: this build has no kernel for level " + l.String())
}
