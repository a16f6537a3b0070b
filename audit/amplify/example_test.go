package amplify_test

import (
	"fmt"

	"github.com/atelier-go/atelier/audit/amplify"
)

// Cooking was women's in two of three training pictures, and in 36 of 43 predictions.
func ExampleZhao() {
	verbs, groups := []string{"cooking"}, []string{"man", "woman"}
	result, err := amplify.Zhao(
		amplify.Counts{Classes: verbs, Groups: groups, N: [][]int64{{33, 66}}},
		amplify.Counts{Classes: verbs, Groups: groups, N: [][]int64{{7, 36}}},
		amplify.Options{},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	c := result.Classes[0]
	fmt.Printf("%s: %s %.1f%% -> %.1f%%, difference %.3f [%.3f, %.3f]\n",
		c.Name, c.Toward, 100*c.Train, 100*c.Predicted, c.Difference.Value, c.Difference.Low, c.Difference.High)
	// Output:
	// cooking: woman 66.7% -> 83.7%, difference 0.171 [0.009, 0.298]
}
