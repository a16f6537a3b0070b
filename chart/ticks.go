package chart

import (
	"math"
	"strconv"
	"strings"
)

// tick is a place on an axis with its number; minor ones have none.
type tick struct {
	value float64
	label string
}

// ticks are about n labelled places, and smaller ones between them on a logarithmic axis.
func (s scale) ticks(n int) []tick {
	n = max(n, 2)
	if s.log && s.max/s.min >= 4 {
		return logTicks(s.min, s.max, n)
	}
	return linearTicks(s.min, s.max, n)
}

// linearTicks are multiples of 1, 2 or 5 times a power of ten.
func linearTicks(low, high float64, n int) []tick {
	step := niceStep((high - low) / float64(n))
	first, last := math.Ceil(low/step-1e-9), math.Floor(high/step+1e-9)
	var values []float64
	for i := first; i <= last && len(values) <= 10*n; i++ {
		values = append(values, i*step)
	}
	labels := numbers(values, step)
	ticks := make([]tick, len(values))
	for i := range values {
		ticks[i] = tick{values[i], labels[i]}
	}
	return ticks
}

// niceStep is the smallest 1, 2 or 5 times a power of ten that is not below x.
func niceStep(x float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= x*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// numbers writes multiples of step with the same number of digits behind the point, enough to tell them apart; as 2e-5
// where they are very small or very large.
func numbers(values []float64, step float64) []string {
	largest := 0.0
	for _, v := range values {
		largest = math.Max(largest, math.Abs(v))
	}
	exponent := int(math.Floor(math.Log10(step) + 1e-9))
	out := make([]string, len(values))
	for i, v := range values {
		switch {
		case math.Abs(v) < step/2:
			out[i] = "0"
		case largest < 1e-3 || largest >= 1e6:
			digits := max(0, int(math.Floor(math.Log10(math.Abs(v))+1e-9))-exponent)
			out[i] = scientific(v, digits)
		default:
			out[i] = strconv.FormatFloat(v, 'f', max(0, -exponent), 64)
		}
	}
	return out
}

// scientific is v with some digits behind the point and a short exponent: 2e-5, 1.5e6.
func scientific(v float64, digits int) string {
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', digits, 64), "e")
	if strings.Contains(mantissa, ".") {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	n, err := strconv.Atoi(exponent)
	if err != nil {
		return mantissa + "e" + exponent
	}
	return mantissa + "e" + strconv.Itoa(n)
}

// logTicks are the powers of ten; every one if there is room, and 2 and 5 times them if there is room for these.
func logTicks(low, high float64, n int) []tick {
	first, last := int(math.Floor(math.Log10(low))), int(math.Ceil(math.Log10(high)))
	every := (last - first + n - 1) / n // label every so many powers
	labelled := "1"
	if decades := math.Log10(high / low); decades*3 <= float64(n) {
		labelled = "125"
	}
	var ticks []tick
	for e := first; e <= last; e++ {
		for m := 1; m <= 9; m++ {
			value, err := strconv.ParseFloat(strconv.Itoa(m)+"e"+strconv.Itoa(e), 64)
			if err != nil || value < low*(1-1e-9) || value > high*(1+1e-9) || m > 1 && every > 1 {
				continue
			}
			t := tick{value: value}
			if strings.Contains(labelled, strconv.Itoa(m)) && e%every == 0 {
				t.label = power(m, e)
			}
			ticks = append(ticks, t)
		}
	}
	return ticks
}

// power is m·10^e: 0.01 to 5000 in full, others as 1e-4.
func power(m, e int) string {
	if e < -2 || e > 3 {
		return strconv.Itoa(m) + "e" + strconv.Itoa(e)
	}
	return strconv.FormatFloat(float64(m)*math.Pow(10, float64(e)), 'f', max(0, -e), 64)
}
