package data

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
)

// Shapes is a dataset that is drawn, for trying things on a machine without data: one shape on a plain ground, in random
// colours, place, size, angle and noise. Picture i is a function of (Seed, Size, i) alone, RGB, of class
// i modulo the number of classes. Load keeps what was drawn.
type Shapes struct {
	N    int    // pictures, 1 to 100 million
	Size int    // pixels of a side; 0: 32
	Seed uint64 // other seeds draw other pictures, as a test set needs
}

var _ Dataset = Shapes{}

// shapes are the classes. inside is the signed distance to the outline in the shape's own coordinates, where the shape
// about fills -1..1: negative inside.
var shapes = []struct {
	name     string
	distance func(x, y float64) float64
}{
	{"checkers", func(x, y float64) float64 { return max(square(x, y, 0.9), stripe(x)*stripe(y)*4) }},
	{"cross", func(x, y float64) float64 { return min(rectangle(x, y, 1, 0.3), rectangle(x, y, 0.3, 1)) }},
	{"disc", func(x, y float64) float64 { return math.Hypot(x, y) - 0.9 }},
	{"half disc", func(x, y float64) float64 { return max(math.Hypot(x, y)-1, y) }},
	{"ring", func(x, y float64) float64 { return math.Abs(math.Hypot(x, y)-0.75) - 0.2 }},
	{"square", func(x, y float64) float64 { return square(x, y, 0.8) }},
	{"stripes", func(x, y float64) float64 { return max(square(x, y, 0.9), stripe(x)) }},
	{"triangle", func(x, y float64) float64 { return max(-y-0.5, 0.866*math.Abs(x)+0.5*y-0.5) }},
}

func rectangle(x, y, w, h float64) float64 { return max(math.Abs(x)-w, math.Abs(y)-h) }

func square(x, y, r float64) float64 { return rectangle(x, y, r, r) }

// stripe is negative on every other stripe of width 0.36.
func stripe(x float64) float64 { return math.Sin(x*math.Pi/0.36) / 8 }

// Check says what is wrong with the fields.
func (s Shapes) Check() error {
	const most = 100_000_000 // all labels are looked at before training
	if s.N <= 0 || s.N > most {
		return fmt.Errorf("data: Shapes: N is %d, want 1 to %d", s.N, most)
	}
	if s.Size < 0 || s.Size > 0 && s.Size < 8 || s.Size > 4096 {
		return fmt.Errorf("data: Shapes: Size is %d, want 8 to 4096, or 0, which means 32", s.Size)
	}
	return nil
}

// Len is N.
func (s Shapes) Len() int { return s.N }

// Label is i modulo the number of classes.
func (s Shapes) Label(i int) int { return i % len(shapes) }

// Classes are the names of the shapes, sorted.
func (s Shapes) Classes() []string {
	names := make([]string, len(shapes))
	for i := range shapes {
		names[i] = shapes[i].name
	}
	return names
}

// Name is "shapes" and the number.
func (s Shapes) Name(i int) string { return "shapes picture " + strconv.Itoa(i) }

// Read draws picture i.
func (s Shapes) Read(i int) (Picture, error) {
	if err := s.Check(); err != nil {
		return Picture{}, err
	}
	size := s.Size
	if size == 0 {
		size = 32
	}
	var g rand.PCG
	seedPCG(&g, s.Seed, streamShapes, i, 0)
	r := rand.New(&g)
	d := draw(r)
	distance := shapes[s.Label(i)].distance
	p := Picture{H: size, W: size, C: 3, Pix: make([]uint8, size*size*3)}
	pixel := 2 / float64(size) / d.radius // in the shape's coordinates
	for y := range size {
		for x := range size {
			u, v := d.place(float64(2*x+1)/float64(size)-1, float64(2*y+1)/float64(size)-1)
			cover := min(max(0.5-distance(u, v)/pixel, 0), 1)
			for k := range 3 {
				value := d.ground[k] + cover*(d.ink[k]-d.ground[k]) + d.noise*r.NormFloat64()
				p.Pix[(y*size+x)*3+k] = uint8(min(max(value*255+0.5, 0), 255))
			}
		}
	}
	return p, nil
}

// drawing is what chance decides about a picture, in coordinates where the picture is -1..1.
type drawing struct {
	x, y, radius, sin, cos float64
	ground, ink            [3]float64
	noise                  float64 // standard deviation, as a share of full brightness
}

func draw(r *rand.Rand) drawing {
	d := drawing{radius: uniform(r, 0.45, 0.75), noise: uniform(r, 0, 0.12)}
	room := 1 - d.radius
	d.x, d.y = uniform(r, -room, room), uniform(r, -room, room)
	d.sin, d.cos = math.Sincos(uniform(r, 0, 2*math.Pi))
	for {
		for k := range 3 {
			d.ground[k], d.ink[k] = r.Float64(), r.Float64()
		}
		// Colours far enough apart to be told from each other through the noise.
		if slices.Max([]float64{math.Abs(d.ground[0] - d.ink[0]), math.Abs(d.ground[1] - d.ink[1]), math.Abs(d.ground[2] - d.ink[2])}) > 0.4 {
			return d
		}
	}
}

// place moves a point of the picture into the shape's coordinates.
func (d drawing) place(x, y float64) (u, v float64) {
	x, y = (x-d.x)/d.radius, (y-d.y)/d.radius
	return d.cos*x + d.sin*y, d.cos*y - d.sin*x
}
