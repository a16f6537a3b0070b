package table

import (
	"encoding/binary"
	"math/bits"
)

const (
	lows  = 0x0101010101010101
	highs = 0x8080808080808080
)

// delimiters appends to at, after those that it has, the positions of all commas and newlines in data, eight bytes at a
// time. data has eight bytes of padding behind it in its array, which are neither; at has room for all.
func delimiters(at []uint32, data []byte, comma byte) []uint32 {
	commas, newlines := uint64(comma)*lows, uint64('\n')*lows
	n := len(data)
	data = data[:(n+7)&^7]
	end := len(at)
	at = at[:cap(at)]
	for i := 0; i+8 <= len(data); i += 8 {
		word := binary.LittleEndian.Uint64(data[i:])
		// The high bit of each byte of x is clear where a byte equals the wanted one: no carry crosses bytes.
		x, y := word^commas, word^newlines
		x = (x &^ highs) + ^uint64(highs) | x
		y = (y &^ highs) + ^uint64(highs) | y
		found := ^(x & y) & highs
		for found != 0 {
			at[end] = uint32(i + bits.TrailingZeros64(found)>>3)
			end++
			found &= found - 1
		}
	}
	return at[:end]
}
