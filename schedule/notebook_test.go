package schedule_test

import (
	"math"
	"math/big"
	"testing"

	"github.com/atelier-go/atelier/schedule"
)

// What follows computes fastai's notebook training_phase.ipynb in fastai's way, to compare with: a counter that is
// advanced after each batch, and phases that end when the number of batches has reached the sum of epochs·batches.

// decay is a row of fastai's table of decays, i batches into a phase of nb.
type decay func(start, end float64, i, nb int) float64

var (
	none   decay = func(s, e float64, i, nb int) float64 { return s }
	line   decay = func(s, e float64, i, nb int) float64 { return s + float64(float64(i)/float64(nb)*(e-s)) }
	cosine decay = func(s, e float64, i, nb int) float64 {
		return e + float64((s-e)/2*(math.Cos(math.Pi*float64(i)/float64(nb))+1))
	}
	exponential decay = func(s, e float64, i, nb int) float64 { return s * math.Pow(e/s, float64(i)/float64(nb)) }
)

func polynomial(p float64) decay {
	return func(s, e float64, i, nb int) float64 { return e + float64((s-e)*math.Pow(1-float64(i)/float64(nb), p)) }
}

// phase is a training phase: how long, and one hyper-parameter in fastai's terms and in ours.
type phase struct {
	epochs     string // a decimal fraction
	batches    int    // in an epoch
	kind       decay
	start, end float64
	ours       schedule.Schedule
}

// fastai returns the value that each batch of each phase trains with. The last phase ends with the last batch.
func fastai(phases []phase) [][]float64 {
	values := make([][]float64, len(phases))
	batch, sum := 0, new(big.Rat)
	for i, p := range phases {
		epochs, _ := new(big.Rat).SetString(p.epochs)
		sum.Add(sum, epochs.Mul(epochs, big.NewRat(int64(p.batches), 1)))
		first := batch
		for big.NewRat(int64(batch), 1).Cmp(sum) < 0 {
			batch++
		}
		nb := batch - first // fastai divides by epochs·batches, not rounded up
		current := p.start
		for it := 1; it <= nb; it++ {
			values[i] = append(values[i], current)
			current = p.kind(p.start, p.end, it, nb)
		}
	}
	return values
}

