package cpu

import (
	"runtime"
	"strings"
	"testing"
)

func TestProbeChoosesOneLevelAndSaysWhy(t *testing.T) {
	d := Probe()
	if d.Processor == "" || d.Logical < 1 || d.Threads < 1 {
		t.Errorf("Probe() = %+v: it lacks the processor's name or its threads", d)
	}
	if runtime.GOOS == "linux" && (d.Memory < 64<<20 || d.Memory > 1<<50) {
		t.Errorf("%d bytes of memory", d.Memory)
	}
	chosen := 0
	for _, l := range d.Levels {
		if l.Chosen {
			chosen++
		}
		if l.Chosen && !l.Available {
			t.Errorf("%s is chosen but not available", l.Name)
		}
		if l.Reason == "" {
			t.Errorf("%s has no reason", l.Name)
		}
	}
	if chosen != 1 {
		t.Errorf("%d levels are chosen, want 1: %+v", chosen, d.Levels)
	}
}

func TestPeakRefusesWhatCannotBeMeasured(t *testing.T) {
	for _, c := range []struct {
		level   string
		threads int
		want    string
	}{{"sse", 1, "sse"}, {"", 0, "0 threads"}, {"portable", -3, "-3 threads"}} {
		if _, err := Peak(c.level, c.threads); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Peak(%q, %d): error %v, want one with %q", c.level, c.threads, err, c.want)
		}
	}
}
