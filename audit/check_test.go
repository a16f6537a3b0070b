package audit_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/atelier-go/atelier/audit"
)

// person is a row: a group of two columns, a label, a prediction, a weight.
type person struct {
	race, sex        string
	label, predicted bool
	weight           float64
}

// people draws rows of two races and two sexes whose errors differ.
func people(n int) []person {
	r := rand.New(rand.NewPCG(11, 12))
	all := make([]person, n)
	for i := range all {
		p := person{race: []string{"a", "b"}[r.IntN(2)], sex: []string{"f", "m"}[r.IntN(2)], label: r.IntN(2) == 1, weight: float64(1 + r.IntN(3))}
		wrong := 0.15 + 0.12*float64(btoi(p.race == "b")) + 0.1*float64(btoi(p.sex == "m"))
		if p.race == "b" && p.sex == "m" {
			wrong += 0.08
		}
		p.predicted = p.label != (r.Float64() < wrong)
		all[i] = p
	}
	return all
}

func rowsOf(all []person) [][]string {
	rows := make([][]string, len(all))
	for i, p := range all {
		rows[i] = []string{p.race, p.sex, fmt.Sprint(btoi(p.label)), fmt.Sprint(btoi(p.predicted)), fmt.Sprint(p.weight)}
	}
	return rows
}

// gapsOf computes, from rows one by one, the gaps of FPR that an audit has: by race, its ratio, by race and sex beyond the
// sum of both, and the larger of those of TPR and FPR by race. times is how often each row counts.
func gapsOf(all []person, times []float64) (gaps [4]float64) {
	var cells [2][2][2][2]float64 // by race, sex, label and prediction
	for i, p := range all {
		cells[btoi(p.race == "b")][btoi(p.sex == "m")][btoi(p.label)][btoi(p.predicted)] += times[i]
	}
	// called is the share of positive predictions among those of a label, of races and sexes from one to another.
	called := func(label, race1, race2, sex1, sex2 int) float64 {
		var n [2]float64
		for race := race1; race <= race2; race++ {
			for sex := sex1; sex <= sex2; sex++ {
				n[0] += cells[race][sex][label][0]
				n[1] += cells[race][sex][label][1]
			}
		}
		return n[1] / (n[0] + n[1])
	}
	fprA, fprB := called(0, 0, 0, 0, 1), called(0, 1, 1, 0, 1)
	gaps[0] = math.Abs(fprA - fprB)
	gaps[1] = max(fprA, fprB) / min(fprA, fprB)
	gaps[2] = called(0, 1, 1, 1, 1) - called(0, 0, 0, 0, 0) - (fprB - fprA) - (called(0, 0, 1, 1, 1) - called(0, 0, 1, 0, 0))
	gaps[3] = max(gaps[0], math.Abs(called(1, 0, 0, 0, 1)-called(1, 1, 1, 0, 1)))
	return gaps
}

// Intervals from counts are those of resampling rows, each as often as drawn: with replacement, or where rows have weights
// as often as a Poisson variable says.
func TestBootstrapIsThatOfRows(t *testing.T) {
	const replicates = 3000
	all := people(1500)
	for _, weighted := range []bool{false, true} {
		o := audit.Options{
			Rows: slices.Values(rowsOf(all)), Header: []string{"race", "sex", "label", "prediction", "weight"}, Label: "label",
			Prediction: "prediction", Groups: []string{"race", "sex"}, Replicates: replicates, Confidence: 0.9,
		}
		if weighted {
			o.Weight = "weight"
		}
		a := run(t, o)
		r := rand.New(rand.NewPCG(13, 14))
		var samples [4][]float64
		times := make([]float64, len(all))
		for range replicates {
			resample(r, all, times, weighted)
			for i, gap := range gapsOf(all, times) {
				samples[i] = append(samples[i], gap)
			}
		}
		byRace, _ := a.Gap("fpr", "race")
		crossed, _ := a.Gap("fpr", "race", "sex")
		if crossed.Worst != "b × m" || crossed.Best != "a × f" {
			t.Fatalf("worst %s, best %s: the rows are not those that gapsOf is for", crossed.Worst, crossed.Best)
		}
		odds := a.Criteria[slices.IndexFunc(a.Criteria, func(c audit.Criterion) bool { return c.Name == "equalised_odds_difference" })]
		for i, e := range []audit.Estimate{byRace.Difference, byRace.Ratio, *crossed.Superadditivity, odds.Value} {
			slices.Sort(samples[i])
			low, high := samples[i][replicates/20], samples[i][replicates-replicates/20]
			// The standard error of such a quantile is about a fortieth of the interval's width.
			what := fmt.Sprintf("weighted %v, %s %d", weighted, e.Metric, i)
			near(t, what+" low", e.Low, low, (high-low)/8)
			near(t, what+" high", e.High, high, (high-low)/8)
			near(t, what+" width", e.High-e.Low, high-low, (high-low)/8)
		}
	}
}

// resample says how often each row counts in a replicate.
func resample(r *rand.Rand, all []person, times []float64, weighted bool) {
	clear(times)
	if !weighted {
		for range all {
			times[r.IntN(len(all))]++
		}
		return
	}
	for i, p := range all {
		n := -1.0 // Poisson of mean 1, by products of uniform numbers
		for product := 1.0; product > math.Exp(-1); n++ {
			product *= r.Float64()
		}
		times[i] = n * p.weight
	}
}

