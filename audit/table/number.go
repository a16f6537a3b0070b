package table

import (
	"errors"
	"math"
	"sort"
	"strconv"
)

const (
	mantissaBits = 8 // bins to an octave are 2^8
	cutBits      = 6
	binShift     = 52 - mantissaBits
	binned       = 1 << 26 // marks codes of bins, which are those of the numbers' leading bits and of the cut
	numberBits   = 28
)

var errNotFinite = errors.New("is infinite")

// missing reports whether the text stands for no value: it is empty, or NaN, NA, N/A, null or none in any case.
func missing(b []byte) bool {
	switch len(b) {
	case 0:
		return true
	case 2:
		return lower(b[0]) == 'n' && lower(b[1]) == 'a'
	case 3:
		if lower(b[0]) != 'n' || lower(b[2]) != 'n' && lower(b[2]) != 'a' {
			return false
		}
		return lower(b[1]) == 'a' && lower(b[2]) == 'n' || b[1] == '/' && lower(b[2]) == 'a'
	case 4:
		text := [4]byte{lower(b[0]), lower(b[1]), lower(b[2]), lower(b[3])}
		return text == [4]byte{'n', 'u', 'l', 'l'} || text == [4]byte{'n', 'o', 'n', 'e'}
	}
	return false
}

// Missing reports whether the text stands for no value: it is empty, or NaN, NA, N/A, null or none in any case.
func Missing(text string) bool { return missing([]byte(text)) }

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// powersOfTen are those that a float64 has exactly.
var powersOfTen = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// parseNumber reads a number, NaN where it is missing. Digits with at most one point, and few enough of them to be
// exact, are read here, to the same bits as strconv.ParseFloat reads them; all else is there.
func parseNumber(b []byte) (float64, error) {
	if missing(b) {
		return math.NaN(), nil
	}
	digits := b
	negative := b[0] == '-'
	if negative {
		digits = b[1:]
	}
	var mantissa uint64
	point, count := -1, 0
	for i, c := range digits {
		if d := c - '0'; d <= 9 {
			mantissa = mantissa*10 + uint64(d)
			count++
		} else if c == '.' && point < 0 {
			point = i
		} else {
			return parseSlowly(b)
		}
	}
	if count == 0 || count > 15 {
		return parseSlowly(b)
	}
	v := float64(mantissa)
	if point >= 0 {
		v /= powersOfTen[len(digits)-1-point]
	}
	if negative && v != 0 { // there is one zero
		v = -v
	}
	return v, nil
}

func parseSlowly(b []byte) (float64, error) {
	v, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		return 0, err.(*strconv.NumError).Err
	}
	if math.IsInf(v, 0) {
		return 0, errNotFinite
	}
	return v + 0, nil // +0 of -0
}

// ordered maps numbers to integers that compare alike.
func ordered(v float64) uint64 {
	b := math.Float64bits(v)
	if b>>63 == 1 {
		return ^b
	}
	return b | 1<<63
}

func unordered(u uint64) float64 {
	if u>>63 == 1 {
		return math.Float64frombits(u &^ (1 << 63))
	}
	return math.Float64frombits(^u)
}

// binOf returns the code of the bin that has v: the leading bits of v and the number of cuts at or below it.
func binOf(v float64, cuts []float64) uint32 {
	cut := sort.Search(len(cuts), func(i int) bool { return cuts[i] > v })
	return binned | uint32(ordered(v)>>binShift)<<cutBits | uint32(cut)
}

// bounds returns the range [from, to) of a bin's numbers.
func bounds(code uint32, cuts []float64) (from, to float64) {
	code &^= binned
	leading, cut := uint64(code>>cutBits), int(code&(1<<cutBits-1))
	from, to = unordered(leading<<binShift), unordered((leading+1)<<binShift)
	if cut > 0 {
		from = max(from, cuts[cut-1])
	}
	if cut < len(cuts) {
		to = min(to, cuts[cut])
	}
	return from, to
}
