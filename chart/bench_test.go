package chart_test

import (
	"io"
	"testing"
)

func BenchmarkPNG(b *testing.B) {
	f := losses()
	for b.Loop() {
		if err := f.WritePNG(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSVG(b *testing.B) {
	f := losses()
	for b.Loop() {
		if err := f.WriteSVG(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
