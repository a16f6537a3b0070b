package learn_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/learn"
)

var nan = float32(math.NaN())

func TestMetrics(t *testing.T) {
	logits := []float32{
		3, 2, 1, 0,
		0, 0, 0, 0, // ties: the first class counts
		1, 2, 3, 4,
		nan, 1, 0, 0,
	}
	labels := []int32{0, 1, 1, 1}
	for _, c := range []struct {
		metric learn.Metric
		want   float64
	}{
		{learn.Accuracy{}, 1. / 4},
		{learn.TopK{K: 2}, 3. / 4},
		{learn.TopK{K: 3}, 1},
		{learn.TopK{}, 1},
		{learn.Confusion{}, 0},
	} {
		a := c.metric.Start()
		if v := a.Value(); !math.IsNaN(v) {
			t.Errorf("%s of nothing is %v, want NaN", c.metric.Name(), v)
		}
		a.Add(logits[:8], 4, labels[:2])
		// A measurement goes on from its JSON.
		text, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		b := c.metric.Start()
		if err := json.Unmarshal(text, b); err != nil {
			t.Fatal(err)
		}
		b.Add(logits[8:], 4, labels[2:])
		if v := b.Value(); v != c.want {
			t.Errorf("%s is %v, want %v", c.metric.Name(), v, c.want)
		}
	}
}

func TestConfusionTable(t *testing.T) {
	a := learn.Confusion{Classes: []string{"cat", "dog"}}.Start().(*learn.ConfusionCounts)
	a.Add([]float32{1, 0, 0, 1, 1, 0}, 2, []int32{0, 0, 1})
	if a.Counts[0][0] != 1 || a.Counts[0][1] != 1 || a.Counts[1][0] != 1 || a.Counts[1][1] != 0 {
		t.Errorf("counts %v", a.Counts)
	}
	if s := a.String(); strings.Count(s, "\n") != 3 || !strings.Contains(s, "dog") {
		t.Errorf("table\n%s", s)
	}
}
