package bench

import (
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	r := &Report{
		Version: "atelier v0",
		Machine: Machine{CPU: "Test", Cores: 2, OS: "linux", Arch: "amd64", ISA: "avx2"},
		Backend: "cpu:threads=2", Threads: 2, Peak: Peak{FMAGflops: 100, ReadGBs: 1.25}, Peer: "PyTorch 1",
		Results: []Result{
			{Job: "gemm=256", Seconds: summarize([]float64{0.002, 0.001, 0.004}), GFLOPS: 50, OfPeak: 0.5},
			{Job: "style=64", Seconds: summarize([]float64{2}), GFLOPS: 7, OfPeak: 0.07, PeakMemory: 3 << 20,
				Peer: &PeerResult{Seconds: summarize([]float64{4}), Ratio: summarize([]float64{0.5}), PeakMemory: 9 << 20,
					Layout: "nchw"}},
			{Job: "bad", Error: "broken"},
			{Job: "long", Skipped: "too long"},
		},
	}
	var b strings.Builder
	if err := r.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	const want = `Test, 2 cores, linux/amd64; atelier v0
backend cpu:threads=2: 2 threads, avx2 kernels
peak: FMA 100 GFLOP/s; memory read 1.2, write 0.0, copy 0.0, triad 0.0 GB/s
peer PyTorch 1; ratio is our time over the peer's, median of pairs (min to max)

job       n   median   min  spread  GFLOP/s  of peak  memory  peer  ratio                  peer memory  peer layout
gemm=256  3     2 ms  1 ms    150%     50.0      50%
style=64  1      2 s   2 s      0%      7.0       7%   3 MiB   4 s   0.50  (0.50 to 0.50)        9 MiB         nchw
bad           failed
long         skipped

bad failed: broken
`
	if got := b.String(); got != want {
		t.Errorf("table:\n%s\nwant:\n%s", got, want)
	}
	if r.Failed() != 1 {
		t.Errorf("Failed() = %d, want 1", r.Failed())
	}
}

// Jobs that train on pictures add a column, before the peer's.
func TestTableOfTraining(t *testing.T) {
	r := &Report{Peer: "PyTorch 1", Results: []Result{
		{Job: "gemm=256", Seconds: summarize([]float64{1})},
		{Job: "trainloop=8/small/loop", Seconds: summarize([]float64{0.5}), PicturesPerSecond: 16,
			Peer: &PeerResult{Seconds: summarize([]float64{1}), Ratio: summarize([]float64{0.5}), Layout: "nchw/1"}},
	}}
	var b strings.Builder
	if err := r.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	_, got, _ := strings.Cut(b.String(), "\n\n")
	const want = `job                     n  median     min  spread  GFLOP/s  of peak  memory  pictures/s  peer  ratio                  peer memory  peer layout
gemm=256                1     1 s     1 s      0%      0.0       0%
trainloop=8/small/loop  1  500 ms  500 ms      0%      0.0       0%                  16   1 s   0.50  (0.50 to 0.50)                    nchw/1
`
	if got != want {
		t.Errorf("table:\n%s\nwant:\n%s", got, want)
	}
}

func TestSummarize(t *testing.T) {
	if got := summarize(nil); got != (Stats{}) {
		t.Errorf("of nothing: %+v", got)
	}
	if got, want := summarize([]float64{4, 1, 3, 2}), (Stats{4, 2.5, 1, 4, 1.2}); got != want {
		t.Errorf("summarize(4 1 3 2) = %+v, want %+v", got, want)
	}
}

func TestDuration(t *testing.T) {
	for seconds, want := range map[float64]string{12.34: "12.3 s", 1: "1 s", 0.1234: "123 ms", 0.00012: "120 µs"} {
		if got := duration(seconds); got != want {
			t.Errorf("duration(%g) = %s, want %s", seconds, got, want)
		}
	}
}

// TestTableOfBF16 has a column more where the peak of bfloat16 was measured.
func TestTableOfBF16(t *testing.T) {
	r := &Report{Peak: Peak{FMAGflops: 100, BF16Gflops: 1600}, Results: []Result{
		{Job: "gemm=256", Seconds: summarize([]float64{0.002}), GFLOPS: 800, OfPeak: 8, OfBF16Peak: 0.5, PeakMemory: 3 << 20},
	}}
	var b strings.Builder
	if err := r.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"peak: FMA 100, of bfloat16 1600 GFLOP/s; ",
		"GFLOP/s  of peak  of bf16  memory\n",
		"  800.0     800%      50%   3 MiB\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
