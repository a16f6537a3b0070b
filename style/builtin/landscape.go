package builtin

import (
	"math"
	"runtime"
	"sync"

	"github.com/atelier-go/atelier/imageio"
)

// aspect is the landscape's width over its height.
const aspect = 4.0 / 3

// Landscape is a house among hills under a low sun, side pixels wide and three quarters of that high. A side below 1 counts
// as 1.
func Landscape(side int) imageio.Float {
	w := max(side, 1)
	h := max(int(math.Round(float64(w)/aspect)), 1)
	p := imageio.NewFloat(h, w)
	var rows sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for first := range workers {
		rows.Go(func() {
			for y := first; y < h; y += workers {
				drawRow(p.RGB[3*w*y:3*w*(y+1)], y, 1/float64(h))
			}
		})
	}
	rows.Wait()
	return p
}

// drawRow draws row y of pixels of a size. row: [W 3]
func drawRow(row []float32, y int, size float64) {
	for x := range len(row) / 3 {
		var sum colour
		// Four samples of a pixel, turned so that neither horizontal nor vertical edges fall between them.
		for _, s := range [4][2]float64{{.375, .125}, {.875, .375}, {.625, .875}, {.125, .625}} {
			c := view((float64(x)+s[0])*size, (float64(y)+s[1])*size)
			for k := range c {
				sum[k] += min(1, max(0, c[k])) / 4
			}
		}
		for k := range sum {
			row[3*x+k] = float32(sum[k])
		}
	}
}

// Places in the landscape. The picture is 4/3 wide and 1 high, the origin its upper left corner.
const (
	sunX, sunY, sunRadius = 0.95, 0.27, 0.052
	horizon               = 0.60
)

// view is the colour at a point: that of the nearest thing there.
func view(x, y float64) colour {
	for _, thing := range []func(x, y float64) (colour, bool){bigTree, cypresses, house, path, meadow, nearHill, farHill, mountains} {
		if c, ok := thing(x, y); ok {
			return c
		}
	}
	return sky(x, y)
}

func sky(x, y float64) colour {
	c := ramp([]colour{hex(0x3f74b5), hex(0x6fa2d0), hex(0xb5cede), hex(0xf6dfb4), hex(0xf8c98c)}, y/horizon)
	d := math.Hypot(x-sunX, y-sunY)
	c = c.mix(hex(0xfff0c4), 0.75*math.Exp(-d*6))
	// Clouds are long, and lit from the sun's side.
	density := func(x, y float64) float64 {
		return cloud(x*3.4+y, y*7, 5, 11) - 0.12*smooth(0.35, horizon, y)
	}
	here := density(x, y)
	if cover := smooth(0.50, 0.66, here); cover > 0 {
		towards := density(x+(sunX-x)*0.06, y+(sunY-y)*0.06)
		lit := hex(0x8f9bb4).mix(hex(0xfffaf0), smooth(-0.10, 0.10, here-towards+0.03))
		c = c.mix(lit, 0.85*cover)
	}
	return c.mix(hex(0xfffbe6), smooth(sunRadius, sunRadius-0.006, d))
}

func mountains(x, y float64) (colour, bool) {
	top := 0.50 - 0.16*cloud(x*2.3+5, 0.3, 6, 21) - 0.10*math.Exp(-sq((x-0.42)/0.16)) + 0.03
	if y < top {
		return colour{}, false
	}
	// Slopes that look to the sun, on the right, are lit.
	slope := cloud(x*9+y*5, y*14-x*4, 5, 23) - cloud(x*9+0.12+y*5, y*14-x*4, 5, 23)
	rock := hex(0x6c80a6).mix(hex(0xb3aebd), smooth(-0.05, 0.05, slope))
	snow := smooth(0.10, 0.02, y-top+0.05*cloud(x*22, y*22, 3, 25)+0.9*(top-0.36))
	c := rock.mix(hex(0xe6e6ec).mix(hex(0xaebad2), smooth(0.03, -0.03, slope)), snow)
	return c.mix(hex(0xdcd0c4), 0.75*smooth(top, 0.62, y)), true
}

func farHill(x, y float64) (colour, bool) {
	top := 0.555 - 0.035*math.Sin(x*5+0.6) - 0.02*cloud(x*6, 2, 4, 31)
	// A wood along the crest.
	top -= 0.022 * smooth(0.48, 0.60, cloud(x*5, 7, 2, 33)) * (0.6 + 0.6*cloud(x*60, 3, 3, 35))
	if y < top {
		return colour{}, false
	}
	wood := smooth(0.035, 0.015, y-top) * smooth(0.46, 0.56, cloud(x*5, 7, 2, 33))
	field := ramp([]colour{hex(0x8fa36a), hex(0xc2b26a), hex(0x9aae64), hex(0xd0bd76)}, cloud(x*4+y*8, y*30, 2, 37)*1.6-0.3)
	c := field.mix(hex(0x3f5f4a), wood).scale(0.86 + 0.28*cloud(x*70, y*110, 3, 39))
	return c.mix(hex(0xd8cfb4), 0.25), true
}

