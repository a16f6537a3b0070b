package data

import (
	"context"
	"fmt"
	"testing"
)

// benchLoader measures pictures per second of one worker, which is what one processor can do.
func benchLoader(b *testing.B, l *Loader) {
	b.Helper()
	l.Batch, l.Shuffle, l.DropLast, l.Workers = 64, true, true, 1
	s := l.Open(context.Background(), 0)
	defer s.Close()
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		batch, err := s.Next()
		if err != nil {
			b.Fatal(err)
		}
		n += batch.N
		s.Release(batch)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "images/s")
}

func BenchmarkLoader(b *testing.B) {
	usual := []Transform{RandomCrop{Pad: 4}, Flip{}}
	b.Run("data=FashionMNIST/crop+flip", func(b *testing.B) {
		benchLoader(b, &Loader{Dataset: fashion(b, true), Transforms: usual})
	})
	b.Run("data=CIFAR10JPEG/none", func(b *testing.B) {
		benchLoader(b, &Loader{Dataset: openShared(b, "cifar10-jpeg/cifar10-jpeg.zip", FilesOptions{Dir: "train"})})
	})
	b.Run("data=CIFAR10JPEG/crop+flip", func(b *testing.B) {
		benchLoader(b, &Loader{Dataset: openShared(b, "cifar10-jpeg/cifar10-jpeg.zip", FilesOptions{Dir: "train"}), Transforms: usual})
	})
	b.Run("data=CIFAR10JPEG/dawn", func(b *testing.B) {
		benchLoader(b, &Loader{Dataset: openShared(b, "cifar10-jpeg/cifar10-jpeg.zip", FilesOptions{Dir: "train"}),
			Transforms: []Transform{RandomCrop{Pad: 4}, Flip{}, ColorJitter{0.25, 0.25, 0.25}, Rotate{2}}})
	})
	b.Run("data=TinyImageNet20/resizedcrop+flip", func(b *testing.B) {
		benchLoader(b, &Loader{Dataset: openShared(b, "tinyimagenet20/tinyimagenet20.zip", FilesOptions{Dir: "train"}),
			Transforms: []Transform{RandomResizedCrop{Size: 64}, Flip{}}})
	})
	b.Run("data=photos/resizedcrop+flip", func(b *testing.B) {
		benchLoader(b, &Loader{Dataset: openShared(b, "photos/photos1000.zip", FilesOptions{Layout: ByFile}),
			Transforms: []Transform{RandomResizedCrop{Size: 224}, Flip{}}})
	})
}

func BenchmarkTransform(b *testing.B) {
	for _, t := range []buffered{RandomCrop{Pad: 4}, Flip{}, Rotate{10}, ColorJitter{0.2, 0.2, 0.2}, Cutout{Size: 8}, RandomResizedCrop{Size: 32}} {
		b.Run(fmt.Sprintf("%T/32x32x3", t), func(b *testing.B) {
			p, r := noise(1, 32, 32, 3), newRand(1)
			var memory buffers
			b.ReportAllocs()
			for b.Loop() {
				if _, err := t.apply(r, p, &memory); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMixup(b *testing.B) {
	batch := &Batch{}
	batch.reset(0, shape{32, 32, 3}, 64)
	r := newRand(1)
	var partner []int
	b.ReportAllocs()
	for b.Loop() {
		partner = Mixup{Alpha: 0.2}.apply(batch, r, partner)
	}
	b.ReportMetric(float64(64*b.N)/b.Elapsed().Seconds(), "images/s")
}

func BenchmarkShapes(b *testing.B) {
	s := Shapes{N: 1000}
	i := 0
	for b.Loop() {
		if _, err := s.Read(i % s.N); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkSampler(b *testing.B) {
	s := Sampler{N: 60000, Batch: 128, Shuffle: true}
	b.ReportAllocs()
	for b.Loop() {
		s.Indices(100)
	}
}
