package ref

import (
	"bytes"
	"math"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// TestPhilox uses the known answers of the authors' Random123 library.
func TestPhilox(t *testing.T) {
	for _, c := range []struct {
		key, lo, hi uint64
		want        [4]uint32
	}{
		{0, 0, 0, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{math.MaxUint64, math.MaxUint64, math.MaxUint64, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{0x299f31d0a4093822, 0x85a308d3243f6a88, 0x0370734413198a2e, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := philox(c.key, c.lo, c.hi); got != c.want {
			t.Errorf("philox(%#x, %#x, %#x) = %#x, want %#x", c.key, c.lo, c.hi, got, c.want)
		}
	}
}

func TestRNG(t *testing.T) {
	state := of(vec(3), uint64(42), math.MaxUint64-1, 7)
	draw := func(shape shapes.Shape) (next, values tensor.Tensor) {
		out := eval(t, compute.OpTypeRNGBitGenerator, ir.RNGAttr{Shape: shape}, []tensor.Tensor{state}, state.Shape, shape)
		return out[0], out[1]
	}
	next, words := draw(shapes.Make(dtypes.Uint32, 3, 5)) // 60 bytes: 4 blocks
	check(t, "state", next, of(vec(3), uint64(42), 2, 8))
	_, octets := draw(shapes.Make(dtypes.Uint8, 60))
	if !bytes.Equal(words.Data, octets.Data) {
		t.Error("the bits depend on the dtype")
	}
	whole := make([]byte, 160)
	FillPhilox(whole, 1, math.MaxUint64, 0)
	part := make([]byte, 37)
	FillPhilox(part, 1, 1, 1) // the third block: the counter ran over
	if !bytes.Equal(whole[32:69], part) {
		t.Error("a part differs from the whole")
	}
	_, flags := draw(shapes.Make(dtypes.Bool, 1000))
	ones := 0
	for _, b := range flags.Data {
		if b > 1 {
			t.Fatalf("a Bool of %d", b)
		}
		ones += int(b)
	}
	if ones < 400 || ones > 600 {
		t.Errorf("%d of 1000 are true", ones)
	}
	if next, _ := draw(shapes.Make(dtypes.Uint64, 0)); tensor.Of[uint64](next)[1] != math.MaxUint64-1 {
		t.Error("drawing nothing changed the state")
	}
}
