package chart

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
)

// labels are the numbers of an axis, in order.
func labels(ticks []tick) string {
	var out []string
	for _, t := range ticks {
		if t.label != "" {
			out = append(out, t.label)
		}
	}
	return strings.Join(out, " ")
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		log       bool
		low, high float64
		n         int
		want      string
	}{
		{false, 0, 10, 5, "0 2 4 6 8 10"},
		{false, -0.1, 1.05, 6, "0 0.2 0.4 0.6 0.8 1.0"},
		{false, 0.85, 0.95, 5, "0.86 0.88 0.90 0.92 0.94"},
		{false, 0, 2346, 5, "0 500 1000 1500 2000"},
		{false, 0, 3e6, 3, "0 1e6 2e6 3e6"},
		{false, 0, 2.5e6, 5, "0 5e5 1e6 1.5e6 2e6 2.5e6"},
		{false, -2e-5, 2e-5, 4, "-2e-5 -1e-5 0 1e-5 2e-5"},
		{false, 0, 0.01, 5, "0 0.002 0.004 0.006 0.008 0.010"},
		{false, 999_999.5, 1_000_000.5, 2, "9.999995e5 1e6 1.0000005e6"},
		{true, 1e-5, 10, 10, "1e-5 1e-4 1e-3 0.01 0.1 1 10"},
		{true, 1e-5, 10, 4, "1e-4 0.01 1"},
		{true, 9e-4, 0.011, 8, "1e-3 2e-3 5e-3 0.01"},
		{true, 0.9, 20, 8, "1 2 5 10 20"},
		{true, 1, 1e6, 10, "1 10 100 1000 1e4 1e5 1e6"},
		{true, 0.2, 0.5, 4, "0.2 0.3 0.4 0.5"},
		{true, 1e-150, 1e150, 3, "1e-100 1 1e100"},
	} {
		s := scale{log: c.log, min: c.low, max: c.high, to: 1}
		if got := labels(s.ticks(c.n)); got != c.want {
			t.Errorf("log %v from %v to %v, about %d: %s, want %s", c.log, c.low, c.high, c.n, got, c.want)
		}
	}
}

// Numbers on an axis read as what they stand for, are not too many, and lie on the axis.
func FuzzTicks(f *testing.F) {
	f.Add(0.0, 1.0, false, 5)
	f.Add(1e-7, 10.0, true, 7)
	f.Add(1e150, -1e150, false, 3)
	f.Add(1.0, 1.0000000001, true, 4)
	f.Fuzz(func(t *testing.T, a, b float64, log bool, n int) {
		n = 2 + abs(n)%20
		var e extent
		for _, v := range []float64{a, b} {
			if drawable(v, log) {
				e.add(v)
			}
		}
		s := Axis{Log: log}.fit(e, 0.05, 0, 1000)
		if !(s.min < s.max) || e.any && (s.min > e.min || s.max < e.max) {
			t.Fatalf("%v to %v becomes %v to %v", a, b, s.min, s.max)
		}
		ticks := s.ticks(n)
		if named := len(strings.Fields(labels(ticks))); named > 3*n+3 || len(ticks) > 2000 {
			t.Fatalf("%v to %v has %d numbers of %d", s.min, s.max, named, len(ticks))
		}
		seen := map[string]bool{}
		for _, k := range ticks {
			at := s.at(k.value)
			if math.IsNaN(float64(at)) || at < -1 || at > 1001 {
				t.Fatalf("%v of %v to %v is at %v", k.value, s.min, s.max, at)
			}
			if k.label == "" {
				continue
			}
			var v float64
			if _, err := fmt.Sscan(k.label, &v); err != nil || math.Abs(v-k.value) > 1e-6*math.Abs(s.max-s.min)+1e-15*math.Abs(v) || seen[k.label] {
				t.Fatalf("%v of %v to %v is called %q", k.value, s.min, s.max, k.label)
			}
			seen[k.label] = true
		}
	})
}

func abs(n int) int { return max(n, -max(n, -math.MaxInt)) }

