package conv

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/kernel/bf16"
	"github.com/atelier-go/atelier/cpu/internal/par"
)

// layers are convolutions of VGG-19 at 512 pixels, of ResNet-18 on CIFAR pictures at batch 128, and of other networks.
var layers = []struct {
	name string
	spec Spec
}{
	{"vgg512-conv1_1", spec(1, 512, 512, 3, 3, 3, 64, 1, 1, 1, 1)},
	{"vgg512-conv1_2", spec(1, 512, 512, 64, 3, 3, 64, 1, 1, 1, 1)},
	{"vgg512-conv2_1", spec(1, 256, 256, 64, 3, 3, 128, 1, 1, 1, 1)},
	{"vgg512-conv2_2", spec(1, 256, 256, 128, 3, 3, 128, 1, 1, 1, 1)},
	{"vgg512-conv3_1", spec(1, 128, 128, 128, 3, 3, 256, 1, 1, 1, 1)},
	{"vgg512-conv3_2", spec(1, 128, 128, 256, 3, 3, 256, 1, 1, 1, 1)},
	{"vgg512-conv4_1", spec(1, 64, 64, 256, 3, 3, 512, 1, 1, 1, 1)},
	{"vgg512-conv4_2", spec(1, 64, 64, 512, 3, 3, 512, 1, 1, 1, 1)},
	{"vgg512-conv5_1", spec(1, 32, 32, 512, 3, 3, 512, 1, 1, 1, 1)},
	{"vgg256-conv1_1", spec(1, 256, 256, 3, 3, 3, 64, 1, 1, 1, 1)},
	{"vgg256-conv5_1", spec(1, 16, 16, 512, 3, 3, 512, 1, 1, 1, 1)},
	{"resnet-stem", spec(128, 32, 32, 3, 3, 3, 64, 1, 1, 1, 1)},
	{"resnet-64", spec(128, 32, 32, 64, 3, 3, 64, 1, 1, 1, 1)},
	{"resnet-128", spec(128, 16, 16, 128, 3, 3, 128, 1, 1, 1, 1)},
	{"resnet-256", spec(128, 8, 8, 256, 3, 3, 256, 1, 1, 1, 1)},
	{"resnet-512", spec(128, 4, 4, 512, 3, 3, 512, 1, 1, 1, 1)},
	{"resnet-128s2", spec(128, 32, 32, 64, 3, 3, 128, 2, 1, 1, 1)},
	{"resnet-256s2", spec(128, 16, 16, 128, 3, 3, 256, 2, 1, 1, 1)},
	{"resnet-512s2", spec(128, 8, 8, 256, 3, 3, 512, 2, 1, 1, 1)},
	{"resnet-128short", spec(128, 32, 32, 64, 1, 1, 128, 2, 1, 0, 1)},
	{"resnet-256short", spec(128, 16, 16, 128, 1, 1, 256, 2, 1, 0, 1)},
	{"resnet-512short", spec(128, 8, 8, 256, 1, 1, 512, 2, 1, 0, 1)},
	{"imagenet-stem", spec(8, 224, 224, 3, 7, 7, 64, 2, 1, 3, 1)},
	{"mobilenet-stem", spec(8, 224, 224, 3, 3, 3, 32, 2, 1, 1, 1)},
	{"decoder-image", spec(1, 256, 256, 64, 3, 3, 3, 1, 1, 1, 1)},
	{"depthwise", spec(1, 128, 128, 128, 3, 3, 128, 1, 1, 1, 128)},
	{"depthwise-s2", spec(1, 128, 128, 128, 3, 3, 128, 2, 1, 1, 128)},
	{"pointwise", spec(1, 128, 128, 128, 1, 1, 128, 1, 1, 0, 1)},
}

// BenchmarkConv reports GFLOP/s counted as direct convolution, on two threads. An algorithm in brackets is forced.
func BenchmarkConv(b *testing.B) {
	for _, layer := range layers {
		s := layer.spec
		for s.Form = Forward; s.Form <= KernelGradient; s.Form++ {
			for _, l := range isa.Available()[1:] {
				for _, algorithm := range append([]string{""}, Algorithms...) {
					if algorithm != "" && (!Accepts(s, algorithm) || algorithm == "gather" && s.empty()) {
						continue
					}
					name := fmt.Sprintf("layer=%s/form=%v/isa=%v/alg=%s", layer.name, s.Form, l, algorithm)
					b.Run(name, func(b *testing.B) { benchmark(b, s, l, Options{Algorithm: algorithm}) })
				}
				if bf16.For(l) != nil {
					name := fmt.Sprintf("layer=%s/form=%v/isa=%v/alg=bf16", layer.name, s.Form, l)
					b.Run(name, func(b *testing.B) { benchmark(b, s, l, Options{Precision: isa.BF16}) })
				}
			}
		}
	}
}

func benchmark(b *testing.B, s Spec, l isa.Level, opt Options) {
	const threads = 2
	pool := par.New(threads)
	defer pool.Close()
	rng := rand.New(rand.NewPCG(1, 2))
	na, nb, n := s.sizes()
	x, y, out := random(rng, na), random(rng, nb), make([]float32, n)
	p := NewPlan(s, l, threads, opt)
	scratch := make([]byte, p.ScratchBytes())
	p.Run(pool, x.data(), y.data(), out, scratch, nil)
	b.ReportAllocs()
	for b.Loop() {
		p.Run(pool, x.data(), y.data(), out, scratch, nil)
	}
	b.ReportMetric(s.FLOPs()*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N), "ms/op")
}
