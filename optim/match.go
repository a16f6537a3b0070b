package optim

import (
	"path"
	"strings"
)

// CheckPattern says whether a pattern for [MatchPath] is malformed.
func CheckPattern(pattern string) error {
	_, err := path.Match(pattern, "")
	return err
}

// MatchPath says whether a variable's path fits a pattern, as those of [Rule].Path; no path fits one that is malformed.
func MatchPath(pattern, name string) bool {
	if pattern == "" {
		return true
	}
	return matchElements(elements(pattern), elements(name))
}

func elements(p string) []string { return strings.Split(strings.TrimPrefix(p, "/"), "/") }

func matchElements(pattern, name []string) bool {
	if len(pattern) == 0 {
		return len(name) == 0
	}
	if pattern[0] == "**" {
		for skip := range len(name) + 1 {
			if matchElements(pattern[1:], name[skip:]) {
				return true
			}
		}
		return false
	}
	if len(name) == 0 {
		return false
	}
	ok, err := path.Match(pattern[0], name[0])
	return ok && err == nil && matchElements(pattern[1:], name[1:])
}
