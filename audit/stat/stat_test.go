package stat_test

import (
	"math"
	"testing"

	"github.com/atelier-go/atelier/audit/stat"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %.12g, want %.12g", what, got, want)
	}
}

// The published intervals: COMPAS and Gender Shades to the digits that are printed, Newcombe's own examples.
func TestPublishedIntervals(t *testing.T) {
	for _, c := range []struct {
		name      string
		k, n      float64
		low, high float64
	}{
		{"COMPAS FPR African-American", 805, 1795, 0.4256, 0.4716},
		{"COMPAS FPR Caucasian", 349, 1488, 0.2137, 0.2567},
		{"COMPAS FNR African-American", 532, 1901, 0.2601, 0.3005},
		{"COMPAS FNR Caucasian", 461, 966, 0.4459, 0.5088},
		{"COMPAS FPR Asian", 2, 23, 0.0242, 0.2680},
		{"COMPAS FPR Native American", 3, 8, 0.1368, 0.6943},
		{"Gender Shades Microsoft DF", 55, 264, 0.1637, 0.2613},
		{"Gender Shades Microsoft LM", 0, 385, 0, 0.0099},
		{"Gender Shades IBM LM", 1, 385, 0.0005, 0.0146},
		{"Newcombe 1998, 81 of 263", 81, 263, 0.2553, 0.3662},
		{"Newcombe 1998, 15 of 148", 15, 148, 0.0624, 0.1605},
		{"Newcombe 1998, 0 of 20", 0, 20, 0, 0.1611},
		{"Newcombe 1998, 1 of 29", 1, 29, 0.0061, 0.1718},
	} {
		low, high := stat.Wilson(c.k, c.n, 0.95)
		near(t, c.name+" low", low, c.low, 5.001e-5)
		near(t, c.name+" high", high, c.high, 5.001e-5)
	}
	low, high := stat.Newcombe(805, 1795, 349, 1488, 0.95)
	near(t, "COMPAS FPR difference low", low, 0.1821, 5e-5)
	near(t, "COMPAS FPR difference high", high, 0.2450, 5e-5)
	low, high = stat.Newcombe(532, 1901, 461, 966, 0.95)
	near(t, "COMPAS FNR difference low", low, -0.2346, 5e-5)
	near(t, "COMPAS FNR difference high", high, -0.1599, 5e-5)
	low, high = stat.Newcombe(56, 70, 48, 80, 0.95) // Newcombe 1998, table II, example a
	near(t, "56/70 - 48/80 low", low, 0.0524, 5e-5)
	near(t, "56/70 - 48/80 high", high, 0.3339, 5e-5)
	low, high = stat.Newcombe(9, 10, 3, 10, 0.95) // example b
	near(t, "9/10 - 3/10 low", low, 0.1705, 5e-5)
	near(t, "9/10 - 3/10 high", high, 0.8090, 5e-5)
	low, high = stat.Katz(805, 1795, 349, 1488, 0.95)
	near(t, "COMPAS FPR ratio low", low, 1.721, 5e-4)
	near(t, "COMPAS FPR ratio high", high, 2.124, 5e-4)
	low, high = stat.Katz(461, 966, 532, 1901, 0.95)
	near(t, "COMPAS FNR ratio low", low, 1.546, 5e-4)
	near(t, "COMPAS FNR ratio high", high, 1.880, 5e-4)
	_, high = stat.ClopperPearson(0, 385, 0.95)
	near(t, "0 of 385 exact", high, 0.00954, 5e-6)
	near(t, "0 of 385 exact in closed form", high, 1-math.Pow(0.025, 1.0/385), 1e-14)
	chi, _ := stat.ChiSquare(805, 1795, 349, 1488)
	near(t, "COMPAS FPR chi2", chi, 163.34, 5e-3)
	chi, p := stat.ChiSquare(1369, 2174, 505, 854)
	near(t, "COMPAS PPV chi2", chi, 3.83, 5e-3)
	near(t, "COMPAS PPV p", p, 0.0504, 5e-5)
	for name, c := range map[string]struct {
		k1, n1 int64
		k2, n2 int64
		p      float64
	}{"Microsoft": {55, 264, 0, 385, 8.1e-24}, "Face++": {89, 258, 3, 385, 4.0e-36}, "IBM": {94, 271, 1, 385, 6.0e-40}} {
		if p := stat.Fisher(c.k1, c.n1, c.k2, c.n2); math.Abs(p/c.p-1) > 0.02 {
			t.Errorf("%s: Fisher's p = %.3g, want %.2g", name, p, c.p)
		}
	}
}
