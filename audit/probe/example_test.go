package probe_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/atelier-go/atelier/audit/probe"
)

// A translator that loses the pronoun on the way and guesses it from the job.
func ExampleSuite_Run() {
	suite, err := probe.Read(strings.NewReader(`
templates: ["{Pronoun} is {a job}."]
slots:
  job: [doctor, nurse]
  pronoun: [she, he]
contrast: pronoun
outcomes: {she: [she], he: [he]}
expect: {she: she, he: he}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	translator := probe.Func(func(_ context.Context, input string) (string, error) {
		if strings.Contains(input, "nurse") {
			return "She is a nurse.", nil
		}
		return "He is a doctor.", nil
	})
	result, err := suite.Run(context.Background(), translator, probe.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range result.Slots[0].Rows {
		fmt.Printf("%-6s she %.0f%%, he %.0f%%\n", row.Value, 100*row.Shares[0].Value, 100*row.Shares[1].Value)
	}
	fmt.Printf("%.0f of %.0f pronouns came back as another\n", result.Unexpected.K, result.Unexpected.N)
	// Output:
	// doctor she 0%, he 100%
	// nurse  she 100%, he 0%
	// 2 of 4 pronouns came back as another
}
