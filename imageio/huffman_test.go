package imageio

import (
	"container/heap"
	"math/rand/v2"
	"sort"
	"testing"
)

type weights struct{ sort.IntSlice }

func (w *weights) Push(v any) { w.IntSlice = append(w.IntSlice, v.(int)) }

func (w *weights) Pop() any {
	n := len(w.IntSlice) - 1
	v := w.IntSlice[n]
	w.IntSlice = w.IntSlice[:n]
	return v
}

// best is the number of bits that Huffman's own algorithm takes, with a symbol that never occurs.
func best(frequency *[256]int) (bits int) {
	w := &weights{}
	heap.Push(w, 0)
	for _, n := range frequency {
		if n > 0 {
			heap.Push(w, n)
		}
	}
	for w.Len() > 1 {
		sum := heap.Pop(w).(int) + heap.Pop(w).(int)
		bits += sum
		heap.Push(w, sum)
	}
	return bits
}

// Codes are prefix codes, none longer than 16 bits or of ones alone, and as short as can be where 16 bits limit nothing.
func TestHuffman(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for trial := range 100 {
		var frequency [256]int
		symbols := []int{0, 1, 2, 3, 12, 40, 162, 256}[trial%8]
		a, b := 1, 1
		for _, v := range r.Perm(256)[:symbols] {
			switch trial / 8 % 3 {
			case 0:
				frequency[v] = 1 + r.IntN(1000)
			case 1:
				frequency[v] = 1
			case 2: // Fibonacci's numbers make the longest codes
				frequency[v] = a
				if a < 1<<30 {
					a, b = b, a+b
				}
			}
		}
		h := newHuffman(&frequency)
		total := 0
		space := 0 // of codes, in 1/65536
		for v, n := range frequency {
			if n == 0 {
				continue
			}
			length := int(h.bits[v])
			if length < 1 || length > 16 {
				t.Fatalf("trial %d: code of %d has %d bits", trial, v, length)
			}
			if int(h.code[v]) == 1<<length-1 {
				t.Fatalf("trial %d: code of %d is of ones alone", trial, v)
			}
			total += n * length
			space += 1 << (16 - length)
			for u, m := range frequency {
				if u != v && m > 0 && int(h.bits[u]) >= length && h.code[u]>>(int(h.bits[u])-length) == h.code[v] {
					t.Fatalf("trial %d: code of %d begins that of %d", trial, v, u)
				}
			}
		}
		if space >= 65536 {
			t.Errorf("trial %d: the codes leave none for the symbol that never occurs", trial)
		}
		if want := best(&frequency); trial/8%3 != 2 && total > want {
			t.Errorf("trial %d: %d bits, want %d", trial, total, want)
		}
		if count := 0; symbols > 0 {
			for _, n := range h.counts {
				count += int(n)
			}
			if count != symbols || len(h.values) != symbols {
				t.Errorf("trial %d: the table has %d codes and %d values, want %d", trial, count, len(h.values), symbols)
			}
		}
	}
}
