package schedule_test

import (
	"slices"
	"testing"

	"github.com/atelier-go/atelier/schedule"
)

func TestLengths(t *testing.T) {
	for _, c := range []struct {
		name   string
		epochs []float64
		steps  []int
		want   []int
	}{
		{"phases_sgdr(2, 1, 2) on 782 batches", []float64{1. / 20, 19. / 20, 2}, []int{782, 782, 782}, []int{40, 742, 1564}},
		{"float sum above a whole number", []float64{0.9, 0.1}, []int{782, 782}, []int{704, 78}},
		{"phases_1cycle(3, pct 10)", []float64{1.35, 1.35, 3 - 2.7}, []int{782, 782, 782}, []int{1056, 1056, 234}},
		{"other data in each phase", []float64{0.5, 1.5}, []int{100, 200}, []int{50, 300}},
		{"three phases that lose their third in fastai", []float64{1.1, 1.1, 1.1}, []int{50, 60, 70}, []int{55, 66, 77}},
		{"at least one step", []float64{0.001, 0.001, 1}, []int{10, 10, 10}, []int{1, 1, 9}},
		{"in steps", []float64{7, 1000}, []int{1, 1}, []int{7, 1000}},
		{"none", nil, nil, []int{}},
	} {
		got, err := schedule.Lengths(c.epochs, c.steps)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v, want %v", c.name, got, err, c.want)
		}
	}
}
