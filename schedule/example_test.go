package schedule_test

import (
	"encoding/json"
	"fmt"

	"github.com/atelier-go/atelier/schedule"
)

// A phase of four steps; the end is where the next phase begins.
func Example() {
	s := schedule.Cosine{From: 0.01, To: 0.001}
	for k := range 4 {
		fmt.Printf("step %d trains with %.5f\n", k, s.At(k, 4))
	}
	fmt.Printf("the end is %.5f\n", s.At(4, 4))
	// Output:
	// step 0 trains with 0.01000
	// step 1 trains with 0.00868
	// step 2 trains with 0.00550
	// step 3 trains with 0.00232
	// the end is 0.00100
}

func ExampleJoin() {
	s := schedule.Join{Parts: []schedule.Part{
		{Fraction: 0.2, Schedule: schedule.Of(schedule.Linear{From: 0.02, To: 0.1})},
		{Fraction: 0.8, Schedule: schedule.Of(schedule.Cosine{From: 0.1})},
	}}
	for k := 0; k <= 10; k += 2 {
		fmt.Printf("%.4f ", s.At(k, 10))
	}
	// Output: 0.0200 0.1000 0.0854 0.0500 0.0146 0.0000
}

func ExampleSpec() {
	var s schedule.Spec
	if err := json.Unmarshal([]byte(`{"warmup": {"steps": 100, "factor": 0.1, "then": {"cosine": 0.4}}}`), &s); err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%.2f %.2f %.2f\n", s.At(0, 1000), s.At(100, 1000), s.At(1000, 1000))
	s = schedule.Of(schedule.Exponential{From: 0.1})
	fmt.Println(s.Check())
	// Output:
	// 0.04 0.40 0.00
	// exponential: to is 0, want a number above 0
}

func ExampleLengths() {
	// fastai's phases_sgdr(2, 1, 2): a twentieth of an epoch, the rest of it, and two more, of 782 steps each.
	fmt.Println(schedule.Lengths([]float64{0.05, 0.95, 2}, []int{782, 782, 782}))
	// Output: [40 742 1564] <nil>
}

func ExamplePlateau() {
	p := schedule.Plateau{Factor: 0.5, Patience: 1}
	state := p.Start()
	for _, loss := range []float64{2, 1.5, 1.6, 1.55, 1.4} {
		state = p.Next(state, loss)
		fmt.Print(state.Scale, " ")
	}
	// Output: 1 1 1 0.5 0.5
}
