package data

import (
	"fmt"
	"math"
)

// Normalise makes numbers of bytes: (x/255 - Mean) / Std, a channel at a time. The zero value gives x/255. One mean or
// deviation stands for all channels.
type Normalise struct {
	Mean []float64 `json:"mean"` // of values in 0..1; none: 0
	Std  []float64 `json:"std"`  // of values in 0..1; none: 1
}

// Check says what is wrong with the settings: deviations that are not positive, numbers that are not finite.
func (n Normalise) Check() error {
	for i, m := range n.Mean {
		if math.IsNaN(m) || math.IsInf(m, 0) {
			return fmt.Errorf("data: Normalise: Mean[%d] is %g, want a finite number", i, m)
		}
	}
	for i, s := range n.Std {
		if !(s > 0) || math.IsInf(s, 0) {
			return fmt.Errorf("data: Normalise: Std[%d] is %g, want more than 0", i, s)
		}
	}
	return nil
}

// tables are the 256 values of each of c channels.
func (n Normalise) tables(c int) ([][256]float32, error) {
	for _, f := range []struct {
		name   string
		values []float64
	}{{"Mean", n.Mean}, {"Std", n.Std}} {
		if k := len(f.values); k > 1 && k != c {
			return nil, fmt.Errorf("data: Normalise: %d values in %s for pictures of %d channels", k, f.name, c)
		}
	}
	at := func(values []float64, channel int, none float64) float64 {
		switch len(values) {
		case 0:
			return none
		case 1:
			return values[0]
		}
		return values[channel]
	}
	tables := make([][256]float32, c)
	for k := range tables {
		for v := range tables[k] {
			tables[k][v] = float32((float64(v)/255 - at(n.Mean, k, 0)) / at(n.Std, k, 1))
		}
	}
	return tables, nil
}

// convert writes the numbers of a picture's pixels into dst, [H W C].
func convert(dst []float32, p Picture, tables [][256]float32) {
	dst = dst[:len(p.Pix)]
	switch p.C {
	case 1:
		for i, v := range p.Pix {
			dst[i] = tables[0][v]
		}
	case 3:
		r, g, b := &tables[0], &tables[1], &tables[2]
		for i := 0; i+2 < len(p.Pix) && i+2 < len(dst); i += 3 {
			dst[i], dst[i+1], dst[i+2] = r[p.Pix[i]], g[p.Pix[i+1]], b[p.Pix[i+2]]
		}
	default:
		for i, v := range p.Pix {
			dst[i] = tables[i%p.C][v]
		}
	}
}
