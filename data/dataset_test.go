package data

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	d := grid(101, 1, 1, 1)
	a, b, err := Split(d, 0.3, 7)
	if err != nil || a.Len() != 30 || b.Len() != 71 {
		t.Fatalf("%d and %d pictures, %v", a.Len(), b.Len(), err)
	}
	all := append(slices.Clone(a.Indices), b.Indices...)
	slices.Sort(all)
	for i, v := range all {
		if i != v {
			t.Fatalf("picture %d is in no part, or in both", i)
		}
	}
	again, _, _ := Split(d, 0.3, 7)
	other, _, _ := Split(d, 0.3, 8)
	if !slices.Equal(a.Indices, again.Indices) || slices.Equal(a.Indices, other.Indices) || !slices.IsSorted(a.Indices) {
		t.Error("parts are not a function of the seed, or not in order")
	}
	for k, i := range a.Indices {
		p, err := a.Read(k)
		if err != nil || p.Pix[0] != byte(i) || a.Label(k) != i%2 || a.Name(k) != d.Name(i) || len(a.Classes()) != 2 {
			t.Errorf("picture %d of the part is %v, label %d, %s", k, p, a.Label(k), a.Name(k))
		}
	}
	for _, fraction := range []float64{0, 1, -1, math.NaN()} {
		if _, _, err := Split(d, fraction, 0); err == nil || !strings.Contains(err.Error(), "fraction is") {
			t.Errorf("a fraction of %g: %v", fraction, err)
		}
	}
	if x, y, err := Split(grid(2, 1, 1, 1), 0.01, 0); err != nil || x.Len() != 1 || y.Len() != 1 {
		t.Errorf("two pictures: %v", err)
	}
	if _, _, err := Split(grid(1, 1, 1, 1), 0.5, 0); err == nil {
		t.Error("one picture is split")
	}
}

func TestLimit(t *testing.T) {
	d := grid(50, 1, 1, 1)
	s, err := Limit(d, 20, 3)
	if err != nil || s.Len() != 20 || !slices.IsSorted(s.Indices) || s.Indices[19] < 20 {
		t.Errorf("%v, %v", s.Indices, err)
	}
	if s, err = Limit(d, 99, 3); err != nil || s.Len() != 50 {
		t.Errorf("more than there are: %v", err)
	}
	if _, err = Limit(d, 0, 3); err == nil || !strings.Contains(err.Error(), "n is 0") {
		t.Errorf("none: %v", err)
	}
	if err := Check(&Subset{d, []int{3, 50}}); err == nil || !strings.Contains(err.Error(), "index 1 is 50, want 0 to 49") {
		t.Errorf("a wrong index: %v", err)
	}
	if err := Check(&Subset{}); err == nil {
		t.Error("a subset of nothing")
	}
}

func TestLoad(t *testing.T) {
	d := Shapes{N: 50, Size: 9, Seed: 4}
	m, err := Load(context.Background(), d, 3)
	if err != nil {
		t.Fatal(err)
	}
	for i := range d.N {
		p, _ := d.Read(i)
		if q, err := m.Read(i); err != nil || !slices.Equal(p.Pix, q.Pix) || m.Label(i) != d.Label(i) || m.Name(i) != d.Name(i) {
			t.Errorf("picture %d differs", i)
		}
	}
	if err := SameClasses(m.Classes(), d.Classes()); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Load(ctx, d, 0); err == nil {
		t.Error("Load goes on without its context")
	}
}

// What to do about pictures that Load cannot read is the loader's policy: to fail before training, or to skip them.
func TestLoadLeavesPolicyToTheLoader(t *testing.T) {
	d := Shapes{N: 50, Size: 9, Seed: 4}
	m, err := Load(context.Background(), broken{d, map[int]bool{30: true, 40: true}}, 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := Check(m); err != nil {
		t.Error(err)
	}
	if _, err := m.Read(30); err == nil || err.Error() != "is broken" {
		t.Errorf("the broken picture: %v", err)
	}
	if _, err := m.Read(29); err != nil {
		t.Errorf("another picture: %v", err)
	}
	fails := &Loader{Dataset: m, Batch: 10}
	if err := fails.Check(); err == nil || err.Error() != "data: shapes picture 30: is broken" {
		t.Errorf("a loader that fails: %v", err)
	}
	skips := &Loader{Dataset: m, Batch: 50, Corrupt: Skip}
	if err := skips.Check(); err != nil {
		t.Error(err)
	}
	b := collect(t, skips, 0, 1)[0]
	if len(b.Skipped) != 2 || skips.Skipped() != 2 || b.Indices[30] != 31 {
		t.Errorf("skipped %v, and picture %d in the place of 30", b.Skipped, b.Indices[30])
	}
}

func TestSameClasses(t *testing.T) {
	of := func(names ...string) Dataset { return &Memory{ClassNames: names} }
	for _, c := range []struct {
		a, b Dataset
		want string
	}{
		{of("x", "y"), of("x", "y"), ""},
		{of("x", "y"), of("x"), `one dataset has 2 classes and the other 1; only one has "y"`},
		{of("x", "y"), of("x", "z"), `class 1 is "y" in one dataset and "z" in the other`},
	} {
		if err := SameClasses(c.a.Classes(), c.b.Classes()); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("error is %v, want %q", err, c.want)
		}
	}
}

