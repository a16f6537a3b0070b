package style_test

import (
	"fmt"
	"testing"

	"github.com/atelier-go/atelier/nn"
	"github.com/atelier-go/atelier/style"
	"github.com/atelier-go/atelier/style/embedded"
)

// What a loss with its gradient costs in tiles, by the size of the picture. Per pixel it should be the same: tiles are.
func BenchmarkTiles(b *testing.B) {
	features, err := embedded.Features()
	if err != nil {
		b.Fatal(err)
	}
	features.Edge = nn.PadReplicate
	n := style.NewNetwork(shared, features)
	s := style.Spec{ContentLayers: style.DefaultContentLayers(n), StyleLayers: style.DefaultStyleLayers(n),
		Losses: []style.LossWeight{{Loss: style.Gram, Weight: 1}}, Content: 1, Style: 10, TV: 20}
	targets, err := style.NewTargets(b.Context(), n, s, []style.StyleSource{{Picture: noise(256, 256, 2)}}, style.Tile{})
	if err != nil {
		b.Fatal(err)
	}
	for _, tile := range []style.Tile{{}, {Side: 256}, {Side: 256, Keep: true}} {
		for _, long := range []int{512, 1024, 2048, 4096} {
			b.Run(fmt.Sprintf("tile=%d/keep=%v/size=%d", tile.Side, tile.Keep, long), func(b *testing.B) {
				h, w := long*3/4, long
				targets.Content = noise(h, w, 1)
				o, err := style.NewObjective(b.Context(), n, s, targets, nil, h, w, tile)
				if err != nil {
					b.Fatal(err)
				}
				defer o.Close()
				gradient := make([]float32, h*w*3)
				evaluate := func() {
					if _, err := o.Evaluate(b.Context(), targets.Content.Pixels, gradient); err != nil {
						b.Fatal(err)
					}
				}
				if long < 2048 {
					evaluate() // the first compiles
				}
				for b.Loop() {
					evaluate()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*h*w), "ns/pixel")
			})
		}
	}
}
