package table

import (
	"encoding/binary"
	"math/bits"
)

const (
	highs = 0x8080808080808080
	lows  = 0x0101010101010101
	// gather moves the lowest bit of each byte, times this, to the top byte, in order.
	gather = 0x0102040810204080

	chunkBytes = 64
	chunkRoom  = chunkBytes // how many positions are written beyond those that there are
)

// delimiters appends to at, after those that it has, the positions of all commas and newlines in data[from:], eight bytes at
// a time. Behind data are chunkBytes of padding in its array, which are neither; at has room for all, and chunkRoom more.
func delimiters(at []uint32, data []byte, from int, comma byte) []uint32 {
	commas, newlines := uint64(comma)*lows, uint64('\n')*lows
	end := len(at)
	at = at[:cap(at)]
	whole := data[:len(data)+chunkBytes]
	for i := from; i < len(data); i += chunkBytes {
		chunk := (*[chunkBytes]byte)(whole[i:])
		found := wanted(chunk[0:], commas, newlines) | wanted(chunk[8:], commas, newlines)<<8 |
			wanted(chunk[16:], commas, newlines)<<16 | wanted(chunk[24:], commas, newlines)<<24 |
			wanted(chunk[32:], commas, newlines)<<32 | wanted(chunk[40:], commas, newlines)<<40 |
			wanted(chunk[48:], commas, newlines)<<48 | wanted(chunk[56:], commas, newlines)<<56
		// Eight positions are written whether or not there are as many: most chunks have some, and a branch for each
		// would be guessed wrong too often.
		n := bits.OnesCount64(found)
		for done := 0; ; done += 8 {
			out := (*[8]uint32)(at[end+done:])
			for j := range out {
				out[j] = uint32(i + bits.TrailingZeros64(found))
				found &= found - 1
			}
			if done+8 >= n {
				break
			}
		}
		end += n
	}
	return at[:end]
}

// wanted returns a bit for each of eight bytes, set where it is one of those that commas and newlines have eight times.
func wanted(b []byte, commas, newlines uint64) uint64 {
	v := binary.LittleEndian.Uint64(b)
	// The high bit of each byte of x and y is clear where the byte is wanted: no carry crosses bytes.
	x, y := v^commas, v^newlines
	x = (x &^ highs) + ^uint64(highs) | x
	y = (y &^ highs) + ^uint64(highs) | y
	return ^(x & y) & highs >> 7 * gather >> 56
}
