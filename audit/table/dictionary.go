package table

import (
	"encoding/binary"
	"math/bits"
)

// padding is how many bytes must follow a field in its buffer, so that its first eight can be loaded at once.
const padding = 8

// dictionary numbers texts in the order in which they first come.
type dictionary struct {
	entries []entry // a power of two, at least twice as many as texts; code+1, so that zero is free
	shift   uint
	texts   []string
}

// entry has the length and the first and last eight bytes of a text, which are all of one that has up to sixteen.
type entry struct {
	first, last uint64
	length      uint32
	code        uint32 // plus one
}

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
		if e.code != 0 {
			i := d.slot(e.first, e.last, e.length)
			for d.entries[i].code != 0 {
				i = (i + 1) & uint64(n-1)
			}
			d.entries[i] = e
		}
	}
}

func (d *dictionary) slot(first, last uint64, length uint32) uint64 {
	return hashText(first, last, length) >> d.shift
}

// hashText mixes the ends and length of a text; its leading bits are mixed best.
func hashText(first, last uint64, length uint32) uint64 {
	h := (first ^ bits.RotateLeft64(last, 23) ^ uint64(length)<<56) * 0x9e3779b97f4a7c15
	return (h ^ h>>29) * 0xbf58476d1ce4e5b9
}

// ends returns the first and last eight bytes of buf[from:to], and zeros where it is shorter. buf has padding.
func ends(buf []byte, from, to int) (first, last uint64) {
	first = binary.LittleEndian.Uint64(buf[from:])
	if n := to - from; n < 8 {
		return first & (1<<(8*uint(n)) - 1), 0
	}
	return first, binary.LittleEndian.Uint64(buf[to-8:])
}

// find returns the code of the text buf[from:to], and whether it has one.
func (d *dictionary) find(buf []byte, from, to int) (uint32, bool) {
	first, last := ends(buf, from, to)
	length := uint32(to - from)
	mask := uint64(len(d.entries) - 1)
	for i := d.slot(first, last, length); ; i++ {
		e := &d.entries[i&mask]
		if e.code == 0 {
			return 0, false
		}
		if e.first == first && e.last == last && e.length == length &&
			(length <= 16 || d.texts[e.code-1] == string(buf[from:to])) {
			return e.code - 1, true
		}
	}
}

// add gives the text, which has no code, the next one.
func (d *dictionary) add(buf []byte, from, to int) uint32 {
	if 2*(len(d.texts)+1) > len(d.entries) {
		d.resize(2 * len(d.entries))
	}
	d.texts = append(d.texts, string(buf[from:to]))
	first, last := ends(buf, from, to)
	e := entry{first, last, uint32(to - from), uint32(len(d.texts))}
	mask := uint64(len(d.entries) - 1)
	i := d.slot(first, last, e.length)
	for d.entries[i&mask].code != 0 {
		i++
	}
	d.entries[i&mask] = e
	return e.code - 1
}
