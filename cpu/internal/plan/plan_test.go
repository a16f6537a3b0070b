package plan

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// check fails unless the assignment is valid.
func check(t *testing.T, items []Item, offsets []int, total int) {
	t.Helper()
	if len(offsets) != len(items) {
		t.Fatalf("%d offsets for %d items", len(offsets), len(items))
	}
	for i, a := range items {
		if offsets[i]%Align != 0 || offsets[i] < 0 || offsets[i]+a.Bytes > total {
			t.Fatalf("item %d %+v at %d: outside or misaligned in %d bytes", i, a, offsets[i], total)
		}
		for j, b := range items[:i] {
			if a.Start <= b.End && b.Start <= a.End && offsets[i] < offsets[j]+b.Bytes && offsets[j] < offsets[i]+a.Bytes {
				t.Fatalf("items %d %+v at %d and %d %+v at %d overlap", i, a, offsets[i], j, b, offsets[j])
			}
		}
	}
	if bound := MaxLive(items); total < bound {
		t.Fatalf("total %d below the lower bound %d", total, bound)
	}
}

func TestAssignSmall(t *testing.T) {
	for _, c := range []struct {
		name  string
		items []Item
		total int
	}{
		{"none", nil, 0},
		{"empty item", []Item{{0, 3, 0}}, 0},
		{"rounded up", []Item{{0, 0, 1}}, Align},
		{"one after the other", []Item{{0, 1, 640}, {2, 3, 640}}, 640},
		{"touching lifetimes conflict", []Item{{0, 2, 640}, {2, 3, 640}}, 1280},
		{"chain", []Item{{0, 1, 256}, {1, 2, 128}, {2, 3, 256}, {3, 4, 128}}, 384},
		{"gap is reused", []Item{{0, 9, 64}, {0, 3, 256}, {4, 9, 128}, {4, 9, 128}}, 320},
	} {
		offsets, total := Assign(c.items)
		check(t, c.items, offsets, total)
		if total != c.total {
			t.Errorf("%s: total %d, want %d", c.name, total, c.total)
		}
	}
}

// training is the trace of a network's training step: activations that wait for their gradient, gradients that die
// after the next, and small statistics between.
func training(layers int) []Item {
	var items []Item
	last := 4*layers + 3
	for i := range layers {
		size := 1 << 20 >> (i * 4 / layers)
		items = append(items,
			Item{2 * i, last - 2*i, size},                  // activation
			Item{2*i + 1, 2*i + 2, size},                   // temporary
			Item{2 * i, last - 2*i, 256},                   // statistics
			Item{last - 2*i - 2, last - 2*i, size},         // gradient of the activation
			Item{last - 2*i - 1, last - 2*i - 1, 36 << 10}, // gradient of the weights
		)
	}
	return items
}

func TestNearLowerBound(t *testing.T) {
	for _, layers := range []int{1, 4, 18, 50, 152} {
		items := training(layers)
		offsets, total := Assign(items)
		check(t, items, offsets, total)
		if bound := MaxLive(items); float64(total) > 1.05*float64(bound) {
			t.Errorf("%d layers: %d bytes, lower bound %d", layers, total, bound)
		}
	}
}

func TestAssignRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		items := make([]Item, r.IntN(80))
		for i := range items {
			start := r.IntN(50)
			items[i] = Item{start, start + r.IntN(20), r.IntN(5000)}
		}
		offsets, total := Assign(items)
		check(t, items, offsets, total)
	}
}

func FuzzAssign(f *testing.F) {
	f.Add([]byte{0, 3, 10, 1, 1, 200})
	f.Fuzz(func(t *testing.T, b []byte) {
		var items []Item
		for ; len(b) >= 3 && len(items) < 200; b = b[3:] {
			items = append(items, Item{int(b[0]), int(b[0]) + int(b[1]), 17 * int(b[2])})
		}
		offsets, total := Assign(items)
		check(t, items, offsets, total)
	})
}

func BenchmarkAssign(b *testing.B) {
	for _, n := range []int{500, 5000} {
		items := training(n / 5)
		b.Run(fmt.Sprintf("items=%d", n), func(b *testing.B) {
			for b.Loop() {
				Assign(items)
			}
			_, total := Assign(items)
			b.ReportMetric(float64(total)/float64(MaxLive(items)), "bytes/bound")
		})
	}
}
