package main

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tile is the number of a tile register, 0 to 7.
type tile byte

func (t tile) String() string { return fmt.Sprintf("T%d", byte(t)) }

// The instructions share VEX.128.0F38.W0, see Intel's Software Developer's Manual, volume 2: they differ in the
// mandatory prefix, which VEX keeps in two bits, and in the opcode.
const (
	prefixNone = 0
	prefix66   = 1
	prefixF3   = 2
	prefixF2   = 3

	opcodeConfig = 0x49 // LDTILECFG, STTILECFG, TILERELEASE, TILEZERO
	opcodeMemory = 0x4b // TILELOADD, TILESTORED
	opcodeBF16   = 0x5c // TDPBF16PS
)

// ldtilecfg configures the tiles from the 64 bytes at m and zeroes them.
func ldtilecfg(m operand.Mem) []byte { return withMemory(prefixNone, opcodeConfig, 0, m, false) }

// sttilecfg stores the configuration to the 64 bytes at m; zeros if there is none.
func sttilecfg(m operand.Mem) []byte { return withMemory(prefix66, opcodeConfig, 0, m, false) }

// tilerelease returns the tiles to the state that they have in a process that never used them.
func tilerelease() []byte { return []byte{0xc4, 0xe2, 0x78, opcodeConfig, 0xc0} }

// tilezero zeroes t.
func tilezero(t tile) []byte { return withTiles(prefixF2, opcodeConfig, t, 0, 0) }

// tileloadd loads the rows of t from m; the index register, times the scale, is the distance between rows.
func tileloadd(t tile, m operand.Mem) []byte { return withMemory(prefixF2, opcodeMemory, t, m, true) }

// tilestored stores the rows of t to m.
func tilestored(t tile, m operand.Mem) []byte { return withMemory(prefixF3, opcodeMemory, t, m, true) }

// tdpbf16ps is c += a·b, with rows of pairs of bfloat16 in a, pairs of rows in b, and float32 in c.
func tdpbf16ps(c, a, b tile) []byte { return withTiles(prefixF3, opcodeBF16, c, a, b) }

// withTiles encodes an instruction on registers alone. second is VEX.vvvv, whose bits are inverted.
func withTiles(prefix, opcode byte, register, first, second tile) []byte {
	check(register, first, second)
	return []byte{0xc4, 0xe2, ^byte(second)<<3&0x78 | prefix, opcode, 0xc0 | byte(register)<<3 | byte(first)}
}

// withMemory encodes an instruction with a memory operand; those with strides must have an index.
func withMemory(prefix, opcode byte, t tile, m operand.Mem, strided bool) []byte {
	check(t)
	if strided != (m.Index != nil) || m.Base == nil {
		panic(fmt.Sprintf("amx: a tile is loaded and stored with an index, a configuration without: %s", m.Asm()))
	}
	base, index, scale := number(m.Base), byte(4), byte(0) // 4: no index
	if strided {
		index, scale = number(m.Index), scaleBits(m.Scale)
		if index == 4 {
			panic("amx: SP cannot be an index")
		}
	}
	mod, disp := displacement(m.Disp, base)
	// VEX.R, X and B extend ModRM.reg, the index and the base; their bits are inverted.
	code := []byte{0xc4, 0xe2 &^ (index >> 3 << 6) &^ (base >> 3 << 5), 0x78 | prefix, opcode}
	if strided || base&7 == 4 {
		code = append(code, mod<<6|byte(t)<<3|4, scale<<6|index&7<<3|base&7)
	} else {
		code = append(code, mod<<6|byte(t)<<3|base&7)
	}
	return append(code, disp...)
}

// displacement is ModRM.mod and the bytes of a displacement: VEX does not scale those of 8 bits.
func displacement(d int, base byte) (mod byte, disp []byte) {
	switch {
	case d == 0 && base&7 != 5: // without a displacement BP and R13 would mean no base
		return 0, nil
	case d == int(int8(d)):
		return 1, []byte{byte(d)}
	case d < math.MinInt32 || d > math.MaxInt32:
		panic(fmt.Sprintf("amx: displacement %d has more than 32 bits", d))
	}
	return 2, binary.LittleEndian.AppendUint32(nil, uint32(d))
}

func number(r reg.Register) byte {
	p := reg.ToPhysical(r)
	if p == nil || p.Kind() != reg.KindGP || p.Size() != 8 {
		panic(fmt.Sprintf("amx: %s is not a general register of 64 bits", r.Asm()))
	}
	return byte(p.PhysicalIndex())
}

func scaleBits(scale uint8) byte {
	switch scale {
	case 1:
		return 0
	case 2:
		return 1
	case 4:
		return 2
	case 8:
		return 3
	}
	panic(fmt.Sprintf("amx: scale %d", scale))
}

func check(tiles ...tile) {
	for _, t := range tiles {
		if t > 7 {
			panic(fmt.Sprintf("amx: there is no tile %d", t))
		}
	}
}
