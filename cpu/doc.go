// Package cpu is a GoMLX backend for processors: pure Go with generated assembly, no cgo.
//
// Importing it registers the backend "cpu" and, unless $GOMLX_BACKEND or compute.DefaultConfig choose another that is
// linked in, makes it the default:
//
//	import _ "github.com/atelier-go/atelier/cpu"
//
//	backend, err := compute.NewWithConfig("cpu:threads=2,isa=avx2,memory=2GiB")
//
// [ParseConfig] documents the configuration. A backend and everything made from it may be used by several goroutines
// at once, except that one graph is built by one goroutine at a time.
//
// # Errors
//
// What the backend does not support is an error that wraps compute.ErrNotImplemented, when the graph is built. Errors
// of a graph name the operation and its shapes. If an execution fails the buffers given to it, donated ones included,
// stay valid: the error is an [ExecutionError] that has them. A failure does not harm the backend.
//
// # Memory
//
// Values that are not inputs or results live in one arena that is planned when the graph is compiled and kept for the
// next execution. A donated input whose place a result may take is overwritten by it.
package cpu
