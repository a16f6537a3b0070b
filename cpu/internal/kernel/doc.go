// Package kernel is the parent of the backend's kernels: one folder for each family of operations.
//
// # Levels
//
// A kernel exists for each isa.Level: Portable, which is Go alone, has no build tag, runs on every architecture and is
// the reference that the others are tested against; AVX2 and AVX512, which are generated assembly for amd64. The
// level is an argument or a row of a table, never a global: one process can run them all, and tests do.
//
// AMX is not a level but a package, amx: it does one thing, on bfloat16, and a processor has it or not beside AVX512.
// It is the one place where its instructions are emitted.
//
// # Files of a family
//
//	<op>.go             the contract as a formula, the table of levels
//	portable.go         the reference
//	*_amd64.{s,go}      //go:build !noasm; generated, except the dispatch to them
//	*_other.go          !amd64 || noasm: what stands in their place
//	*_test.go           one loop over the table: odd sizes, offsets, guards, NaN and infinity, bounds in units of k·ε
//
// # Names
//
// An assembly function is named by its tile or width, its element type and its level: tile6x16F32AVX2 computes a tile
// of 6 rows by 16 columns of float32 with AVX2 and FMA.
//
// # Adding a kernel
//
// The generators are programs in _gen/<op>, a module of its own so that the assembler library does not become a
// dependency of the project; the leading underscore hides it from ./... . Write the generator with _gen/asm, run
// script/generate <op>, add the row to the table: tests, fuzzing and benchmarks loop over it. Check lengths in Go and
// panic with a constant text before the assembly runs; it checks nothing itself.
package kernel
