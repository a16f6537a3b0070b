package bench

import (
	"os"
	"testing"
	"time"

	"github.com/atelier-go/atelier/zoo"
)

// The count of a task's work is that of the network which is built.
func TestLoopTasksAreCountedRight(t *testing.T) {
	for _, task := range loopTasks {
		m, err := task.model()
		if err != nil {
			t.Fatal(err)
		}
		want, err := zoo.Count(testBackend(t), m, task.Side, task.Side, task.Channels)
		if err != nil {
			t.Fatal(err)
		}
		if got := task.forwardMACs(3); got != 3*float64(want.MACs) {
			t.Errorf("%s: %v multiplications for 3 pictures, the network has %v", task.Name, got, 3*want.MACs)
		}
	}
	if got, want := loopTasks[0].stepMACs(128), resnetStepMACs(128); got != want {
		t.Errorf("a step of the loop's ResNet-18 has %v multiplications, that of resnet18=128 %v", got, want)
	}
}

// A loop does one training step for each step it is asked for, and leaves nothing behind.
func TestLoopStepsWhenAsked(t *testing.T) {
	p, err := startLoop(testBackend(t), loopTasks[1], 2)
	if err != nil {
		t.Fatal(err)
	}
	l := p.(*loop)
	for n := 1; n <= 3; n++ {
		if err := l.step(); err != nil {
			t.Fatal(err)
		}
		if got := l.learner.Step(); got != n {
			t.Errorf("%d steps done, want %d", got, n)
		}
	}
	l.close()
	if _, err := os.Stat(l.dir); !os.IsNotExist(err) {
		t.Errorf("the folder of the run is still there: %v", err)
	}
}

// A loop that was never asked for a step can be closed.
func TestLoopClosesUnused(t *testing.T) {
	p, err := startLoop(testBackend(t), loopTasks[1], 2)
	if err != nil {
		t.Fatal(err)
	}
	p.close()
}

// BenchmarkLoop makes a step of a training loop and then the same compiled step on a fixed batch, in turn, and reports
// the pictures per second of both and the loop's part of the step's.
func BenchmarkLoop(b *testing.B) {
	const batch = 128
	for _, task := range loopTasks {
		b.Run(task.Name, func(b *testing.B) {
			run, err := startLoop(testBackend(b), task, batch)
			if err != nil {
				b.Fatal(err)
			}
			defer run.close()
			bare, err := buildBare(testBackend(b), task, batch)
			if err != nil {
				b.Fatal(err)
			}
			defer bare.close()
			var loops, steps, ratios []float64
			for warm := true; b.Loop(); {
				loop, step := secondsOf(b, run), secondsOf(b, bare)
				if warm {
					loop, step, warm = secondsOf(b, run), secondsOf(b, bare), false
				}
				loops, steps, ratios = append(loops, loop), append(steps, step), append(ratios, step/loop)
			}
			b.ReportMetric(batch/summarize(loops).Median, "loop-pictures/s")
			b.ReportMetric(batch/summarize(steps).Median, "step-pictures/s")
			b.ReportMetric(summarize(ratios).Median, "loop/step")
		})
	}
}

func secondsOf(b *testing.B, p program) float64 {
	start := time.Now()
	if err := p.step(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start).Seconds()
}
