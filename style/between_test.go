package style_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/atelier-go/atelier/style"
)

// Interrupted between two scales, too, a painting goes on to the same bits.
func TestInterruptedBetweenScales(t *testing.T) {
	for _, optimizer := range style.Optimizers {
		o := small(t)
		o.Optimizer = optimizer
		want := paint(t, o, nil)
		o.State = filepath.Join(t.TempDir(), "state")
		ctx, cancel := context.WithCancel(context.Background())
		part, err := style.Paint(ctx, o, func(s style.Step) error {
			if s.Scale == 1 && s.Iteration == s.Iterations {
				cancel()
			}
			return nil
		})
		cancel()
		if !errors.Is(err, context.Canceled) || part == nil || part.Picture.H == 0 {
			t.Fatalf("%s: interrupted: %+v, %v", optimizer, part, err)
		}
		got := paint(t, o, nil)
		if !got.Resumed || len(got.Scales) != len(want.Scales) || !slices.Equal(got.Picture.Pixels, want.Picture.Pixels) {
			t.Errorf("%s: resumed (%v), the painting is another", optimizer, got.Resumed)
		}
	}
}
