package recipe

import (
	"fmt"
	"strings"

	"github.com/atelier-go/atelier/nearest"
)

// suggest is what to say of a name that is not among those that exist.
func suggest(name string, names []string) string {
	if best, near := nearest.Name(name, names); near {
		return fmt.Sprintf(": did you mean %q?", best)
	}
	return "; there are " + strings.Join(names, ", ")
}
