package bench

import "time"

// Report is one run: where and how it was measured, and what came out. It is what --json prints.
type Report struct {
	Time    time.Time `json:"time"`
	Version string    `json:"version"` // of the program that measured
	Machine Machine   `json:"machine"`
	// Backend is the GoMLX configuration, such as "cpu:threads=2,isa=avx2".
	Backend string `json:"backend"`
	Threads int    `json:"threads"`
	Peak    Peak   `json:"peak"`
	// Peer is the library compared with, "" for none.
	Peer    string   `json:"peer,omitempty"`
	Results []Result `json:"results"`
}

// Machine says where a run was made.
type Machine struct {
	CPU   string `json:"cpu"`
	Cores int    `json:"cores"` // logical
	OS    string `json:"os"`
	Arch  string `json:"arch"`
	// ISA is the level of kernels in use: portable, avx2 or avx512.
	ISA string `json:"isa"`
}

// Peak is what the machine can do at most with the threads of the run, measured just before it.
type Peak struct {
	FMAGflops float64 `json:"fma_gflops"` // float32 multiply-adds in registers, counted twice
	// BF16Gflops is of multiply-adds of bfloat16 without loads, measured where the run's precision uses them.
	BF16Gflops float64 `json:"bf16_gflops,omitempty"`
	ReadGBs    float64 `json:"read_gbs"` // 1e9 bytes per second, from and to main memory
	WriteGBs   float64 `json:"write_gbs"`
	CopyGBs    float64 `json:"copy_gbs"`
	TriadGBs   float64 `json:"triad_gbs"`
}

// Result is what was measured of one job. Where Skipped or Error is set, the rest may be missing.
type Result struct {
	Job   string  `json:"job"`
	FLOPs float64 `json:"flops"` // of a step, counted as direct convolution
	// Seconds is the time of a step, of N measurements; each is the mean of Repeat steps.
	Seconds Stats `json:"seconds"`
	Repeat  int   `json:"repeat"`
	// GFLOPS is FLOPs over the median time, OfPeak its part of Peak.FMAGflops: 1 is all of it, and a fast algorithm
	// may exceed that.
	GFLOPS float64 `json:"gflops"`
	OfPeak float64 `json:"of_peak"`
	// OfBF16Peak is the part of Peak.BF16Gflops, 0 where that was not measured.
	OfBF16Peak float64 `json:"of_bf16_peak,omitempty"`
	// PicturesPerSecond is that of jobs that train, 0 for others.
	PicturesPerSecond float64 `json:"pictures_per_second,omitempty"`
	// CompileSeconds is the time to build and compile the job and to run it for the first time.
	CompileSeconds float64 `json:"compile_seconds"`
	// PeakMemory is the most resident memory of the job's process in bytes; 0 for jobs that share one.
	PeakMemory int64 `json:"peak_memory,omitempty"`
	// Losses are those at each iteration of a painting, which the peer's should be too.
	Losses []float64 `json:"losses,omitempty"`
	// Plan is the backend's description of the compiled job, where it was asked for.
	Plan    string      `json:"plan,omitempty"`
	Peer    *PeerResult `json:"peer,omitempty"`
	Skipped string      `json:"skipped,omitempty"` // why it was not measured
	Error   string      `json:"error,omitempty"`
}

// PeerResult is the same job done by the peer, its steps in turn with ours.
type PeerResult struct {
	Seconds Stats `json:"seconds"`
	// Ratio is our time over the peer's, pair by pair: below 1 we are faster.
	Ratio      Stats     `json:"ratio"`
	PeakMemory int64     `json:"peak_memory,omitempty"`
	Losses     []float64 `json:"losses,omitempty"`
	Layout     string    `json:"layout"` // the faster of the peer's memory layouts, the one measured
}

// Failed counts the jobs that ended in an error.
func (r *Report) Failed() int {
	n := 0
	for _, result := range r.Results {
		if result.Error != "" {
			n++
		}
	}
	return n
}