// The permutation null of two groups has a hypergeometric distribution, summed here in whole numbers; that of three is
// compared with outcomes that are shuffled one by one.
func TestNullIsThatOfRows(t *testing.T) {
	const replicates = 20_000
	for _, wrong := range [][]int{{20, 9}, {16, 14}, {12, 20, 15}} {
		sizes := []int{40, 35, 50}[:len(wrong)]
		var rows [][]string
		var outcomes []bool
		for g, n := range sizes {
			for i := range n {
				rows = append(rows, []string{fmt.Sprint(g), "0", fmt.Sprint(btoi(i < wrong[g]))})
				outcomes = append(outcomes, i < wrong[g])
			}
		}
		a := run(t, audit.Options{
			Rows: slices.Values(rows), Header: []string{"g", "l", "p"}, Label: "l", Prediction: "p", Groups: []string{"g"}, Replicates: replicates,
		})
		gap, _ := a.Gap("fpr", "g")
		p, mean := shuffled(outcomes, sizes, gap.Difference.Value)
		if len(sizes) == 2 {
			p, mean = dealt(sizes[0], sizes[1], wrong[0]+wrong[1], gap.Difference.Value)
		}
		near(t, fmt.Sprint("p of ", wrong), gap.Null.P, p, 5*math.Sqrt(p*(1-p)*2/replicates)+1.0/replicates)
		near(t, fmt.Sprint("mean gap of ", wrong), gap.Null.Mean, mean, 0.03*mean)
	}
}

// dealt sums over all ways to deal k outcomes to groups of n and m: the share with a gap as large, and the mean gap.
func dealt(n, m, k int, gap float64) (p, mean float64) {
	for x := max(0, k-m); x <= min(k, n); x++ {
		ways := new(big.Int).Mul(new(big.Int).Binomial(int64(n), int64(x)), new(big.Int).Binomial(int64(m), int64(k-x)))
		share, _ := new(big.Rat).SetFrac(ways, new(big.Int).Binomial(int64(n+m), int64(k))).Float64()
		d := math.Abs(float64(x)/float64(n) - float64(k-x)/float64(m))
		mean += share * d
		if d > gap-1e-9 {
			p += share
		}
	}
	return p, mean
}

// shuffled deals outcomes to groups by shuffling them.
func shuffled(outcomes []bool, sizes []int, gap float64) (p, mean float64) {
	const shuffles = 20_000
	r := rand.New(rand.NewPCG(15, 16))
	outcomes = slices.Clone(outcomes)
	for range shuffles {
		r.Shuffle(len(outcomes), func(i, j int) { outcomes[i], outcomes[j] = outcomes[j], outcomes[i] })
		high, low, first := 0.0, 1.0, 0
		for _, n := range sizes {
			k := 0
			for _, is := range outcomes[first : first+n] {
				k += btoi(is)
			}
			first += n
			high, low = max(high, float64(k)/float64(n)), min(low, float64(k)/float64(n))
		}
		mean += (high - low) / shuffles
		if high-low > gap-1e-9 {
			p += 1.0 / shuffles
		}
	}
	return p, mean
}

// Pairs are tested by Fisher where counts are small and by Pearson where they are not, and adjusted among each other.
func TestPairsAreTested(t *testing.T) {
	var rows [][]string
	add := func(group string, right, wrong int) {
		for i := range right + wrong {
			rows = append(rows, []string{group, "1", fmt.Sprint(btoi(i < right))})
		}
	}
	add("large", 300, 100)
	add("middle", 60, 40)
	add("small", 1, 3)
	a := run(t, audit.Options{Rows: slices.Values(rows), Header: []string{"g", "l", "p"}, Label: "l", Prediction: "p", Groups: []string{"g"}, Replicates: 10})
	gap, _ := a.Gap("error", "g")
	if gap.Reference != "large" || len(gap.Pairs) != 2 || gap.Pairs[0].Group != "middle" {
		t.Fatalf("pairs %+v", gap.Pairs)
	}
	middle, small := gap.Pairs[0].Test, gap.Pairs[1].Test
	// Σ (observed-expected)²/expected of 140 errors among 500.
	want := 12.0*12/112 + 12.0*12/288 + 12.0*12/28 + 12.0*12/72
	if middle.Method != "chi2" || small.Method != "fisher" || !math.IsNaN(small.Statistic) {
		t.Errorf("tests %+v and %+v, want chi2 and fisher", middle, small)
	}
	near(t, "statistic", middle.Statistic, want, 1e-9)
	near(t, "p", middle.P, math.Erfc(math.Sqrt(want/2)), 1e-12)
	// Of 103 errors among 404 the four have three or more: one tail, and no table of the other is as unlikely.
	choose := func(n, k int64) float64 {
		f, _ := new(big.Float).SetInt(new(big.Int).Binomial(n, k)).Float64()
		return f
	}
	tail := (choose(103, 3)*choose(301, 1) + choose(103, 4)) / choose(404, 4)
	near(t, "Fisher's p", small.P, tail, 1e-9)
	near(t, "Holm's least", min(middle.Holm, small.Holm), 2*min(middle.P, small.P), 1e-15)
	near(t, "BH's largest", max(middle.BH, small.BH), max(middle.P, small.P), 1e-15)
}
