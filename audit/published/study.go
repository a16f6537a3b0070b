package published

import (
	"fmt"
	"math"
)

// Options says where data are.
type Options struct {
	// Data is a folder that may have compas_for_aequitas.csv and imsitu_gender_ratio_dev.csv. Empty means there are none.
	Data string
}

// A Study is one publication and what was recomputed of it.
type Study struct {
	Name   string  `json:"name"`
	Source string  `json:"source"`
	Checks []Check `json:"checks"`
	// Missing says what could not be checked for want of data; empty if nothing.
	Missing string `json:"missing,omitempty"`
}

// A Check is one printed number.
type Check struct {
	Name string  `json:"name"`
	Want float64 `json:"want"` // as printed
	Got  float64 `json:"got"`  // as computed
	// Tolerance is half a unit of the last digit that was printed, or of a simulation what chance explains.
	Tolerance float64 `json:"tolerance"`
	OK        bool    `json:"ok"`
}

// rounding allows for decimal numbers that are halfway between two.
const rounding = 1e-9

func (s *Study) check(name string, want, got, tolerance float64) {
	s.Checks = append(s.Checks, Check{name, want, got, tolerance, math.Abs(got-want) <= tolerance+rounding})
}

// Passed is how many checks passed.
func (s Study) Passed() (n int) {
	for _, c := range s.Checks {
		if c.OK {
			n++
		}
	}
	return n
}

// Failed lists the checks that did not pass.
func (s Study) Failed() (failed []Check) {
	for _, c := range s.Checks {
		if !c.OK {
			failed = append(failed, c)
		}
	}
	return failed
}

// Run recomputes all studies. The error is about data that are there but cannot be read; numbers that differ are no error
// but checks that are not OK.
func Run(o Options) ([]Study, error) {
	var studies []Study
	for _, study := range []func(Options) (Study, error){GenderShades, COMPAS, ImSitu, Directional, Urns} {
		s, err := study(o)
		if err != nil {
			return nil, fmt.Errorf("published: %s: %w", s.Name, err)
		}
		studies = append(studies, s)
	}
	return studies, nil
}
