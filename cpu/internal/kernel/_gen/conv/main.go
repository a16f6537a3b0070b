// Command conv generates the vector kernels of convolutions: the transforms of Winograd's algorithm, the sums of
// convolutions with one channel a group, and products with few channels.
package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/atelier-go/atelier/cpu/internal/kernel/gen/asm"
)

// set is an instruction set: all kernels are written once, for vectors of its width.
type set struct {
	file, suffix string
	bytes        int
}

var sets = []set{{"avx2", "AVX2", 32}, {"avx512", "AVX512", 64}}

func main() {
	for _, s := range sets {
		asm.File("direct_"+s.file, func(c *asm.Context) {
			k := &kernel{Context: c, set: s}
			k.taps()
			k.tapTiles()
			k.rows()
			k.rowTaps()
			k.copyRows()
			if s.bytes == 32 { // the vectors of the higher levels are too long for it
				k.sums(4)
				k.sums(8)
			}
		})
		asm.File("panel_"+s.file, func(c *asm.Context) {
			(&kernel{Context: c, set: s}).panel()
		})
		asm.File("shallow_"+s.file, func(c *asm.Context) {
			k := &kernel{Context: c, set: s}
			k.shallow(false)
			k.shallow(true)
		})
		asm.File("winograd_"+s.file, func(c *asm.Context) {
			k := &kernel{Context: c, set: s, constants: map[float32]operand.Mem{}}
			for _, t := range transforms {
				k.transform(t, false)
			}
		})
	}
	asm.File("winograd_bf16_avx512", func(c *asm.Context) {
		k := &kernel{Context: c, set: sets[1], constants: map[float32]operand.Mem{}}
		for _, t := range transforms {
			if strings.HasPrefix(t.name, "transformOutput") {
				continue // of sums, which are not rounded
			}
			k.transform(t, true)
		}
	})
}

// kernel emits the functions of one file.
type kernel struct {
	*asm.Context
	set
	constants map[float32]operand.Mem
}

// lanes is how many float32 a vector holds.
func (k *kernel) lanes() int { return k.bytes / 4 }

func (k *kernel) vec() reg.VecVirtual {
	if k.bytes == 64 {
		return k.ZMM()
	}
	return k.YMM()
}

// zero returns a vector of zeros.
func (k *kernel) zero() reg.VecVirtual {
	v := k.vec()
	if k.bytes == 64 {
		k.VPXORD(v, v, v)
	} else {
		k.VXORPS(v, v, v)
	}
	return v
}

// broadcast returns a vector of one constant.
func (k *kernel) broadcast(x float32) reg.VecVirtual {
	at, ok := k.constants[x]
	if !ok {
		at = k.ConstData(fmt.Sprintf("c%08x", math.Float32bits(x)), operand.F32(x))
		k.constants[x] = at
	}
	v := k.vec()
	k.VBROADCASTSS(at, v)
	return v
}

// arg loads a parameter; strides are turned from elements into bytes by the caller.
func (k *kernel) arg(name string) reg.GPVirtual {
	return k.Load(k.Param(name), k.GP64()).(reg.GPVirtual)
}

// bytesOf loads a parameter that counts elements, as bytes.
func (k *kernel) bytesOf(name string) reg.GPVirtual {
	r := k.arg(name)
	k.SHLQ(operand.Imm(2), r)
	return r
}

// chunks emits body for groups of four vectors while n channels hold so many, then for single vectors. n counts
// elements and ends at zero.
func (k *kernel) chunks(n reg.GPVirtual, body func(vectors int)) {
	for _, vectors := range []int{4, 1} {
		loop, done := fmt.Sprintf("chunk%d", vectors), fmt.Sprintf("after%d", vectors)
		k.Label(loop)
		k.CMPQ(n, operand.Imm(uint64(vectors*k.lanes())))
		k.JL(operand.LabelRef(done))
		body(vectors)
		k.SUBQ(operand.U32(vectors*k.lanes()), n)
		k.JMP(operand.LabelRef(loop))
		k.Label(done)
	}
}
