package cpu

import (
	"fmt"
	"time"

	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/kernel/bf16"
	"github.com/atelier-go/atelier/cpu/internal/kernel/peak"
)

// PeakResult is what a number of threads can do at most on this machine.
type PeakResult struct {
	// FMAGflops is the rate of float32 multiply-adds on registers alone, each counted as two operations, in 1e9/s.
	FMAGflops float64
	// BF16Gflops is the rate of multiply-adds of bfloat16 into float32, of the instruction that precision=bf16 uses: on AMX
	// tiles or on vectors, without loads. 0 where there is none.
	BF16Gflops float64
	// The rates of passes over memory that no cache holds, in 1e9 bytes per second loaded and stored.
	ReadGBs, WriteGBs, CopyGBs, TriadGBs float64
}

const (
	// peakTime is how long each quantity is measured.
	peakTime = 300 * time.Millisecond
	// peakSet is the least memory that the bandwidth is measured over, in bytes.
	peakSet = 256 << 20
)

// Peak measures this machine with the kernels of a level ("" for the best one) and a number of threads, in about two
// seconds. Other measurements are to be judged by it if they are taken at about the same time.
func Peak(level string, threads int) (PeakResult, error) {
	l := isa.Best()
	if level != "" {
		var err error
		if l, err = isa.Parse(level); err != nil {
			return PeakResult{}, fmt.Errorf("cpu: %w", err)
		}
		if !l.Supported() {
			return PeakResult{}, fmt.Errorf("cpu: isa=%v is not supported here, the best is %v", l, isa.Best())
		}
	}
	if threads < 1 {
		return PeakResult{}, fmt.Errorf("cpu: %d threads, want at least 1", threads)
	}
	set := max(peakSet, 8*Probe().L3)
	bandwidth := func(a peak.Access) float64 { return peak.Bandwidth(l, a, threads, set, peakTime) }
	return PeakResult{
		FMAGflops:  peak.FMA(l, threads, peakTime),
		BF16Gflops: peakBF16(l, threads),
		ReadGBs:    bandwidth(peak.Read),
		WriteGBs:   bandwidth(peak.Write),
		CopyGBs:    bandwidth(peak.Copy),
		TriadGBs:   bandwidth(peak.Triad),
	}, nil
}

func peakBF16(l isa.Level, threads int) float64 {
	k := bf16.For(l)
	if k == nil || l == isa.Portable {
		return 0
	}
	const rounds = 1 << 10
	return peak.Rate(threads, peakTime, func() float64 { return 2 * float64(k.Limit(rounds)) }) / 1e9
}
