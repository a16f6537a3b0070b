//go:build !amd64 || noasm

package conv

import "github.com/atelier-go/atelier/cpu/internal/isa"

// Without assembly no level has vectors, and these are never called.

func tapsAsm(isa.Level, []float32, []float32, []float32, []int64, []int64) {
	panic("conv: no assembly")
}

func tapTilesAsm(isa.Level, []float32, []float32, []float32, []int64, []int64, int, int, int, int) {
	panic("conv: no assembly")
}

func rowsAsm(isa.Level, []float32, []float32, []float32, int, int, int) { panic("conv: no assembly") }

func rowTapsAsm(isa.Level, []float32, []float32, []float32, int, int, int, int, int, int) {
	panic("conv: no assembly")
}

func copyRowsAsm(isa.Level, []float32, []float32, int, int, int, int) { panic("conv: no assembly") }

func sumsAsm([]float32, []float32, []int64, int, int, int, int) { panic("conv: no assembly") }

func shallowAsm(isa.Level, []float32, int, []float32, int, []int64, []float32, int, int, bool) {
	panic("conv: no assembly")
}

func panelAsm(isa.Level, int, int, *float32, int, int, *float32, int, *float32, int, bool) {
	panic("conv: no assembly")
}

func transformAsm(isa.Level, mapping, *float32, *float32, int, int, int, int, int, *float32) {
	panic("conv: no assembly")
}

func transformRoundedAsm(mapping, *float32, *float32, int, int, int, int, int, *float32) {
	panic("conv: no assembly")
}
