package table

import (
	"math/bits"
	"slices"
)

// denseBits is the size of keys that are counted in an array instead: 32 KiB, which is a first-level cache.
const denseBits = 12

// dense counts cells of few bits by their number. The codes of a column have as many bits as its values so far need; when
// that changes, what has been counted goes to the counter of keys.
type dense struct {
	widths []uint8
	counts []int64
	at     []uint16 // the number of each row of a batch
}

// width returns how many bits the codes of a column need now, and false where they are of bins.
func (k *coder) width() (bitsNeeded int, ok bool) {
	if k.column.Kind == Category {
		return bits.Len(uint(max(1, len(k.dict.texts)) - 1)), true
	}
	return bits.Len(uint(len(k.nums) - 1)), k.ofNum != nil
}

// dense counts n rows of the batch by the numbers of their cells, and reports whether it could: rows have no weights and
// conditions, and keys few bits.
func (w *worker) dense(c *counter, columns []int, n int) (done bool, err error) {
	if c.w != nil || len(w.where)+len(w.filters) > 0 {
		return false, nil
	}
	var widths [keyWords * 64 / categoryBits]uint8
	all := 0
	for j, column := range columns {
		width, ok := w.coders[column].width()
		if all += width; !ok || all > denseBits {
			return false, c.settle()
		}
		widths[j] = uint8(width)
	}
	d := &c.dense
	if d.counts == nil || !slices.Equal(d.widths, widths[:len(columns)]) {
		if err := c.settle(); err != nil {
			return false, err
		}
		d.widths = append(d.widths[:0], widths[:len(columns)]...)
		if d.counts == nil {
			d.counts, d.at = make([]int64, 1<<denseBits), make([]uint16, batchRows)
		}
	}
	at := d.at[:n]
	clear(at)
	shift := uint8(0)
	for j, column := range columns {
		codes := w.codes[column][:n]
		for i := range at {
			at[i] |= uint16(codes[i] << (shift & 15))
		}
		shift += d.widths[j]
	}
	counts := (*[1 << denseBits]int64)(d.counts)
	for _, cell := range at {
		counts[cell%(1<<denseBits)]++
	}
	return true, nil
}

// settle moves what has been counted by number to the counter of keys.
func (c *counter) settle() error {
	for cell, n := range c.dense.counts {
		if n == 0 {
			continue
		}
		var k key
		left := uint64(cell)
		for j, width := range c.dense.widths {
			p := c.places[j]
			k[p.word] |= left & (1<<width - 1) << p.shift
			left >>= width
		}
		at, ok := c.at(&k)
		if !ok {
			return errTooManyCells
		}
		c.slots[at].n += n
		c.dense.counts[cell] = 0
	}
	return nil
}
