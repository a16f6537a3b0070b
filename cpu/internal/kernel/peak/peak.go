// Package peak measures what a processor can do at most: multiply-adds on registers alone, and traffic to and from
// memory. Other measurements are judged by these, taken in the same run.
package peak

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/atelier-go/atelier/cpu/internal/isa"
)

// windows is how many parts a measurement is cut into; the fastest counts, since whatever else runs on the machine
// only ever takes away.
const windows = 8

// FMA returns the float32 multiply-add rate of a number of threads in GFLOP/s, a multiply-add counted as two
// operations, measured for about the duration d. The level must be supported.
func FMA(l isa.Level, threads int, d time.Duration) float64 {
	const calls = 64
	flops := 2 * float64(calls*fmaCount(l, fmaRounds))
	return best(threads, d, func(int) float64 {
		for range calls {
			fma(l, fmaRounds)
		}
		return flops
	}) / 1e9
}

// Rate returns how much a number of threads do in a second, of what work returns: operations, for instance. It measures
// for about the duration d.
func Rate(threads int, d time.Duration, work func() float64) float64 {
	return best(threads, d, func(int) float64 { return work() })
}

// Access is a way to pass over memory.
type Access int

// The accesses; x, y and dst are arrays of float32.
const (
	Read  Access = iota // load x
	Write               // dst = 0
	Copy                // dst = x
	Triad               // dst = x + s·y
)

var accessNames = [...]string{"read", "write", "copy", "triad"}

func (a Access) String() string { return accessNames[a] }

// arrays is how many arrays each access passes over.
var arrays = [...]int{Read: 1, Write: 1, Copy: 2, Triad: 3}

// Bandwidth returns the rate of an access by a number of threads in GB/s (1e9 bytes), counting the bytes that the
// program loads and stores: where a store first fetches its cache line, that traffic comes on top. The threads share
// a working set of the given bytes, each with its own part; choose a multiple of the last-level cache to measure
// memory, less to measure a cache. It measures for about the duration d. The level must be supported.
func Bandwidth(l isa.Level, a Access, threads, bytes int, d time.Duration) float64 {
	n := max(bytes/threads/4/arrays[a]/block, 1) * block // floats of one array of one thread
	parts := make([][3][]float32, threads)
	for i := range parts {
		for j := range arrays[a] {
			parts[i][j] = make([]float32, n)
			for k := 0; k < n; k += 512 {
				parts[i][j][k] = 1 // a page that was never written may be one page for all
			}
		}
	}
	repeat := max(1, (1<<20)/n)
	moved := float64(repeat) * float64(arrays[a]*n*4)
	return best(threads, d, func(thread int) float64 {
		for range repeat {
			pass(l, a, &parts[thread])
		}
		return moved
	}) / 1e9
}

// best runs work on a number of threads again and again and returns the highest rate of a window: what the calls
// returned, summed, over the time they took.
func best(threads int, d time.Duration, work func(thread int) float64) float64 {
	rate := 0.0
	for range windows {
		rate = max(rate, window(threads, d/windows, work))
	}
	return rate
}

func window(threads int, d time.Duration, work func(thread int) float64) float64 {
	var stop atomic.Bool
	var done sync.WaitGroup
	rates := make([]float64, threads)
	begin := make(chan struct{})
	for t := range threads {
		done.Go(func() {
			<-begin
			start, sum := time.Now(), 0.0
			for !stop.Load() {
				sum += work(t)
				if time.Since(start) >= d {
					stop.Store(true)
				}
			}
			rates[t] = sum / time.Since(start).Seconds()
		})
	}
	close(begin)
	done.Wait()
	sum := 0.0
	for _, r := range rates {
		sum += r
	}
	return sum
}