func TestShapes(t *testing.T) {
	d := Shapes{N: 80}
	other := Shapes{N: 80, Seed: 1}
	if !slices.IsSorted(d.Classes()) || len(d.Classes()) != 8 {
		t.Errorf("classes are %v", d.Classes())
	}
	for i := range d.N {
		p, err := d.Read(i)
		if err != nil || p.Size() != "32x32x3" || d.Label(i) != i%8 {
			t.Fatalf("picture %d is %s with label %d, %v", i, p.Size(), d.Label(i), err)
		}
		q, _ := d.Read(i)
		r, _ := other.Read(i)
		if !slices.Equal(p.Pix, q.Pix) || slices.Equal(p.Pix, r.Pix) {
			t.Errorf("picture %d is not a function of the seed", i)
		}
	}
	for want, s := range map[string]Shapes{"N is 0": {}, "Size is 4": {N: 1, Size: 4}, "Size is -1": {N: 1, Size: -1}} {
		if err := Check(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", s, err)
		}
		if _, err := s.Read(0); err == nil {
			t.Errorf("%+v is drawn", s)
		}
	}
}

// A shape covers neither too little nor too much of its picture, whatever its class: colours alone tell nothing.
func TestShapesAreVisible(t *testing.T) {
	for class, s := range shapes {
		covered := 0
		const n = 200
		for y := range n {
			for x := range n {
				u, v := float64(2*x+1)/n-1, float64(2*y+1)/n-1
				if s.distance(u*1.5, v*1.5) < 0 {
					covered++
				}
			}
		}
		if share := float64(covered) / (n * n) * 9 / math.Pi; share < 0.25 || share > 0.9 {
			t.Errorf("%s (class %d) covers %.2f of its circle", s.name, class, share)
		}
	}
}

func TestNormalise(t *testing.T) {
	for want, n := range map[string]Normalise{"Mean[1] is NaN": {Mean: []float64{0, math.NaN()}}, "Std[0] is -1": {Std: []float64{-1}}} {
		if err := n.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", n, err, want)
		}
	}
	for _, c := range []int{1, 3, 4} {
		p := noise(1, 3, 5, c)
		n := Normalise{Mean: []float64{0.5, 0.4, 0.3, 0.2}[:c], Std: []float64{0.25}}
		tables, err := n.tables(c)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float32, len(p.Pix))
		convert(got, p, tables)
		for i, v := range p.Pix {
			if want := float32((float64(v)/255 - n.Mean[i%c]) / 0.25); got[i] != want {
				t.Fatalf("%d channels, number %d: %g, want %g", c, i, got[i], want)
			}
		}
	}
}

// Pixels, labels and weights of a mixed batch belong together, and weights have the mean and variance of a beta.
func TestMixup(t *testing.T) {
	d := grid(250, 1, 2, 1)
	d.ClassNames = numbered(250)
	for i := range d.Labels {
		d.Labels[i] = i
	}
	for _, alpha := range []float64{0.1, 1, 3} {
		l := &Loader{Dataset: d, Batch: 50, Shuffle: true, Mixup: Mixup{Alpha: alpha}}
		sum, squares, n := 0.0, 0.0, 0.0
		for _, b := range collect(t, l, 0, 60) {
			partners := map[int32]bool{}
			for k := range b.N {
				lambda := float64(b.Lambda[k])
				want := (lambda*float64(b.Labels[k]) + (1-lambda)*float64(b.Mixed[k])) / 255
				if lambda < 0 || lambda > 1 || math.Abs(float64(b.Pixels[2*k])-want) > 1e-6 || b.Pixels[2*k] != b.Pixels[2*k+1] {
					t.Fatalf("alpha %g: example %d is %g, want %g of %d and the rest of %d: %g", alpha, k, b.Pixels[2*k], lambda, b.Labels[k], b.Mixed[k], want)
				}
				partners[b.Mixed[k]] = true
				sum, squares, n = sum+lambda, squares+lambda*lambda, n+1
			}
			if len(partners) != b.N {
				t.Errorf("alpha %g: %d different partners in a batch of %d", alpha, len(partners), b.N)
			}
		}
		mean, variance := sum/n, squares/n-sum/n*sum/n
		want := 1 / (4 * (2*alpha + 1)) // of Beta(α, α)
		if math.Abs(mean-0.5) > 0.04 || math.Abs(variance-want) > 0.12*want {
			t.Errorf("alpha %g: weights have mean %.3f and variance %.4f, want 0.5 and %.4f", alpha, mean, variance, want)
		}
	}
	// So small an alpha that a plain gamma is zero.
	r := newRand(1)
	for range 1000 {
		if v := beta(r, 1e-4); !(v >= 0 && v <= 1) {
			t.Fatalf("a weight of %g", v)
		}
	}
}