func nearHill(x, y float64) (colour, bool) {
	top := 0.665 - 0.10*math.Exp(-sq((x-0.12)/0.42)) - 0.055*math.Exp(-sq((x-1.32)/0.30)) - 0.006*cloud(x*30, 1, 3, 41)
	if y < top {
		return colour{}, false
	}
	depth := y - top
	// Furrows run together where the hill is far.
	furrow := 0.5 + 0.5*math.Sin(160*(x-0.2)/(0.35+5*depth)+6*cloud(x*4, y*4, 2, 43))
	planted := smooth(0.62, 0.78, x)
	grass := ramp([]colour{hex(0x6d8f3e), hex(0x8fa94a), hex(0xb2bb5c)}, cloud(x*9, y*24, 4, 45)*1.4-0.2)
	crop := hex(0xa8883e).mix(hex(0xdcc067), furrow)
	c := grass.mix(crop, planted*smooth(0, 0.012, depth))
	return c.scale(0.80 + 0.30*cloud(x*60, y*120, 3, 47)), true
}

func meadow(x, y float64) (colour, bool) {
	top := 0.765 + 0.03*math.Sin(x*3.1+2.4) - 0.008*cloud(x*24, 9, 3, 51)
	if y < top {
		return colour{}, false
	}
	near := (y - top) / (1 - top)
	fine := 1 / (0.25 + near) // blades look smaller where they are far
	c := ramp([]colour{hex(0x3f6b2c), hex(0x6c9438), hex(0x9cb84a)}, cloud(x*40*fine, y*26*fine, 4, 53)*1.7-0.35+0.12*(1-near))
	c = c.mix(hex(0x24452a), 0.75*shade(x, y))
	return flowers(x, y, near, c), true
}

// flowers stand in cells of the meadow, larger in front.
func flowers(x, y, near float64, ground colour) colour {
	size := 0.010 + 0.026*near
	row := math.Floor(y / size)
	column := math.Floor(x/size + 0.5*math.Mod(row, 2))
	i, j := int(column), int(row)
	if lattice(i, j, 61) > 0.20+0.35*cloud(x*3, y*5, 2, 63) {
		return ground
	}
	cx := (column - 0.5*math.Mod(row, 2) + 0.3 + 0.4*lattice(i, j, 65)) * size
	cy := (row + 0.3 + 0.4*lattice(i, j, 67)) * size
	d := math.Hypot(x-cx, (y-cy)*1.3) / (size * (0.16 + 0.10*lattice(i, j, 69)))
	kinds := []colour{hex(0xd8402c), hex(0xf4ead0), hex(0xf0b830), hex(0xc8345c)}
	petal := kinds[int(lattice(i, j, 71)*float64(len(kinds)))]
	return ground.mix(petal, smooth(1.15, 0.85, d)).mix(hex(0x6a3a10), smooth(0.40, 0.25, d))
}

// path winds from the front to the house's door.
func path(x, y float64) (colour, bool) {
	if y < 0.705 {
		return colour{}, false
	}
	t := (y - 0.705) / 0.295
	centre := 0.395 + 0.42*t*t - 0.16*math.Sin(2.6*t)*t
	width := 0.014 + 0.085*t
	d := (x - centre) / width
	d += 0.35 * (cloud(x*40, y*40, 3, 81) - 0.5)
	if math.Abs(d) > 1 {
		return colour{}, false
	}
	sand := hex(0xd9bd8c).mix(hex(0xb08c5c), smooth(0.35, 1, math.Abs(d)))
	return sand.scale(0.82+0.32*cloud(x*60, y*110, 4, 83)).mix(hex(0x5a4c44), 0.6*shade(x, y)), true
}

// shade is where things keep the sun off the ground: left of the house and of the trees, 0..1.
func shade(x, y float64) float64 {
	blob := func(cx, cy, rx, ry float64) float64 {
		return smooth(1.1, 0.6, math.Hypot((x-cx)/rx, (y-cy)/ry)+0.3*(cloud(x*30, y*30, 3, 85)-0.5))
	}
	return max(blob(0.20, 0.745, 0.16, 0.028), blob(0.99, 0.885, 0.28, 0.040), blob(0.555, 0.735, 0.05, 0.012))
}

func sq(x float64) float64 { return x * x }
