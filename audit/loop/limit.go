package loop

import (
	"fmt"
	"math"
	"strings"
)

// A Limit is where shares go as time goes on, by formula.
type Limit struct {
	// Shares is each area's share in the limit, NaN-free; nil where the limit is random.
	Shares []float64 `json:"shares,omitempty"`
	// Tied are the areas between which chance decides, by their index; the others vanish or have what Note says.
	Tied []int `json:"tied,omitempty"`
	// Dirichlet has the parameters of the law of the tied areas' shares, where it is known exactly. For two areas it is
	// a Beta distribution.
	Dirichlet []float64 `json:"dirichlet,omitempty"`
	// Note says the limit in a sentence or two.
	Note string `json:"note"`
}

// Limit computes where the shares converge. Let g(x) be the balls added on average in a day when shares are x. Shares
// move along g(x) - x·Σg(x), so a limit is a zero of that which attracts. Each correction gives
//
//	none        gᵢ = aᵢ·xᵢ + bᵢ            reject   gᵢ = aᵢ·min(x) + bᵢ
//	complement  gᵢ = aᵢ·xᵢ·(1-xᵢ) + bᵢ     weigh    gᵢ = aᵢ + bᵢ
//
// with a the weighted rates of discovery and b those of reports. With S = Σg each area's share is a decreasing function of
// S alone, so the limit is one root of one equation. For two areas and no correction it is the root of Ensign's quadratic,
// by a theorem of Renlund (2010).
func (u Urn) Limit() (Limit, error) {
	if err := u.Validate(); err != nil {
		return Limit{}, err
	}
	u = u.withDefaults()
	a, b := u.drift()
	var limit Limit
	switch u.Correction {
	case None:
		limit = u.uncorrected(a, b)
	case Reject:
		limit = Limit{Shares: rejected(a, b)}
	case Weigh:
		limit = Limit{Shares: proportions(a, b)}
	case Complement:
		limit = Limit{Shares: complemented(a, b)}
	}
	limit.Note = u.note(limit)
	return limit, nil
}

// drift returns the balls that a day adds to each area by discovery if all patrols were there, and by reports.
func (u Urn) drift() (a, b []float64) {
	discovered, reported := u.weights()
	for _, area := range u.Areas {
		a = append(a, discovered*float64(u.Patrols)*area.Discovered)
		b = append(b, reported*area.Reported)
	}
	return a, b
}

// uncorrected solves xᵢ·S = aᵢ·xᵢ + bᵢ. The areas of the largest a dominate: without reports they take all, and if there are
// several chance divides it between them.
func (u Urn) uncorrected(a, b []float64) Limit {
	top, sumB := math.Inf(-1), 0.0
	for i := range a {
		top = max(top, a[i])
		sumB += b[i]
	}
	var tied []int
	reportsAtTop := false
	for i := range a {
		if a[i] == top {
			tied = append(tied, i)
			reportsAtTop = reportsAtTop || b[i] > 0
		}
	}
	share := func(i int, s float64) float64 {
		if b[i] == 0 {
			return 0
		}
		return b[i] / (s - a[i])
	}
	if sumAtTop := sumShares(len(a), top, share); reportsAtTop || sumAtTop >= 1 {
		return Limit{Shares: solve(len(a), top, top+sumB, share)}
	}
	if len(tied) > 1 {
		return Limit{Tied: tied, Dirichlet: u.dirichlet(tied)}
	}
	shares := make([]float64, len(a))
	rest := 1.0
	for i := range a {
		shares[i] = share(i, top)
		rest -= shares[i]
	}
	shares[tied[0]] = rest
	return Limit{Shares: shares}
}

// dirichlet returns the law of the tied areas' shares of each other, nil where it is not known. Among them the urn is
// Pólya's: draws elsewhere do not change it.
func (u Urn) dirichlet(tied []int) []float64 {
	if u.Patrols > 1 || u.Decay > 0 || u.hasReports() || u.Arrivals == Poisson {
		return nil
	}
	var alpha []float64
	for _, i := range tied {
		area := u.Areas[i]
		if u.Arrivals == Bernoulli {
			alpha = append(alpha, area.Prior) // a draw that adds nothing changes nothing, one that adds adds one ball
		} else {
			alpha = append(alpha, area.Prior/area.Discovered)
		}
	}
	return alpha
}

