package loop_test

import (
	"fmt"

	"github.com/atelier-go/atelier/audit/loop"
)

func ExampleUrn_Limit() {
	areas := []loop.Area{
		{Name: "north", Discovered: 0.6, Prior: 1},
		{Name: "centre", Discovered: 0.3, Prior: 1},
		{Name: "south", Discovered: 0.1, Prior: 1},
	}
	for _, correction := range []loop.Correction{loop.None, loop.Complement, loop.Reject} {
		limit, err := loop.Urn{Areas: areas, Correction: correction}.Limit()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%-10s %.3f\n", correction, limit.Shares)
	}
	// Output:
	// none       [1.000 0.000 0.000]
	// complement [0.667 0.333 0.000]
	// reject     [0.600 0.300 0.100]
}
