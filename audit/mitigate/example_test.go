package mitigate_test

import (
	"fmt"

	"github.com/atelier-go/atelier/audit/mitigate"
)

func ExampleThresholds() {
	groups := []mitigate.Group{
		{Name: "African-American", Scores: []mitigate.Score{{Value: 1, Negative: 990, Positive: 532},
			{Value: 5, Negative: 521, Positive: 628}, {Value: 8, Negative: 284, Positive: 741}}},
		{Name: "Caucasian", Scores: []mitigate.Score{{Value: 1, Negative: 1139, Positive: 461},
			{Value: 5, Negative: 268, Positive: 310}, {Value: 8, Negative: 81, Positive: 195}}},
	}
	plan, err := mitigate.Thresholds(groups, mitigate.Options{Criterion: mitigate.FPR, Tolerance: 0.08, Before: 5})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, g := range plan.Groups {
		fmt.Printf("%s: positive from %v\n", g.Name, *g.Threshold)
	}
	fmt.Printf("gap %.3f -> %.3f, accuracy %.3f -> %.3f\n", plan.Before.Gap, plan.After.Gap,
		plan.Before.Accuracy.Value, plan.After.Accuracy.Value)
	// Output:
	// African-American: positive from 8
	// Caucasian: positive from 5
	// gap 0.214 -> 0.076, accuracy 0.651 -> 0.633
}
