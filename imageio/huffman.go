package imageio

import (
	"cmp"
	"slices"
)

// maxCode is the longest code that JPEG allows.
const maxCode = 16

// huffman is a code for the bytes that are in a JPEG stream, with as few bits as there can be.
type huffman struct {
	counts [maxCode]byte // codes of 1, 2... bits
	values []byte        // by length of their codes
	code   [256]uint16
	bits   [256]uint8 // length of a code
}

// newHuffman makes the code for values that occur so often. The code of ones alone, which JPEG does not allow, goes to a
// value 256 that never occurs.
func newHuffman(frequency *[256]int) *huffman {
	const never = 256
	symbols := []symbol{{never, 0}}
	for v, n := range frequency {
		if n > 0 {
			symbols = append(symbols, symbol{v, n})
		}
	}
	if len(symbols) == 1 { // nothing occurs; a table may not be empty
		symbols = append(symbols, symbol{0, 0})
	}
	lengths := codeLengths(symbols)
	slices.SortFunc(symbols, func(a, b symbol) int { return cmp.Or(lengths[a.value]-lengths[b.value], a.value-b.value) })
	h := &huffman{}
	next, length := uint16(0), 0
	for _, s := range symbols {
		next <<= lengths[s.value] - length
		length = lengths[s.value]
		if s.value != never { // the last
			h.counts[length-1]++
			h.values = append(h.values, byte(s.value))
			h.code[s.value], h.bits[s.value] = next, uint8(length)
		}
		next++
	}
	return h
}

type symbol struct{ value, frequency int }

// bundle is symbols, some several times, that the code lengths are chosen from together.
type bundle struct {
	weight int
	values []int
}

// codeLengths are those of the best prefix code with none longer than maxCode, by symbol (Larmore and Hirschberg 1990,
// "package-merge"). There are two symbols or more. Of equal frequencies the larger value gets the longer code.
func codeLengths(symbols []symbol) map[int]int {
	var coins, bundles []bundle
	for _, s := range symbols {
		coins = append(coins, bundle{s.frequency, []int{s.value}})
	}
	byWeight := func(a, b bundle) int { return cmp.Or(a.weight-b.weight, b.values[0]-a.values[0]) }
	for range maxCode {
		merged := slices.Concat(coins, bundles)
		slices.SortStableFunc(merged, byWeight)
		bundles = bundles[:0:0]
		for i := 0; i+1 < len(merged); i += 2 {
			bundles = append(bundles, bundle{merged[i].weight + merged[i+1].weight, slices.Concat(merged[i].values, merged[i+1].values)})
		}
	}
	lengths := map[int]int{}
	for _, b := range bundles[:len(symbols)-1] {
		for _, v := range b.values {
			lengths[v]++
		}
	}
	return lengths
}
