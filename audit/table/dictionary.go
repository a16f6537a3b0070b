package table

import (
	"encoding/binary"
	"math/bits"
)

// padding is how many bytes must be before and behind a field in its buffer, so that its first and its last eight can be
// loaded at once.
const padding = 8

// dictionary numbers texts in the order in which they first come.
type dictionary struct {
	entries []entry // a power of two, at least twice as many as texts
	shift   uint
	texts   []string
}

// entry has the length and the first and last eight bytes of a text, which are all of one that has up to sixteen.
type entry struct {
	first, last uint64
	mark        uint32 // the length plus one, of longer texts plus longText; zero where the entry is free
	code        uint32
}

// longText marks texts of more than sixteen bytes, so that they are never taken for short ones.
const longText = 1 << 31

func newDictionary() *dictionary {
	d := &dictionary{}
	d.resize(64)
	return d
}

func (d *dictionary) resize(n int) {
	old := d.entries
	d.entries = make([]entry, n)
	d.shift = uint(64 - bits.Len(uint(n-1)))
	for _, e := range old {
		if e.mark != 0 {
			d.put(e)
		}
	}
}

// put finds a free place for an entry.
func (d *dictionary) put(e entry) {
	mask := uint64(len(d.entries) - 1)
	i := hashText(e.first, e.last) >> d.shift
	for d.entries[i&mask].mark != 0 {
		i++
	}
	d.entries[i&mask] = e
}

// hashText mixes the ends of a text; the leading bits are mixed best.
func hashText(first, last uint64) uint64 {
	h := (first ^ bits.RotateLeft64(last, 23)) * 0x9e3779b97f4a7c15
	return (h ^ h>>29) * 0xbf58476d1ce4e5b9
}

// ends returns the first and last eight bytes of buf[from:to]; of a shorter text both are all of it, and zeros.
func ends(buf []byte, from, to int) (first, last uint64) {
	first, last = binary.LittleEndian.Uint64(buf[from:]), binary.LittleEndian.Uint64(buf[to-8:])
	spare := uint(max(0, 8-(to-from))) * 8
	return first << spare >> spare, last >> spare
}

// markOf returns the mark of a text of this length.
func markOf(length int) uint32 {
	if length > 16 {
		return uint32(length+1) | longText
	}
	return uint32(length + 1)
}

// find returns the code of the text buf[from:to], and whether it has one.
func (d *dictionary) find(buf []byte, from, to int) (uint32, bool) {
	first, last := ends(buf, from, to)
	mark := markOf(to - from)
	mask := uint64(len(d.entries) - 1)
	for i := hashText(first, last) >> d.shift; ; i++ {
		e := &d.entries[i&mask]
		if e.mark == 0 {
			return 0, false
		}
		if e.first == first && e.last == last && e.mark == mark &&
			(mark < longText || d.texts[e.code] == string(buf[from:to])) {
			return e.code, true
		}
	}
}

// add gives the text, which has no code, the next one.
func (d *dictionary) add(buf []byte, from, to int) uint32 {
	if 2*(len(d.texts)+1) > len(d.entries) {
		d.resize(2 * len(d.entries))
	}
	code := uint32(len(d.texts))
	d.texts = append(d.texts, string(buf[from:to]))
	first, last := ends(buf, from, to)
	d.put(entry{first, last, markOf(to - from), code})
	return code
}
