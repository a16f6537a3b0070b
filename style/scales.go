package style

import "math"

// smallest is the long side of the first scale where the number of scales is automatic.
const smallest = 128

// sizes are the long sides of the scales, a factor of sqrt 2 apart, up to size. A count of 0 means as many as have long
// sides of at least smallest, and at least one.
func sizes(size, count int) []int {
	var down []int
	for i := 0; ; i++ {
		s := int(math.Round(float64(size) / math.Pow(2, float64(i)/2)))
		if i > 0 && (count == 0 && s < smallest || count > 0 && i == count || s < 1) {
			break
		}
		down = append(down, s)
	}
	up := make([]int, len(down))
	for i, s := range down {
		up[len(down)-1-i] = s
	}
	return up
}

// fit is the size with that long side and the aspect of h by w.
func fit(h, w, long int) (int, int) {
	short := func(a, b int) int { return max(1, int(math.Round(float64(long)*float64(a)/float64(b)))) }
	if h >= w {
		return long, short(w, h)
	}
	return short(h, w), long
}
