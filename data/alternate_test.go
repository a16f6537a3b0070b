package data

import (
	"context"
	"slices"
	"testing"
)

// flipped tells, for each picture of an epoch, whether it came mirrored.
func flipped(t *testing.T, l *Loader, epoch int) []bool {
	t.Helper()
	s := l.OpenEpoch(context.Background(), epoch)
	defer s.Close()
	out := make([]bool, l.Dataset.Len())
	for range l.StepsPerEpoch() {
		b, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		for k, i := range b.Indices {
			out[i] = b.example(k)[0] > b.example(k)[1]
		}
		s.Release(b)
	}
	return out
}

// Every picture comes the other way in every other epoch, whatever the order; the first way is chance, and the seed's.
func TestAlternateFlip(t *testing.T) {
	m := &Memory{ClassNames: []string{"a"}}
	for range 400 {
		m.Pictures, m.Labels = append(m.Pictures, Picture{H: 1, W: 2, C: 1, Pix: []uint8{0, 255}}), append(m.Labels, 0)
	}
	l := &Loader{Dataset: m, Batch: 32, Shuffle: true, Seed: 5, Transforms: []Transform{Flip{Alternate: true}}}
	first := flipped(t, l, 0)
	count := 0
	for _, f := range first {
		if f {
			count++
		}
	}
	if count < 150 || count > 250 {
		t.Errorf("%d of 400 pictures are mirrored in the first epoch", count)
	}
	for epoch := range 5 {
		for i, f := range flipped(t, l, epoch) {
			if f != (first[i] != (epoch%2 == 1)) {
				t.Fatalf("epoch %d: picture %d is mirrored: %v, in the first epoch %v", epoch, i, f, first[i])
			}
		}
	}
	l.Seed = 6
	if slices.Equal(flipped(t, l, 0), first) {
		t.Error("another seed mirrors the same pictures")
	}
	l.Transforms = []Transform{Flip{}}
	odd := 0
	a, b := flipped(t, l, 0), flipped(t, l, 1)
	for i := range a {
		if a[i] == b[i] {
			odd++
		}
	}
	if odd < 150 || odd > 250 {
		t.Errorf("without Alternate %d of 400 pictures come the same way twice", odd)
	}
}
