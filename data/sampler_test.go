package data

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// Every epoch has each example once; with DropLast it misses only what does not fill a batch, others each time.
func TestSamplerCoversAnEpoch(t *testing.T) {
	for _, s := range []Sampler{
		{N: 1, Batch: 1}, {N: 1, Batch: 8}, {N: 10, Batch: 3, Shuffle: true}, {N: 12, Batch: 3, Shuffle: true, Seed: 9},
		{N: 10, Batch: 10, Shuffle: true}, {N: 10, Batch: 3}, {N: 10, Batch: 3, Shuffle: true, DropLast: true},
	} {
		steps := s.StepsPerEpoch()
		want := s.N
		if s.DropLast {
			want -= s.N % s.Batch
		}
		for epoch := range 5 {
			seen := map[int]bool{}
			for b := epoch * steps; b < (epoch+1)*steps; b++ {
				indices := s.Indices(b)
				if len(indices) != s.Size(b) || len(indices) == 0 || len(indices) > s.Batch {
					t.Fatalf("%+v: batch %d has %d examples, Size says %d", s, b, len(indices), s.Size(b))
				}
				for _, i := range indices {
					if i < 0 || i >= s.N || seen[i] {
						t.Fatalf("%+v: epoch %d has example %d twice, or it does not exist", s, epoch, i)
					}
					seen[i] = true
				}
			}
			if len(seen) != want {
				t.Errorf("%+v: epoch %d has %d examples, want %d", s, epoch, len(seen), want)
			}
		}
	}
}

func TestSamplerOrders(t *testing.T) {
	s := Sampler{N: 1000, Batch: 1000, Shuffle: true, Seed: 1}
	other := s
	other.Seed = 2
	if !slices.Equal(s.Indices(3), s.Indices(3)) {
		t.Error("the same batch differs")
	}
	if slices.Equal(s.Indices(0), s.Indices(1)) || slices.Equal(s.Indices(0), other.Indices(0)) {
		t.Error("epochs or seeds have the same order")
	}
	s.Shuffle = false
	if !slices.IsSorted(s.Indices(4)) {
		t.Error("without Shuffle the order is not the dataset's")
	}
}

// chiSquare is Pearson's statistic of counts that should be equal.
func chiSquare(counts []int) float64 {
	total := 0
	for _, n := range counts {
		total += n
	}
	mean := float64(total) / float64(len(counts))
	x := 0.0
	for _, n := range counts {
		x += (float64(n) - mean) * (float64(n) - mean) / mean
	}
	return x
}

// checkUniform fails where counts are less alike, or more, than chance makes them in all but one case of a million.
func checkUniform(t *testing.T, what string, counts []int, freedom int) {
	t.Helper()
	// Wilson and Hilferty: (χ²/f)^(1/3) is about normal with mean 1-2/(9f) and variance 2/(9f).
	f := float64(freedom)
	z := (math.Cbrt(chiSquare(counts)/f) - (1 - 2/(9*f))) / math.Sqrt(2/(9*f))
	if math.Abs(z) > 4.9 {
		t.Errorf("%s: chi-square %.1f with %d degrees of freedom, %.1f standard deviations away", what, chiSquare(counts), freedom, z)
	}
}

func TestShufflesHaveNoBias(t *testing.T) {
	for _, seeds := range []bool{false, true} {
		const n, rounds = 4, 24000
		var byPlace [n * n]int
		orders := map[string]int{}
		for k := range rounds {
			s := Sampler{N: n, Batch: n, Shuffle: true}
			epoch := k
			if seeds {
				s.Seed, epoch = uint64(k), 0
			}
			order := s.Indices(epoch)
			orders[fmt.Sprint(order)]++
			for place, i := range order {
				byPlace[place*n+i]++
			}
		}
		var counts []int
		for _, c := range orders {
			counts = append(counts, c)
		}
		if len(counts) != 24 {
			t.Fatalf("%d orders of 4 examples, want 24", len(counts))
		}
		checkUniform(t, fmt.Sprintf("orders, by seed %v", seeds), counts, 23)
		checkUniform(t, fmt.Sprintf("places, by seed %v", seeds), byPlace[:], 9)
	}
}

// Random numbers of neighbouring examples, epochs and seeds are not alike.
func TestExampleStreamsAreIndependent(t *testing.T) {
	r := newReader(&Loader{})
	counts := make([]int, 64)
	for seed := range uint64(20) {
		for epoch := range 20 {
			previous := -1
			for i := range 100 {
				seedPCG(&r.pcg, seed, streamExample, epoch, i)
				v := r.rand.IntN(8)
				if previous >= 0 {
					counts[8*previous+v]++
				}
				previous = v
			}
		}
	}
	checkUniform(t, "pairs of first numbers", counts, 63)
}

func TestSamplerRefuses(t *testing.T) {
	for want, s := range map[string]Sampler{
		"N is 0":                              {Batch: 1},
		"Batch is 0":                          {N: 1},
		"3 examples do not fill a batch of 4": {N: 3, Batch: 4, DropLast: true},
	} {
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error is %v, want %q", s, err, want)
		}
		if n := s.StepsPerEpoch(); n != 0 {
			t.Errorf("%+v: %d steps per epoch, want 0", s, n)
		}
	}
}
