package conv

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/klauspost/cpuid/v2"
)

// check reports sizes that make no convolution. Sizes of zero are allowed, strides and dilations of zero are not.
func (s Spec) check() error {
	var errs []error
	bad := func(what string, got int, want string) {
		errs = append(errs, fmt.Errorf("%v: %s = %d, want %s", s, what, got, want))
	}
	for _, v := range []struct {
		what string
		got  int
	}{{"N", s.N}, {"H", s.H}, {"W", s.W}, {"C", s.C}, {"KH", s.KH}, {"KW", s.KW}, {"O", s.O}, {"OH", s.OH}, {"OW", s.OW}} {
		if v.got < 0 {
			bad(v.what, v.got, ">= 0")
		}
	}
	for _, v := range []struct {
		what string
		got  int
	}{{"StrideH", s.StrideH}, {"StrideW", s.StrideW}, {"DilationH", s.DilationH}, {"DilationW", s.DilationW}, {"Groups", s.Groups}} {
		if v.got < 1 {
			bad(v.what, v.got, ">= 1")
		}
	}
	if s.Form < Forward || s.Form > KernelGradient {
		return fmt.Errorf("form %d is unknown", int(s.Form))
	}
	if s.Groups > 0 && (s.C%s.Groups != 0 || s.O%s.Groups != 0) {
		bad("Groups", s.Groups, "a divisor of C and O")
	}
	if len(errs) == 0 && !(fits(s.N, s.H, s.W, s.C) && fits(s.KH, s.KW, s.C, s.O) && fits(s.N, s.OH, s.OW, s.O)) {
		errs = append(errs, fmt.Errorf("%v: more elements than can be addressed", s))
	}
	return errors.Join(errs...)
}

// fits reports whether an array of these sizes has fewer than 2^46 elements.
func fits(sizes ...int) bool {
	total := uint64(1)
	for _, n := range sizes {
		hi, lo := bits.Mul64(total, uint64(max(n, 1)))
		if hi != 0 || lo >= 1<<46 {
			return false
		}
		total = lo
	}
	return true
}

// sizes are the elements of the two operands and the output.
func (s Spec) sizes() (a, b, out int) {
	x, k, y := s.N*s.H*s.W*s.C, s.KH*s.KW*(s.C/s.Groups)*s.O, s.N*s.OH*s.OW*s.O
	switch s.Form {
	case Forward:
		return x, k, y
	case InputGradient:
		return y, k, x
	}
	return x, y, k
}

// empty reports whether the output or every sum has no terms.
func (s Spec) empty() bool {
	return s.N*s.H*s.W == 0 || s.C == 0 || s.O == 0 || s.KH*s.KW == 0 || s.OH*s.OW == 0
}

// outPixels is the number of pixels that an epilogue is told of.
func (s Spec) outPixels() int {
	if s.Form == Forward {
		return s.N * s.OH * s.OW
	}
	return s.N * s.H * s.W
}

// depthwise reports one input channel a group.
func (s Spec) depthwise() bool { return s.C == s.Groups }

// winograd reports a 3x3 convolution that the fast algorithm computes.
func (s Spec) winograd() bool {
	return s.KH == 3 && s.KW == 3 && s.StrideH == 1 && s.StrideW == 1 && s.DilationH == 1 && s.DilationW == 1 && s.Groups == 1
}

// cache is the bytes of a core's second-level cache.
var cache = max(cpuid.CPU.Cache.L2, 256<<10)

// lastCache is the bytes of the last-level cache.
var lastCache = max(cpuid.CPU.Cache.L3, 8<<20)

func ceilDiv(x, by int) int { return (x + by - 1) / by }

func roundUp(x, to int) int { return ceilDiv(x, to) * to }

// floorDiv and floorMod round towards minus infinity.
func floorDiv(x, by int) int {
	q := x / by
	if x%by < 0 {
		q--
	}
	return q
}

func floorMod(x, by int) int { return x - by*floorDiv(x, by) }

// arena hands out pieces of scratch memory at planning time, each starting on a cache line of 16 elements.
type arena struct{ size int }

// take reserves n elements and returns where they start.
func (a *arena) take(n int) int {
	at := a.size
	a.size += roundUp(n, 16)
	return at
}

// conflictFree is a row length of at least n elements, rows of which do not fall on the same few cache sets.
func conflictFree(n int) int {
	n = roundUp(n, 16)
	if n%128 == 0 {
		n += 16
	}
	return n
}