func TestNotebook(t *testing.T) {
	const nb = 782 // CIFAR-10 in batches of 64
	constant := func(epochs string, v float64) phase {
		return phase{epochs, nb, none, v, 0, schedule.Constant{Value: v}}
	}
	linear := func(epochs string, a, b float64) phase {
		return phase{epochs, nb, line, a, b, schedule.Linear{From: a, To: b}}
	}
	cos := func(epochs string, a, b float64) phase {
		return phase{epochs, nb, cosine, a, b, schedule.Cosine{From: a, To: b}}
	}
	exp := func(epochs string, a, b float64) phase {
		return phase{epochs, nb, exponential, a, b, schedule.Exponential{From: a, To: b}}
	}
	poly := func(epochs string, a, b, power float64) phase {
		return phase{epochs, nb, polynomial(power), a, b, schedule.Polynomial{From: a, To: b, Power: power}}
	}
	around := func(middle phase) []phase { return []phase{constant("1", 1e-2), middle, constant("1", 1e-3)} }
	for _, example := range []struct {
		name   string
		phases []phase
		ends   []int
	}{
		{"two constants", []phase{constant("1", 1e-2), constant("2", 1e-3)}, []int{782, 2346}},
		{"linear decay", around(linear("1", 1e-2, 1e-3)), []int{782, 1564, 2346}},
		{"cosine decay", around(cos("1", 1e-2, 1e-3)), []int{782, 1564, 2346}},
		{"exponential decay", around(exp("1", 1e-2, 1e-3)), []int{782, 1564, 2346}},
		{"polynomial decay, p = 2", around(poly("1", 1e-2, 1e-3, 2)), []int{782, 1564, 2346}},
		{"polynomial decay, p = 0.5", around(poly("1", 1e-2, 1e-3, 0.5)), []int{782, 1564, 2346}},
		{"cosine without end", []phase{cos("1", 1e-2, 0)}, []int{782}},
		{"phases_sgdr(1e-2, Adam, 2, 1, 2)", []phase{constant("0.05", 1e-4), cos("0.95", 1e-2, 0), cos("2", 1e-2, 0)}, []int{40, 782, 2346}},
		{"phases_1cycle(3, 1e-2, 10, 10, .95, .85), rates",
			[]phase{linear("1.35", 1e-3, 1e-2), linear("1.35", 1e-2, 1e-3), linear("0.3", 1e-3, 1e-5)}, []int{1056, 2112, 2346}},
		{"phases_1cycle(3, 1e-2, 10, 10, .95, .85), momenta",
			[]phase{linear("1.35", .95, .85), linear("1.35", .85, .95), constant("0.3", .95)}, []int{1056, 2112, 2346}},
		{"discriminative, first group", []phase{linear("1", 1e-5, 1e-4), cos("2", 1e-4, 0)}, []int{782, 2346}},
		{"discriminative, second group", []phase{linear("1", 1e-4, 1e-3), cos("2", 1e-3, 0)}, []int{782, 2346}},
		{"discriminative, head", []phase{linear("1", 1e-3, 1e-2), cos("2", 1e-2, 0)}, []int{782, 2346}},
		{"finder, exponential", []phase{exp("0.25", 1e-5, 10)}, []int{196}},
		{"finder, linear", []phase{linear("0.25", 1e-3, 0.1)}, []int{196}},
		{"1cycle with SGD, then Adam",
			[]phase{linear("0.45", 1e-3, 1e-2), linear("0.45", 1e-2, 1e-3), linear("0.1", 1e-3, 1e-5), cos("1", 1e-3, 0)}, []int{352, 704, 782, 1564}},
		{"data_list, in batches of 64 and 128", []phase{
			constant("1", 1e-2), {"2", 391, cosine, 1e-2, 0, schedule.Cosine{From: 1e-2}},
		}, []int{782, 1564}},
	} {
		t.Run(example.name, func(t *testing.T) {
			var epochs []float64
			var steps []int
			for _, p := range example.phases {
				e, _ := new(big.Rat).SetString(p.epochs)
				f, _ := e.Float64()
				epochs, steps = append(epochs, f), append(steps, p.batches)
			}
			lengths, err := schedule.Lengths(epochs, steps)
			if err != nil {
				t.Fatal(err)
			}
			end := 0
			for i, values := range fastai(example.phases) {
				end += lengths[i]
				if end != example.ends[i] || len(values) != lengths[i] {
					t.Errorf("phase %d has %d steps and ends at %d, want %d and %d", i, lengths[i], end, len(values), example.ends[i])
				}
				for k, want := range values {
					if got := example.phases[i].ours.At(k, lengths[i]); got != want {
						t.Errorf("phase %d, step %d: %v, fastai's %v", i, k, got, want)
						break
					}
				}
			}
		})
	}
}

// The end value is optional and means zero, except where zero cannot be reached.
func TestEndIsOptional(t *testing.T) {
	for _, s := range []schedule.Schedule{
		schedule.Linear{From: 1}, schedule.Cosine{From: 1}, schedule.Polynomial{From: 1, Power: 2},
	} {
		if err := s.Check(); err != nil || s.At(10, 10) != 0 {
			t.Errorf("%#v ends at %v, %v", s, s.At(10, 10), err)
		}
	}
	if err := (schedule.Exponential{From: 1}).Check(); err == nil {
		t.Error("an exponential without end is taken for right")
	}
	if err := (schedule.Polynomial{From: 1}).Check(); err == nil {
		t.Error("a polynomial without power is taken for right")
	}
}
