package track_test

import (
	"fmt"

	"github.com/atelier-go/atelier/audit"
	"github.com/atelier-go/atelier/audit/track"
)

func ExampleGate_Check() {
	race := []string{"race"}
	entry := track.Entry{Cells: []track.Cell{
		{Confusion: audit.Confusion{TN: 2129, FP: 1154, FN: 993, TP: 1874}},
		{By: race, Values: []string{"African-American"}, Confusion: audit.Confusion{TN: 990, FP: 805, FN: 532, TP: 1369}},
		{By: race, Values: []string{"Caucasian"}, Confusion: audit.Confusion{TN: 1139, FP: 349, FN: 461, TP: 505}},
	}}
	gate, err := track.ParseGate("fpr.gap@race>0.1")
	if err != nil {
		fmt.Println(err)
		return
	}
	verdict, err := gate.Check(entry, nil, track.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(verdict.Text)
	// Output:
	// fpr.gap@race>0.1 is crossed, at 95% confidence: race: African-American against Caucasian has 0.214 [0.182, 0.245].
}