// Texts of boundaries keep apart from each other and within the panel.
func TestBoundaryTextsDoNotOverlap(t *testing.T) {
	style := writing(edgeSize, false, soft)
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		var boundaries []Boundary
		for i := range r.IntN(30) {
			boundaries = append(boundaries, Boundary{X: r.Float64() * 100, Label: strings.Repeat("phase ", i%6)})
		}
		x := scale{max: 100, from: 50, to: 50 + vg.Length(200+r.IntN(1000))}
		placed, count := rows(style, boundaries, x, maxRows)
		for i, p := range placed {
			end := p.x + style.Width(p.text)
			if p.row >= count || p.x < x.from || end > x.to+1e-6 {
				t.Fatalf("%+v ends at %v, between %v and %v in %d rows", p, end, x.from, x.to, count)
			}
			for _, q := range placed[:i] {
				if q.row == p.row && p.x < q.x+style.Width(q.text)+gap-1e-6 && q.x < end+gap-1e-6 {
					t.Fatalf("%+v and %+v overlap", q, p)
				}
			}
		}
	}
	few := []Boundary{{0, "SGD"}, {30, "Adam"}, {60, "AdamW"}}
	if placed, count := rows(style, few, scale{max: 100, to: 1000}, maxRows); len(placed) != 3 || count != 1 {
		t.Errorf("three short texts: %+v in %d rows", placed, count)
	}
}

// Texts of marks keep apart as long as there is room.
func TestMarkTextsDoNotOverlap(t *testing.T) {
	keepApart(t, 90, vg.Point{X: 5, Y: 5}, vg.Point{X: 595, Y: 295}, vg.Point{X: 300, Y: 150}, vg.Point{X: 310, Y: 155}, vg.Point{X: 320, Y: 150})
	// Runs that come to a goal one soon after the other.
	keepApart(t, 150, vg.Point{X: 480, Y: 280}, vg.Point{X: 484, Y: 281}, vg.Point{X: 498, Y: 281}, vg.Point{X: 512, Y: 281}, vg.Point{X: 516, Y: 280})
	panel := box{0, 0, 600, 300}
	above := beside(vg.Point{X: 300, Y: 150}, 90, 19, panel, nil, trail([][]vg.Point{{{X: 0, Y: 140}, {X: 290, Y: 140}}, {{X: 300, Y: 165}, {X: 600, Y: 165}}, {{X: 300, Y: 140}, {X: 600, Y: 140}}}))
	if above.right > 300 || above.bottom < 150 {
		t.Errorf("the text lies on a line, at %v", above)
	}
}

// keepApart places texts of a width one after the other, and checks that none covers a mark or another.
func keepApart(t *testing.T, width vg.Length, dots ...vg.Point) {
	t.Helper()
	panel := box{0, 0, 600, 300}
	var taken []box
	for _, d := range dots {
		taken = append(taken, box{d.X - 7, d.Y - 7, d.X + 7, d.Y + 7})
	}
	for _, d := range dots {
		b := beside(d, width, 19, panel, taken, nil)
		if b.left < panel.left || b.right > panel.right || b.bottom < panel.bottom || b.top > panel.top {
			t.Errorf("%v of %v leaves the panel", b, d)
		}
		for _, o := range taken {
			if b.overlaps(o) {
				t.Errorf("%v of %v covers %v", b, d, o)
			}
		}
		taken = append(taken, b)
	}
}

// Thinning keeps what each column shows, and leaves few points.
func TestThinLooksTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	var points []vg.Point
	for k := range 100_000 {
		points = append(points, vg.Point{X: vg.Length(k) / 100, Y: vg.Length(r.NormFloat64())})
	}
	out := thin(points)
	if len(out) > 8000 {
		t.Errorf("%d points are left", len(out))
	}
	type span struct{ first, last, low, high vg.Length }
	columns := func(points []vg.Point) map[int]span {
		m := map[int]span{}
		for _, p := range points {
			c := int(2 * p.X)
			s, ok := m[c]
			if !ok {
				s = span{p.Y, p.Y, p.Y, p.Y}
			}
			m[c] = span{s.first, p.Y, min(s.low, p.Y), max(s.high, p.Y)}
		}
		return m
	}
	want := columns(points)
	for c, got := range columns(out) {
		if got != want[c] {
			t.Fatalf("column %d: %+v, want %+v", c, got, want[c])
		}
	}
	if len(want) != len(columns(out)) {
		t.Error("columns are lost")
	}
	if !slices.Equal(thin(points[:100]), points[:100]) {
		t.Error("a short line is thinned")
	}
}

func TestShorten(t *testing.T) {
	style := writing(12, false, ink)
	for _, c := range []struct{ text, want string }{
		{"short", "short"}, {"two\nlines\tof", "two lines of"}, {"", ""}, {"bell\a", "bell\uFFFD"}, {"\xff", "\uFFFD"},
	} {
		if got := shorten(style, c.text, 500); got != c.want {
			t.Errorf("%q becomes %q", c.text, got)
		}
	}
	for width := vg.Length(20); width < 200; width += 7 {
		got := shorten(style, strings.Repeat("wide ", 50), width)
		if !strings.HasSuffix(got, "…") || style.Width(got) > width {
			t.Errorf("%v pixels: %q", width, got)
		}
	}
}
