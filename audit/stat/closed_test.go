package stat_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/atelier-go/atelier/audit/stat"
)

// root finds where f, which changes its sign between a and b, is zero.
func root(f func(float64) float64, a, b float64) float64 {
	for range 200 {
		if mid := (a + b) / 2; (f(a) < 0) == (f(mid) < 0) {
			a = mid
		} else {
			b = mid
		}
	}
	return (a + b) / 2
}

// scoreBounds finds the bounds at which the score test has just this z, without the formula.
func scoreBounds(p, n, z float64) (low, high float64) {
	off := func(x float64) float64 { return math.Abs(p-x) - z*math.Sqrt(x*(1-x)/n) }
	low, high = 0, 1
	if p > 0 {
		low = root(off, 0, min(p, 1-1e-15))
	}
	if p < 1 {
		high = root(off, max(p, 1e-15), 1)
	}
	return low, high
}

// Newcombe's interval is two score intervals squared and added, Katz's the normal one of the logarithm by the delta method;
// both are computed here from their definitions.
func TestIntervalsOfTwoRates(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 300 {
		n1, n2 := float64(1+r.IntN(60)), float64(1+r.IntN(600))
		k1, k2 := float64(r.IntN(int(n1)+1)), float64(r.IntN(int(n2)+1))
		conf := 0.5 + 0.499*r.Float64()
		z := distuv.UnitNormal.Quantile((1 + conf) / 2)
		name := fmt.Sprintf("%v/%v and %v/%v at %.3f", k1, n1, k2, n2, conf)
		p1, p2 := k1/n1, k2/n2
		l1, u1 := scoreBounds(p1, n1, z)
		l2, u2 := scoreBounds(p2, n2, z)
		low, high := stat.Newcombe(k1, n1, k2, n2, conf)
		near(t, "Newcombe low of "+name, low, p1-p2-math.Sqrt((p1-l1)*(p1-l1)+(u2-p2)*(u2-p2)), 1e-9)
		near(t, "Newcombe high of "+name, high, p1-p2+math.Sqrt((u1-p1)*(u1-p1)+(p2-l2)*(p2-l2)), 1e-9)
		low, high = stat.Katz(k1, n1, k2, n2, conf)
		switch {
		case k1 == 0 && k2 == 0:
			if !math.IsNaN(low) || !math.IsNaN(high) {
				t.Errorf("Katz of %s is [%v, %v], want NaN", name, low, high)
			}
			continue
		case k1 == 0 || k2 == 0: // half a row more on both sides
			p1, p2, n1, n2 = (k1+0.5)/(n1+0.5), (k2+0.5)/(n2+0.5), n1+0.5, n2+0.5
		}
		half := z * math.Sqrt((1-p1)/(n1*p1)+(1-p2)/(n2*p2))
		if k1 == 0 {
			near(t, "Katz low of "+name, low, 0, 0)
		} else {
			near(t, "Katz low of "+name, math.Log(low), math.Log(p1/p2)-half, 1e-9)
		}
		if k2 > 0 {
			near(t, "Katz high of "+name, math.Log(high), math.Log(p1/p2)+half, 1e-9)
		} else if !math.IsInf(high, 1) {
			t.Errorf("Katz high of %s is %v, want infinity", name, high)
		}
	}
}

// The interval of an area is symmetric in its logit and as wide as the delta method says; without variance its bounds are
// the areas whose own variance, as Hanley and McNeil (1982) have it, puts them z standard errors away.
func TestIntervalOfArea(t *testing.T) {
	z := distuv.UnitNormal.Quantile(0.95)
	low, high := stat.AUCInterval(0.8, 0.0025, 30, 40, 0.9)
	logit := func(p float64) float64 { return math.Log(p) - math.Log1p(-p) }
	near(t, "low in logits", logit(0.8)-logit(low), z*0.05/(0.8*0.2), 1e-9)
	near(t, "high in logits", logit(high)-logit(0.8), z*0.05/(0.8*0.2), 1e-9)
	for _, area := range []float64{0, 0.5, 1} {
		const negatives, positives = 12.0, 40.0
		deviation := func(x float64) float64 {
			q1, q2, each := x/(2-x), 2*x*x/(1+x), (negatives+positives)/2
			return math.Sqrt((x*(1-x) + (each-1)*(q1-x*x) + (each-1)*(q2-x*x)) / (negatives * positives))
		}
		low, high := stat.AUCInterval(area, 0, negatives, positives, 0.9)
		if area > 0 {
			near(t, fmt.Sprint("low of ", area, ", in its standard errors"), (area-low)/deviation(low), z, 1e-6)
		} else {
			near(t, "low of 0", low, 0, 0)
		}
		if area < 1 {
			near(t, fmt.Sprint("high of ", area, ", in its standard errors"), (high-area)/deviation(high), z, 1e-6)
		} else {
			near(t, "high of 1", high, 1, 0)
		}
	}
}

// Quantiles are those of R's default, type 7; adjusted probabilities of four tests are reckoned by hand.
func TestByHand(t *testing.T) {
	for _, c := range []struct {
		sorted  []float64
		q, want float64
	}{
		{[]float64{1, 2, 3, 4, 5}, 0.25, 2}, {[]float64{10, 20}, 0.25, 12.5}, {[]float64{10, 20, 40}, 0.9, 36}, {[]float64{7}, 0.3, 7},
		{[]float64{1, 2}, 0, 1}, {[]float64{1, 2}, 1, 2}, {[]float64{math.Inf(-1), 0, math.Inf(1), math.Inf(1)}, 0.9, math.Inf(1)},
	} {
		if got := stat.Quantile(c.sorted, c.q); got != c.want && !(math.Abs(got-c.want) < 1e-12) {
			t.Errorf("the %v quantile of %v is %v, want %v", c.q, c.sorted, got, c.want)
		}
	}
	if v := stat.Quantile(nil, 0.5); !math.IsNaN(v) {
		t.Errorf("the median of nothing is %v", v)
	}
	low, high := stat.Percentiles([]float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 0.8)
	near(t, "10th percentile", low, 1, 1e-12)
	near(t, "90th percentile", high, 9, 1e-12)
	p := []float64{0.04, 0.01, 0.03, 0.02}
	holm, bh := stat.Holm(p), stat.BenjaminiHochberg(p)
	for i, want := range []float64{0.06, 0.04, 0.06, 0.06} {
		near(t, fmt.Sprint("Holm of ", p[i]), holm[i], want, 1e-15)
		near(t, fmt.Sprint("Benjamini and Hochberg of ", p[i]), bh[i], 0.04, 1e-15)
	}
}
