package stat_test

import (
	"math"
	"testing"

	"github.com/atelier-go/atelier/audit/stat"
)

// The intervals by their definitions, with quantiles from printed tables: 1.959964 of the normal, 2.262157 of Student's
// distribution with nine degrees of freedom.
func TestPairedAndStudent(t *testing.T) {
	low, high := stat.BonettPrice(8, 2, 100, .95)
	g, l := 9./102, 3./102
	half := 1.959964 * math.Sqrt((g+l-(g-l)*(g-l))/102)
	if math.Abs(low-(g-l-half)) > 1e-6 || math.Abs(high-(g-l+half)) > 1e-6 {
		t.Errorf("Bonett and Price: [%v, %v], want [%v, %v]", low, high, g-l-half, g-l+half)
	}
	if low, high = stat.BonettPrice(0, 0, 5, .95); !(low < 0 && high > 0) {
		t.Errorf("no row differs: [%v, %v], want 0 inside", low, high)
	}
	if low, high = stat.BonettPrice(1000, 0, 1000, .95); high != 1 || low > 1 {
		t.Errorf("all rows differ: [%v, %v]", low, high)
	}
	for _, bad := range [][3]int64{{1, 1, 0}, {-1, 0, 5}, {3, 3, 5}} {
		if low, high = stat.BonettPrice(bad[0], bad[1], bad[2], .95); !math.IsNaN(low) || !math.IsNaN(high) {
			t.Errorf("%v: [%v, %v], want NaN", bad, low, high)
		}
	}
	low, high = stat.Student([]float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, .95)
	half = 2.262157 * math.Sqrt(82.5/9/10)
	if math.Abs(low-(5.5-half)) > 1e-5 || math.Abs(high-(5.5+half)) > 1e-5 {
		t.Errorf("Student: [%v, %v], want [%v, %v]", low, high, 5.5-half, 5.5+half)
	}
	if low, high = stat.Student([]float64{3}, .95); !math.IsInf(low, -1) || !math.IsInf(high, 1) {
		t.Errorf("one value: [%v, %v], want all numbers", low, high)
	}
	if low, _ = stat.Student(nil, .95); !math.IsNaN(low) {
		t.Errorf("no value: %v, want NaN", low)
	}
}
