// Package amx multiplies matrices of bfloat16 on the tiles of Intel's AMX: eight registers of 16 rows of 64 bytes, and
// an instruction that multiplies two of them, 16 times the products of an AVX-512 one. The contract is
//
//	C[i,j] = (accumulate ? C[i,j] : 0) + Σ_p A[i,p]·B[p,j]    i in [0,m), j in [0,n), p in [0,k)
//
// with A and B packed bfloat16, and C float32.
//
// This is the one place where AMX instructions are emitted. Go's assembler has no mnemonics for them, so
// _gen/amx/encode.go writes their bytes; a test there compares them with another assembler's, and one here executes the
// assembled kernels, byte for byte as they lie in memory, in an interpreter, on any amd64 machine.
//
// # Packed operands
//
// Both operands are padded with zeros to whole tiles of 32 steps of k and 16 rows or 32 columns: zeros in both add
// nothing, whatever the rest of the other operand holds, and an odd k needs no case of its own. With
// tiles = ceil(k/32):
//
//	A: panels of 16 rows, one after the other; in a panel the tiles in the order of k; a tile is 16 rows of 32 bfloat16.
//	   element (i,p) is at ((i/16·tiles + p/32)·16 + i%16)·32 + p%32
//	B: panels of 32 columns, one after the other; in a panel pairs of k in order; a pair is 32 columns of 2 bfloat16.
//	   element (p,j) is at ((j/32·16·tiles + p/2)·32 + j%32)·2 + p%2
//
// A tile of A is 1 KiB without a gap, however long the rows of the matrix were, so that its rows never compete for the
// same lines of a cache. C is not padded: tiles at its edges are configured with the rows and columns that there are.
//
// # Rounding
//
// TDPBF16PS sums the 16 products of the even steps of a tile, each fused with its addition, and those of the odd steps,
// both from zero; then it adds the two, and the result to C. It rounds to nearest even and takes subnormal numbers for
// zeros, in its operands and in its results; the rounding mode and flags of the thread play no part. So says the description of the
// operation in Intel's manual, and the portable kernel does exactly that. Whether processors give the same bits
// TestKernelsAgree reports; nothing depends on it, and what they have to keep is the bound of a sum in any order. Since C is
// float32 in between too, the bits do not depend on how a product is cut into panels, or on the number of threads.
//
// # Tiles and goroutines
//
// The tiles are thread state that Go knows nothing of. What keeps the two apart:
//
//   - A kernel call configures the tiles, uses them and releases them. Nothing of them is alive in Go code, so it does
//     not matter on which thread a goroutine runs next, and no goroutine needs to be locked to one.
//   - Within a call no goroutine is scheduled away. Go preempts by a signal whose handler looks for a safe point;
//     assembly functions have none (runtime.isAsyncSafePoint: no map of their locals, and FuncFlagAsm), so the handler
//     returns to where it interrupted. A collection that stops the world waits for the call, some tens of microseconds
//     in a product of 256 by 512 elements over 512 steps of k. Stacks do not grow or move within it either: NOSPLIT, no frame, no calls.
//   - Signals, for preemption, profiles and timers, do arrive within a call. Linux saves the tiles in the signal's
//     frame and gives the handler clean ones; its return restores them, and the instruction that was interrupted goes
//     on with the row that it had reached (it counts rows in the tiles' configuration for that). So it is when the
//     system moves the thread to another processor.
//   - The frame takes 8 KiB more with tiles in it, about 11 KiB in all; the kernel says how much in AT_MINSIGSTKSZ.
//     Go's handlers run on stacks of 32 KiB, which Linux checks when tiles are asked for. Without cgo there are no
//     threads but Go's.
//   - The memory of a, b and c cannot be freed or moved within a call: they are arguments of Go functions that wait for
//     it.
//
// # Asking for tiles
//
// Linux keeps tiles from a process until it asks (arch_prctl, ARCH_REQ_XCOMP_PERM), because of the signal frames.
// Missing asks once, reads back what was granted, and says what is in the way where the answer is no. The permission is
// the process's, it holds for all threads, and its children have it until they execute another program. Each thread
// gets the memory to save its tiles in when it first uses one.
//
// Neither was the code run nor its speed measured on a processor with AMX yet: the kernels' code was executed by the
// interpreter.
package amx
