package data

import (
	"context"
	"testing"
)

func TestSmoke(t *testing.T) {
	l := &Loader{Dataset: Shapes{N: 100}, Batch: 16, Shuffle: true, Transforms: []Transform{RandomCrop{Pad: 4}, Flip{}, Rotate{10}, ColorJitter{.2, .2, .2}, Cutout{Size: 8}, RandomResizedCrop{Size: 24}}, Mixup: Mixup{0.2}}
	s := l.Open(context.Background(), 3)
	defer s.Close()
	for range 20 {
		b, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		s.Release(b)
	}
}
