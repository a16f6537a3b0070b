package schedule_test

import (
	"math"
	"math/big"
	"testing"

	"github.com/atelier-go/atelier/schedule"
)

// near reports whether got is want but for the rounding of a few operations on numbers as large as scale.
func near(got, want, scale float64) bool {
	return math.Abs(got-want) <= 1e-15*math.Abs(scale)
}

// piCos is cos(π·i/n) by its power series in big.Float.
func piCos(i, n int) *big.Float {
	const prec = 200
	pi, _ := new(big.Float).SetPrec(prec).SetString("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798")
	x := new(big.Float).SetPrec(prec).Mul(pi, new(big.Float).SetPrec(prec).Quo(big.NewFloat(float64(i)).SetPrec(prec), big.NewFloat(float64(n)).SetPrec(prec)))
	square := new(big.Float).SetPrec(prec).Mul(x, x)
	term, sum := new(big.Float).SetPrec(prec).SetInt64(1), new(big.Float).SetPrec(prec).SetInt64(1)
	for j := int64(1); j < 60; j++ {
		term.Mul(term, square)
		term.Quo(term, new(big.Float).SetPrec(prec).SetInt64(-(2*j-1)*(2*j)))
		sum.Add(sum, term)
	}
	return sum
}

func bigFloat(x float64) *big.Float { return new(big.Float).SetPrec(200).SetFloat64(x) }

// The decays of fastai's notebook, 0.01 to 0.001 over an epoch of 782 batches, in exact arithmetic.
func TestDecays(t *testing.T) {
	const from, to, n = 0.01, 0.001, 782
	span := new(big.Float).Sub(bigFloat(from), bigFloat(to))
	part := func(x *big.Float) float64 { // to + (from-to)·x
		v, _ := new(big.Float).Add(bigFloat(to), new(big.Float).Mul(span, x)).Float64()
		return v
	}
	left := func(k int) *big.Float { return new(big.Float).Quo(bigFloat(float64(n-k)), bigFloat(n)) }
	for k := 0; k <= n; k++ {
		cos := new(big.Float).Quo(new(big.Float).Add(piCos(k, n), bigFloat(1)), bigFloat(2))
		for _, c := range []struct {
			name string
			s    schedule.Schedule
			want float64
		}{
			{"linear", schedule.Linear{From: from, To: to}, part(left(k))},
			{"cosine", schedule.Cosine{From: from, To: to}, part(cos)},
			{"polynomial 2", schedule.Polynomial{From: from, To: to, Power: 2}, part(new(big.Float).Mul(left(k), left(k)))},
			{"polynomial 0.5", schedule.Polynomial{From: from, To: to, Power: 0.5}, part(new(big.Float).Sqrt(left(k)))},
			// 0.001/0.01 is 1/10 but for rounding: log10 is another way to its powers.
			{"exponential", schedule.Exponential{From: from, To: to}, math.Pow(10, -2-float64(k)/n)},
			{"constant", schedule.Constant{Value: from}, from},
		} {
			if got := c.s.At(k, n); !near(got, c.want, from) {
				t.Errorf("%s at %d of %d: %v, want %v", c.name, k, n, got, c.want)
			}
		}
	}
}