// rejected solves xᵢ·S = aᵢ·c + bᵢ for c = min(x). As a function of c the smallest share minus c has one zero: each
// share minus c changes its sign once.
func rejected(a, b []float64) []float64 {
	low, high := 0.0, 1/float64(len(a))
	scaled := make([]float64, len(a))
	at := func(c float64) []float64 {
		for i := range a {
			scaled[i] = a[i] * c
		}
		return proportions(scaled, b)
	}
	if sum(b) == 0 {
		return proportions(a, b) // c cancels
	}
	for range 200 {
		c := (low + high) / 2
		if smallest(at(c)) > c {
			low = c
		} else {
			high = c
		}
	}
	return at((low + high) / 2)
}

// complemented solves xᵢ·S = aᵢ·xᵢ·(1-xᵢ) + bᵢ, a quadratic for each area.
func complemented(a, b []float64) []float64 {
	share := func(i int, s float64) float64 {
		if a[i] == 0 {
			if b[i] == 0 {
				return 0
			}
			return b[i] / s
		}
		p, q := (a[i]-s)/a[i], b[i]/a[i] // x² - p·x - q = 0
		root := math.Sqrt(p*p + 4*q)
		if p < 0 {
			return 2 * q / (root - p) // without cancellation
		}
		return (p + root) / 2
	}
	return solve(len(a), 0, sum(a)+sum(b), share)
}

// solve finds s in [low, high] where the shares, which decrease with s, sum to 1, and returns them.
func solve(n int, low, high float64, share func(i int, s float64) float64) []float64 {
	for range 200 {
		s := (low + high) / 2
		if sumShares(n, s, share) > 1 {
			low = s
		} else {
			high = s
		}
	}
	shares, zeros := make([]float64, n), make([]float64, n)
	for i := range shares {
		shares[i] = share(i, high)
	}
	return proportions(shares, zeros) // removes the last rounding
}

func sumShares(n int, s float64, share func(i int, s float64) float64) (total float64) {
	for i := range n {
		total += share(i, s)
	}
	return total
}

// proportions returns (aᵢ+bᵢ)/Σ(a+b).
func proportions(a, b []float64) []float64 {
	total := sum(a) + sum(b)
	shares := make([]float64, len(a))
	for i := range a {
		shares[i] = (a[i] + b[i]) / total
	}
	return shares
}

func sum(x []float64) (total float64) {
	for _, v := range x {
		total += v
	}
	return total
}

func smallest(x []float64) float64 {
	m := math.Inf(1)
	for _, v := range x {
		m = min(m, v)
	}
	return m
}

func (u Urn) note(limit Limit) string {
	var parts []string
	switch {
	case limit.Dirichlet != nil:
		parts = append(parts, fmt.Sprintf("The limit is random: the shares of %s follow a Dirichlet distribution whose "+
			"parameters come from the record at the start, not from the true rates, which are equal.", u.names(limit.Tied)))
	case limit.Tied != nil:
		parts = append(parts, fmt.Sprintf("The limit is random: chance and the record at the start divide the patrols "+
			"between %s, though their true rates are equal.", u.names(limit.Tied)))
	case u.Correction == None && !u.hasReports():
		parts = append(parts, fmt.Sprintf("The loop runs away: in the end all patrols go to %s, however small the "+
			"difference of the rates. The way there is slow.", u.Areas[largest(limit.Shares)].Name))
	default:
		parts = append(parts, fmt.Sprintf("Shares converge to %s; those of the true rates are %s.",
			percents(limit.Shares), percents(u.trueShares())))
	}
	if u.Correction == Complement && len(u.Areas) > 2 {
		parts = append(parts, "The correction 1-p is right for two areas only; use \"reject\" or \"weigh\".")
	}
	if u.Decay > 0 {
		parts = append(parts, "Because records decay, shares keep moving about the limit and never settle; areas "+
			"that would vanish keep the one ball that does not decay.")
	}
	return strings.Join(parts, " ")
}

func (u Urn) names(indices []int) string {
	var names []string
	for _, i := range indices {
		names = append(names, u.Areas[i].Name)
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// trueShares returns each area's share of the incidents that patrols would find if all areas had as many patrols, or of
// the reported ones if patrols find none.
func (u Urn) trueShares() []float64 {
	rates, reports, zeros := make([]float64, len(u.Areas)), make([]float64, len(u.Areas)), make([]float64, len(u.Areas))
	for i, a := range u.Areas {
		rates[i], reports[i] = a.Discovered, a.Reported
	}
	if sum(rates) == 0 {
		return proportions(reports, zeros)
	}
	return proportions(rates, zeros)
}

func largest(x []float64) int {
	best := 0
	for i := range x {
		if x[i] > x[best] {
			best = i
		}
	}
	return best
}

func percents(shares []float64) string {
	var parts []string
	for _, s := range shares {
		parts = append(parts, fmt.Sprintf("%.1f%%", 100*s))
	}
	return strings.Join(parts, " / ")
}
