package ref

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute/dtypes"
)

// chooseRNG covers RNGBitGenerator by Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
// SC 2011).
//
// State word 0 is the key; words 1 and 2 are the low and high half of a 128-bit counter. Block i of 16 bytes of the
// output, little-endian, is the cipher of counter + i, so that any part of it can be computed on its own; the new
// state is the counter after the last block, which may be used in part. No bits are discarded between words.
// Bool values take the lowest bit of a byte.
func chooseRNG(n *ir.Node) evalFunc {
	if len(n.Shapes) != 2 || n.Shapes[0].DType != dtypes.Uint64 || classOf(n.Shapes[1].DType) == classNone {
		return nil
	}
	return generateBits
}

func generateBits(_ *ir.Node, in, out []tensor.Tensor) error {
	if in[0].Shape.Size() != 3 || out[0].Shape.Size() != 3 {
		return fmt.Errorf("the state is %s, want three words", in[0].Shape)
	}
	state := tensor.Of[uint64](in[0])
	lo, hi := FillPhilox(out[1].Data, state[0], state[1], state[2])
	if out[1].Shape.DType == dtypes.Bool {
		for i := range out[1].Data {
			out[1].Data[i] &= 1
		}
	}
	copy(tensor.Of[uint64](out[0]), []uint64{state[0], lo, hi})
	return nil
}

// FillPhilox fills dst with the blocks of counter (lo, hi) onwards, and returns the counter after the last one.
// Parts of a larger buffer may be filled on their own: a part that starts at byte 16·i has counter + i.
func FillPhilox(dst []byte, key, lo, hi uint64) (nextLo, nextHi uint64) {
	for len(dst) > 0 {
		block := philox(key, lo, hi)
		if len(dst) >= 16 {
			for i, w := range block {
				binary.LittleEndian.PutUint32(dst[4*i:], w)
			}
			dst = dst[16:]
		} else {
			var last [16]byte
			for i, w := range block {
				binary.LittleEndian.PutUint32(last[4*i:], w)
			}
			copy(dst, last[:])
			dst = nil
		}
		var carry uint64
		lo, carry = bits.Add64(lo, 1, 0)
		hi += carry
	}
	return lo, hi
}

// philox is ten rounds of Philox4x32.
func philox(key, lo, hi uint64) [4]uint32 {
	const (
		multiplier0, multiplier1 = 0xD2511F53, 0xCD9E8D57
		weyl0, weyl1             = 0x9E3779B9, 0xBB67AE85
	)
	c := [4]uint32{uint32(lo), uint32(lo >> 32), uint32(hi), uint32(hi >> 32)}
	k0, k1 := uint32(key), uint32(key>>32)
	for range 10 {
		p0, p1 := uint64(multiplier0)*uint64(c[0]), uint64(multiplier1)*uint64(c[2])
		c = [4]uint32{uint32(p1>>32) ^ c[1] ^ k0, uint32(p1), uint32(p0>>32) ^ c[3] ^ k1, uint32(p0)}
		k0 += weyl0
		k1 += weyl1
	}
	return c
}
