package data

import (
	"fmt"
	"strings"
)

// nameOf, textOf and fromText are the names of a choice, such as Layout, in recipes.
func nameOf(names []string, i int) string {
	if i < 0 || i >= len(names) {
		return fmt.Sprint(i)
	}
	return names[i]
}

func textOf(kind string, names []string, i int) ([]byte, error) {
	if i < 0 || i >= len(names) {
		return nil, fmt.Errorf("data: there is no %s %d", kind, i)
	}
	return []byte(names[i]), nil
}

func fromText(kind string, names []string, text []byte, i *int) error {
	for k, name := range names {
		if name == string(text) {
			*i = k
			return nil
		}
	}
	return fmt.Errorf("data: there is no %s %q; want %s", kind, text, strings.Join(names, " or "))
}
