package recipe

import (
	"fmt"
	"strings"

	"github.com/atelier-go/atelier/nearest"
)

// suggest is what to say of a name that is not among those that exist.
func suggest(name string, names []string) string {
	best, distance := "", len(name)/3+1
	for _, n := range names {
		if d := nearest.Distance(strings.ToLower(name), n); d <= distance && (best == "" || d < distance) {
			best, distance = n, d
		}
	}
	if best != "" {
		return fmt.Sprintf(": did you mean %q?", best)
	}
	return "; there are " + strings.Join(names, ", ")
}
