package bench

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func selected(t *testing.T, filters ...string) []Job {
	t.Helper()
	jobs, err := Select(filters...)
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}

func TestRunMeasuresInOtherProcesses(t *testing.T) {
	var progress []string
	results, err := Run(t.Context(), Options{
		Jobs: selected(t, "gemm=8", "gemm=9", "style=4"), N: 4, Warmup: 2, Ours: serving,
		Peak:     Peak{FMAGflops: 1},
		Progress: func(line string) { progress = append(progress, line) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 3 || len(progress) != 3 {
		t.Fatalf("%d results and %d lines of progress, want 3: %+v %q", len(results), len(progress), results, progress)
	}
	for _, r := range results {
		if r.Error != "" || r.Seconds.N != 4 || r.Repeat < 1 || r.Seconds.Min <= 0 || r.GFLOPS <= 0 || r.OfPeak != r.GFLOPS {
			t.Errorf("unlikely result %+v", r)
		}
		// A process with a Go program in it takes megabytes; only the heavy job has one of its own.
		if heavy := r.Job == "style=4"; heavy != (r.PeakMemory > 1<<20) {
			t.Errorf("%s: peak memory %d", r.Job, r.PeakMemory)
		}
	}
}

func TestRunComparesPairByPair(t *testing.T) {
	results, err := Run(t.Context(), Options{
		Jobs: selected(t, "gemm=8", "style=4"), N: 3, Ours: serving, Peer: serving,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Peer == nil || r.Peer.Ratio.N != 3 || r.Peer.Ratio.Median <= 0 || r.Peer.Seconds.N != 3 {
			t.Errorf("%s: peer %+v, error %q", r.Job, r.Peer, r.Error)
		}
	}
}

func TestRunKeepsGoingWhenAJobFails(t *testing.T) {
	bad := Job{Name: "gemm=0", FLOPs: 1}
	results, err := Run(t.Context(), Options{Jobs: append([]Job{bad}, selected(t, "gemm=8")...), N: 1, Ours: serving})
	if err != nil || len(results) != 2 {
		t.Fatalf("results %+v, error %v", results, err)
	}
	if !strings.Contains(results[0].Error, "gemm=0") || results[1].Error != "" {
		t.Errorf("errors %q and %q, want one that names gemm=0 and none", results[0].Error, results[1].Error)
	}
}

func TestRunReportsAProcessThatDies(t *testing.T) {
	dying := func(ctx context.Context) *exec.Cmd {
		return exec.CommandContext(ctx, "sh", "-c", "echo first >&2; echo out of memory >&2; exit 3")
	}
	results, err := Run(t.Context(), Options{Jobs: selected(t, "gemm=8"), N: 1, Ours: dying})
	if err != nil {
		t.Fatal(err)
	}
	if e := results[0].Error; !strings.Contains(e, "exit status 3") || !strings.Contains(e, "out of memory") {
		t.Errorf("error %q, want the exit status and the last line", e)
	}
}

func TestRunSkipsWhatDoesNotFit(t *testing.T) {
	results, err := Run(t.Context(), Options{
		Jobs: selected(t, "style=2048", "gemm=8"), N: 1, Ours: serving, Peak: Peak{FMAGflops: 100}, Total: 20 * time.Second,
	})
	if err != nil || len(results) != 2 {
		t.Fatalf("results %+v, error %v", results, err)
	}
	if results[0].Skipped == "" || results[1].Skipped != "" {
		t.Errorf("skipped %q and %q, want the first only", results[0].Skipped, results[1].Skipped)
	}
}

func TestRunEndsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	stuck := func(ctx context.Context) *exec.Cmd {
		cancel()
		return exec.CommandContext(ctx, "sleep", "60")
	}
	start := time.Now()
	_, err := Run(ctx, Options{Jobs: selected(t, "gemm=8"), N: 1, Ours: stuck})
	if !errors.Is(err, context.Canceled) || time.Since(start) > 10*time.Second {
		t.Errorf("error %v after %v, want context.Canceled at once", err, time.Since(start))
	}
}

func TestStepsEndEarlyAtTheTimePerJob(t *testing.T) {
	results, err := Run(t.Context(), Options{Jobs: selected(t, "gemm=8"), N: 1000, PerJob: time.Nanosecond, Ours: serving})
	if err != nil || results[0].Seconds.N != minSteps {
		t.Errorf("%d steps, error %v, want %d", results[0].Seconds.N, err, minSteps)
	}
}

func TestServeAnswersWrongRequestsAndGoesOn(t *testing.T) {
	var out strings.Builder
	if err := Serve(testConfig, strings.NewReader("step 1\nopen gemm\njump\n\nopen gemm=4\nstep 0\nstep 2\nclose\n"), &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	want := []string{"no job is open", "4 jobs", "jump", "not one of", "seconds", "at least 1", "seconds", "peak_memory"}
	if len(lines) != len(want) {
		t.Fatalf("%d answers, want %d: %s", len(lines), len(want), out.String())
	}
	for i, w := range want {
		if !strings.Contains(lines[i], w) {
			t.Errorf("answer %d is %s, want one with %q", i, lines[i], w)
		}
	}
}

func TestRepetitions(t *testing.T) {
	for seconds, want := range map[float64]int{2: 1, 0.05: 1, 0.03: 1, 0.01: 5, 0.0004: 125, 1e-9: 1000, 0: 1000} {
		if got := repetitions(seconds); got != want {
			t.Errorf("repetitions(%g) = %d, want %d", seconds, got, want)
		}
	}
}
