package cpu

import "github.com/atelier-go/atelier/cpu/internal/ir"

// passNames lists what disable= takes.
func passNames() []string { return []string{"all"} }

// rewrite runs the graph passes on a function, except those disabled.
func rewrite(*ir.Func, map[string]bool) error { return nil }
