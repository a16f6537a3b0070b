// Package resident says how much memory this process has: what of it is in the machine's memory, not what it has asked for.
package resident
