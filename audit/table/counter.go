package table

import (
	"fmt"
	"math/bits"
)

const (
	keyWords     = 3
	categoryBits = 16
	maskBits     = maxFilters
)

// key has the codes of a cell, packed as the cross's layout says.
type key [keyWords]uint64

// place is where a code is in a key.
type place struct {
	word, shift uint8
	width       uint8
}

// layout places the codes of a cross's columns, and last the mask of filters, in a key.
func (s *Spec) layout(cross []int) ([]place, error) {
	var places []place
	word, used := 0, 0
	put := func(width int) {
		if used+width > 64 {
			word, used = word+1, 0
		}
		places = append(places, place{uint8(word), uint8(used), uint8(width)})
		used += width
	}
	for _, c := range cross {
		if c >= 0 && c < len(s.Columns) && s.Columns[c].Kind == Number {
			put(numberBits)
		} else {
			put(categoryBits)
		}
	}
	if len(s.Filters) > 0 {
		put(maskBits)
	}
	if word >= keyWords {
		return nil, fmt.Errorf("%d columns are too many to cross", len(cross))
	}
	return places, nil
}

func (p place) get(k *key) uint32 { return uint32(k[p.word] >> p.shift & (1<<p.width - 1)) }

// counter counts keys, and sums weights if it has them.
type counter struct {
	places []place
	slots  []slot // a power of two, at least twice as many as keys
	keys   int
	w, w2  []float64 // as slots; nil without weights
	dense  dense
}

type slot struct {
	key key
	n   int64
}

func newCounter(places []place, weighted bool) *counter {
	c := &counter{places: places, slots: make([]slot, 256)}
	if weighted {
		c.w, c.w2 = make([]float64, len(c.slots)), make([]float64, len(c.slots))
	}
	return c
}

func hash(k *key) uint64 {
	h := k[0]*0x9e3779b97f4a7c15 ^ bits.RotateLeft64(k[1]*0xd6e8feb86659fd93, 31) ^ bits.RotateLeft64(k[2]*0xff51afd7ed558ccd, 17)
	return h ^ h>>32
}

// at returns the index of the key's slot, which it may have to make; ok is false where there would be too many.
func (c *counter) at(k *key) (i uint64, ok bool) {
	mask := uint64(len(c.slots) - 1)
	for i = hash(k); ; i++ {
		s := &c.slots[i&mask]
		if s.key == *k && s.n != 0 {
			return i & mask, true
		}
		if s.n == 0 {
			break
		}
	}
	if c.keys == maxCells {
		return 0, false
	}
	if 2*(c.keys+1) > len(c.slots) {
		c.grow()
		return c.at(k)
	}
	c.keys++
	c.slots[i&mask].key = *k
	return i & mask, true
}

func (c *counter) grow() {
	old, w, w2 := c.slots, c.w, c.w2
	c.slots = make([]slot, 2*len(old))
	if w != nil {
		c.w, c.w2 = make([]float64, len(c.slots)), make([]float64, len(c.slots))
	}
	mask := uint64(len(c.slots) - 1)
	for j, s := range old {
		if s.n == 0 {
			continue
		}
		i := hash(&s.key)
		for c.slots[i&mask].n != 0 {
			i++
		}
		c.slots[i&mask] = s
		if w != nil {
			c.w[i&mask], c.w2[i&mask] = w[j], w2[j]
		}
	}
}
