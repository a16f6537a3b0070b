package conv

import (
	"strings"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/isa"
)

// Grey pictures are a first layer, not a depthwise convolution of one channel, whose kernels would compute one product at
// a time.
func TestChoiceOfOneInputChannel(t *testing.T) {
	for _, c := range []struct {
		form         Form
		out, groups  int
		channels     int
		want, number string
	}{
		{Forward, 16, 1, 1, "shallow", "many channels of one"},
		{KernelGradient, 16, 1, 1, "shallow", "many channels of one"},
		{Forward, 1, 1, 1, "narrow", "one of one"},
		{Forward, 32, 32, 32, "direct", "one of each"},
		{InputGradient, 32, 32, 32, "direct", "one of each"},
		{KernelGradient, 32, 32, 32, "direct", "one of each"},
	} {
		s := spec(2, 9, 9, c.channels, 3, 3, c.out, 1, 1, 1, c.groups)
		s.Form = c.form
		if got := NewPlan(s, isa.Portable, 1, Options{}).Algorithm(); !strings.HasPrefix(got, c.want) {
			t.Errorf("%v, %s: %s, want %s", s, c.number, got, c.want)
		}
	}
}
