// Package plan places values that live at different times in one block of memory.
package plan

import (
	"cmp"
	"slices"
)

// Align is the alignment of every offset in bytes: one cache line.
const Align = 64

// Item is a value that needs Bytes of memory from step Start to step End, both inclusive.
type Item struct{ Start, End, Bytes int }

// Assign gives every item an offset, a multiple of Align, such that items that live at the same time do not overlap,
// and returns the size of the block that holds them all. Items of no bytes get offset 0.
//
// Finding the smallest block is NP-hard. Assign places items one at a time, each in the tightest gap left by those
// placed before that live at the same time; it does so in up to three orders (largest first, largest area of bytes by
// steps first, earliest first) and keeps the best result, stopping early when one meets the lower bound. The result
// is a function of the items alone.
func Assign(items []Item) (offsets []int, total int) {
	bound := MaxLive(items)
	total = -1
	for _, order := range orders {
		o, t := place(items, order)
		if total < 0 || t < total {
			offsets, total = o, t
		}
		if total <= bound {
			break
		}
	}
	return offsets, total
}

// MaxLive is the most memory in bytes that is alive at any step, each item rounded up to Align: no assignment needs
// less.
func MaxLive(items []Item) int {
	type event struct{ step, bytes int }
	events := make([]event, 0, 2*len(items))
	for _, it := range items {
		events = append(events, event{it.Start, aligned(it.Bytes)}, event{it.End + 1, -aligned(it.Bytes)})
	}
	// At equal steps memory is released before it is taken.
	slices.SortFunc(events, func(a, b event) int {
		return cmp.Or(cmp.Compare(a.step, b.step), cmp.Compare(a.bytes, b.bytes))
	})
	live, most := 0, 0
	for _, e := range events {
		live += e.bytes
		most = max(most, live)
	}
	return most
}

func aligned(n int) int { return (n + Align - 1) / Align * Align }

// orders in which items are placed; equal items keep the order they are given in.
var orders = []func(a, b Item) int{
	func(a, b Item) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(b.End-b.Start, a.End-a.Start), cmp.Compare(a.Start, b.Start))
	},
	func(a, b Item) int {
		return cmp.Compare(float64(b.Bytes)*float64(b.End-b.Start+1), float64(a.Bytes)*float64(a.End-a.Start+1))
	},
	func(a, b Item) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.Bytes, a.Bytes))
	},
}

// placed is an item with its place.
type placed struct{ start, end, lo, hi int }

func place(items []Item, order func(a, b Item) int) (offsets []int, total int) {
	index := make([]int, len(items))
	for i := range index {
		index[i] = i
	}
	slices.SortStableFunc(index, func(a, b int) int { return order(items[a], items[b]) })
	offsets = make([]int, len(items))
	var done []placed // by lo
	for _, i := range index {
		it := items[i]
		size := aligned(it.Bytes)
		if size == 0 {
			continue
		}
		lo := tightestGap(done, it, size)
		offsets[i] = lo
		total = max(total, lo+size)
		at, _ := slices.BinarySearchFunc(done, lo, func(p placed, lo int) int { return cmp.Compare(p.lo, lo) })
		done = slices.Insert(done, at, placed{it.Start, it.End, lo, lo + size})
	}
	return offsets, total
}

// tightestGap is the start of the smallest gap of at least size bytes between the placed items that live while it
// does; what lies above them all is the last resort.
func tightestGap(done []placed, it Item, size int) int {
	best, bestGap, top := -1, 0, 0
	for _, p := range done {
		if p.end < it.Start || it.End < p.start {
			continue
		}
		if gap := p.lo - top; gap >= size && (best < 0 || gap < bestGap) {
			best, bestGap = top, gap
		}
		top = max(top, p.hi)
	}
	if best < 0 {
		return top
	}
	return best
}
