package style

// totalVariation is the mean squared difference of neighbours, diagonal ones at half the weight: with means over all
// pixels of differences that are 0 at the edge, 2·(dx²/3 + dy²/3 + d↘²/12 + d↗²/12), as crowsonkb's style-transfer-pytorch.
// scale times its gradient is added to gradient. x: [H W 3]
func totalVariation(x, gradient []float32, h, w int, scale float64) float64 {
	total := 0.0
	n := float64(h * w * 3)
	for _, d := range []struct {
		dy, dx int
		weight float64
	}{{0, 1, 2. / 3}, {1, 0, 2. / 3}, {1, 1, 2. / 12}, {1, -1, 2. / 12}} {
		sum := 0.0
		step := float32(2 * d.weight * scale / n)
		for y := 0; y+d.dy < h; y++ {
			from, to := max(0, -d.dx), min(w, w-d.dx)
			a := x[(y*w+from)*3 : (y*w+to)*3]
			at := ((y+d.dy)*w + from + d.dx) * 3
			b := x[at : at+len(a)]
			ga, gb := gradient[(y*w+from)*3:], gradient[at:]
			for i := range a {
				v := b[i] - a[i]
				sum += float64(v) * float64(v)
				gb[i] += step * v
				ga[i] -= step * v
			}
		}
		total += d.weight * sum / n
	}
	return total
}
