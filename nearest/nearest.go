// Package nearest measures how far a name that somebody typed is from the names there are, for messages that ask "did you
// mean".
package nearest

import "strings"

// Name is the nearest of names to what somebody typed, in either case; false if none is near: more than a third of the
// letters are others.
func Name(typed string, names []string) (nearest string, near bool) {
	distance := len(typed)/3 + 1
	for _, n := range names {
		if d := Distance(strings.ToLower(typed), n); d < distance || d == distance && !near {
			nearest, near, distance = n, true, d
		}
	}
	return nearest, near
}

// Distance is how many letters have to be put in, left out, replaced or swapped with their neighbour to make b of a
// (Damerau's distance, restricted to swaps of letters that are not changed besides).
func Distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}
