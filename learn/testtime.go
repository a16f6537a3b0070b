package learn

import (
	"context"
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/nn"
)

// TestTime measures the model on several views of each picture, whose logits it averages, besides on the picture itself.
// Its metrics have "tta_valid_" before their names. The weights are those of the last step, not an average of them.
type TestTime struct {
	// Level says which views: 0 none, 1 the picture and its mirror image, 2 besides these, with as much weight together, the
	// two of the picture moved up and left by a pixel and moved down and right, its border mirrored (Jordan, 2024). Level 1
	// takes twice as long as the picture alone, level 2 six times.
	Level int
	Every int // epochs between measurements; zero means only when the run ends, or 1 where Config.Until is one of them
}

// Check knows the levels.
func (t TestTime) Check() error {
	if t.Level < 0 || t.Level > 2 || t.Every < 0 {
		return fmt.Errorf("learn: test-time views of level %d every %d epochs: want level 0, 1 or 2 and a number that is not negative", t.Level, t.Every)
	}
	return nil
}

// measures tells whether it is time at the end of an epoch of the run, from 1.
func (t TestTime) measures(epoch int, runEnds bool) bool {
	return t.Level > 0 && (runEnds || t.Every > 0 && epoch%t.Every == 0)
}

// around builds the mean of the logits of all views.
func (t TestTime) around(forward Forward) Forward {
	if t.Level == 0 {
		return forward
	}
	view := func(scope *model.Scope, x *graph.Node) *graph.Node {
		return forward(scope.Store().RootScope(), x) // anew: a scope's layers can be built once
	}
	mirrored := func(scope *model.Scope, x *graph.Node) *graph.Node {
		return mean(view(scope, x), view(scope, graph.Reverse(x, 2)))
	}
	if t.Level == 1 {
		return mirrored
	}
	return func(scope *model.Scope, x *graph.Node) *graph.Node {
		h, w := x.Shape().Dim(1), x.Shape().Dim(2)
		padded := nn.Pad2D(x, nn.Border(1), nn.PadReflect)
		moved := func(by int) *graph.Node {
			return mirrored(scope, graph.Slice(padded, graph.AxisRange(), graph.AxisRange(by, by+h), graph.AxisRange(by, by+w)))
		}
		return mean(mirrored(scope, x), mean(moved(0), moved(2)))
	}
}

func mean(a, b *graph.Node) *graph.Node { return graph.MulScalar(graph.Add(a, b), 0.5) }

// validateViews measures the views of the validation data.
func (s *session) validateViews(ctx context.Context, loader *data.Loader, values map[string]float64) error {
	return s.validateBy(ctx, s.store, s.config.TestTime.around(s.config.Model.Forward), loader, "tta_valid_", values)
}
