package audit_test

import (
	"fmt"
	"slices"

	"github.com/atelier-go/atelier/audit"
)

// Two groups of a hundred whose labels are the same, and a model that calls more of one of them positive.
func ExampleRun() {
	var rows [][]string
	for i := range 100 {
		label := fmt.Sprint(i % 2)
		rows = append(rows, []string{"a", label, label})
		called := label
		if i%10 == 0 {
			called = "1"
		}
		rows = append(rows, []string{"b", label, called})
	}
	found, err := audit.Run(audit.Options{
		Rows: slices.Values(rows), Header: []string{"group", "label", "prediction"},
		Label: "label", Prediction: "prediction", Groups: []string{"group"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, g := range found.GroupsBy("group") {
		fpr := g.Metric("fpr")
		fmt.Printf("%s: %.0f%% [%.1f, %.1f] of %.0f\n", g.Name(), 100*fpr.Value, 100*fpr.Low, 100*fpr.High, fpr.N)
	}
	gap, _ := found.Gap("fpr", "group")
	fmt.Printf("worst %s, best %s, p = %.4f\n", gap.Worst, gap.Best, gap.Pairs[0].Test.Holm)
	// Output:
	// a: 0% [0.0, 7.1] of 50
	// b: 20% [11.2, 33.0] of 50
	// worst b, best a, p = 0.0009
}
