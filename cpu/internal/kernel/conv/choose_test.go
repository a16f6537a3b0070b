package conv

import (
	"strings"
	"testing"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/kernel/bf16"
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

// Rounding leaves depthwise convolutions, those into few channels and first layers of short sums to float32, and takes gather
// in place of Winograd's algorithm where its products are many times as fast.
func TestChoiceOfRounded(t *testing.T) {
	vectors, tiles := bf16.Kernels[0], bf16.PortableTiles
	for name, c := range map[string]struct {
		spec Spec
		half *bf16.Kernel
		want [3]string // by form
	}{
		"a picture":       {spec(1, 32, 32, 3, 3, 3, 64, 1, 1, 1, 1), tiles, [3]string{"shallow", "narrow", "shallow"}},
		"a picture, 7x7":  {spec(1, 32, 32, 3, 7, 7, 64, 2, 1, 3, 1), tiles, [3]string{"gather", "columns", "gather"}},
		"by vectors":      {spec(1, 32, 32, 3, 3, 3, 64, 1, 1, 1, 1), vectors, [3]string{"shallow", "narrow", "shallow"}},
		"depthwise":       {spec(1, 9, 9, 32, 3, 3, 32, 1, 1, 1, 32), tiles, [3]string{"direct", "direct", "direct"}},
		"3x3 by tiles":    {spec(1, 32, 32, 64, 3, 3, 64, 1, 1, 1, 1), tiles, [3]string{"gather", "gather", "gather"}},
		"3x3 by vectors":  {spec(1, 32, 32, 64, 3, 3, 64, 1, 1, 1, 1), vectors, [3]string{"winograd", "winograd", "winograd"}},
		"1x1":             {spec(1, 32, 32, 64, 1, 1, 64, 1, 1, 0, 1), tiles, [3]string{"product", "product", "gather"}},
		"3x3 with stride": {spec(1, 32, 32, 64, 3, 3, 64, 2, 1, 1, 1), vectors, [3]string{"gather", "gather", "gather"}},
	} {
		for form, want := range c.want {
			s := c.spec
			s.Form = Form(form)
			got := newPlan(s, isa.Portable, c.half, 1, Options{Precision: isa.BF16}).Algorithm()
			rounds := want != "shallow" && want != "narrow" && want != "columns" && want != "direct"
			if !strings.HasPrefix(got, want) || strings.Contains(got, "bf16") != rounds {
				t.Errorf("%s, %v: %s, want %s, rounded: %v", name, s.Form, got, want, rounds)
			}
		}
	}
}

// With Auto a first layer is rounded where rows of its kernel are long enough to gather.
func TestChoiceWhereRoundingPays(t *testing.T) {
	fast := *bf16.Kernels[0]
	fast.Speed = 2
	for name, c := range map[string]struct {
		spec Spec
		want [3]string // by form, "" for any
	}{
		"7x7":             {spec(1, 32, 32, 3, 7, 7, 64, 2, 1, 3, 1), [3]string{"gather", "columns", "gather"}},
		"3x3, 8 channels": {spec(1, 32, 32, 8, 3, 3, 64, 1, 1, 1, 1), [3]string{"gather", "narrow", "gather"}},
		"of 4 channels":   {spec(1, 32, 32, 64, 3, 3, 4, 1, 1, 1, 1), [3]string{"narrow", "shallow", ""}},
		"of 8 channels":   {spec(1, 32, 32, 64, 3, 3, 8, 1, 1, 1, 1), [3]string{"narrow", "gather", ""}},
		"5x5":             {spec(1, 32, 32, 3, 5, 5, 32, 1, 1, 2, 1), [3]string{"shallow", "narrow", "shallow"}},
		"3x3, 3 channels": {spec(1, 32, 32, 3, 3, 3, 64, 1, 1, 1, 1), [3]string{"shallow", "narrow", "shallow"}},
		"3x3":             {spec(1, 32, 32, 64, 3, 3, 64, 1, 1, 1, 1), [3]string{"winograd", "winograd", "winograd"}},
		"3x3 with stride": {spec(1, 32, 32, 64, 3, 3, 64, 2, 1, 1, 1), [3]string{"gather", "gather", "gather"}},
	} {
		for form, want := range c.want {
			s := c.spec
			if s.Form = Form(form); want == "" {
				continue
			}
			got := newPlan(s, isa.Portable, &fast, 1, Options{Precision: isa.Auto}).Algorithm()
			if !strings.HasPrefix(got, want) || strings.Contains(got, "bf16") != (want == "gather") {
				t.Errorf("%s, %v: %s, want %s", name, s.Form, got, want)
			}
		}
	}
}
