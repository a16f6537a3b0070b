// Package isa says which vector instructions the processor has and which level of kernels the backend uses.
package isa

import (
	"fmt"
	"strings"
)

// Level is a set of instructions that kernels are written for. A higher level includes the lower ones.
type Level int

// The levels, lowest first.
const (
	// Portable is Go alone; it runs everywhere and is the reference for the others.
	Portable Level = iota
	// AVX2 is AVX2 with FMA3 and F16C: 256-bit vectors, 16 registers.
	AVX2
	// AVX512 is AVX-512 F, BW, DQ and VL: 512-bit vectors, 32 registers.
	AVX512
)

var names = [...]string{"portable", "avx2", "avx512"}

func (l Level) String() string { return names[l] }

// Parse reads a level's name.
func Parse(s string) (Level, error) {
	for i, name := range names {
		if s == name {
			return Level(i), nil
		}
	}
	return 0, fmt.Errorf("isa=%q is not one of %s", s, strings.Join(names[:], ", "))
}

// Best returns the highest level that this processor and this build offer.
func Best() Level {
	best := Portable
	for l := AVX2; l <= AVX512 && len(l.Missing()) == 0; l++ {
		best = l
	}
	return best
}

// Available lists the levels that can run here, lowest first.
func Available() []Level {
	var ls []Level
	for l := Portable; l <= Best(); l++ {
		ls = append(ls, l)
	}
	return ls
}

// Supported reports whether kernels of level l can run on this machine with this build.
func (l Level) Supported() bool { return l <= Best() }
