// Package bench measures a GoMLX backend on the jobs that painting and training consist of, and PyTorch on the same
// jobs beside it.
//
// A [Job] is a graph with its inputs: a matrix product, one convolution of VGG-19 in one direction, a step of style
// transfer, a training step of ResNet-18, a step of a whole training loop with its loader, a whole painting. [Select] finds
// jobs by name, [Run] measures them and returns a [Report], which prints as a table or as JSON.
//
// Work is counted as direct convolution, two operations per multiplication and addition, whatever the backend does
// in truth (flops.go), so that a faster algorithm shows as a higher rate; it may exceed the processor's peak.
//
// Jobs run in other processes, which serve the protocol of serve.go on their standard input and output: a heavy job
// has a process of its own, so that the peak memory reported for it is that job's alone. The peer is such a process
// too (peer_torch.py, with peer_style.py for paintings), so that steps of both can be run in turn.
//
// The package knows backends by their registered names only.
package bench
