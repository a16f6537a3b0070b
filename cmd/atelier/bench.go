package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/atelier-go/atelier/bench"
	"github.com/atelier-go/atelier/cpu"
)

// The default run on an ordinary machine, compilation included, is to end within two minutes.
const quickTotal = 75 * time.Second

// benchFlags are the flags of `atelier bench`.
type benchFlags struct {
	jobs      []string
	all       bool
	n         int
	warmup    int
	perJob    time.Duration
	threads   int
	isa       string
	precision string
	backend   string
	explain   bool
	peer      bool
	json      bool
}

func newBench() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure this machine and the backend on the jobs that painting and training consist of",
		Long: `Measure the machine's peak, then how long the backend takes for the jobs that painting and training
consist of: matrix products, single convolutions, a step of style transfer, a training step, training loops with their
loaders, a whole painting with a tenth of the usual iterations.

Without --job or --all a short run shows the most telling jobs within two minutes; a job that would not fit is skipped.
Work is counted as direct convolution, so an algorithm that needs fewer operations can exceed the peak. Heavy jobs run
in a process of their own, and "memory" is the most that process had resident.

With --peer each step is followed by the same step done by PyTorch, and the ratio of the times is shown: below 1
Atelier is faster. With --precision bf16 PyTorch computes in bfloat16 too, and trains with automatic mixed precision; with
auto it takes the faster of that and float32.

Jobs (family=size):
` + bench.Families(),
		Example: `  atelier bench
  atelier bench --all --json > bench.json
  atelier bench --job style=512 --job resnet18 --peer
  atelier bench --job vggconv=256/conv3_2 --isa avx2 --explain`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVar(&f.jobs, "job", nil, "measure this `job`: family, family=size or the beginning of a name (repeatable)")
	flags.BoolVar(&f.all, "all", false, "measure every job")
	flags.IntVar(&f.n, "n", 10, "measurements of each job; short steps are repeated within each")
	flags.IntVar(&f.warmup, "warmup", 1, "steps before those, not measured")
	flags.DurationVar(&f.perJob, "per-job", 10*time.Second, "end a job early after this time, with at least 3 measurements; 0 never does")
	flags.IntVar(&f.threads, "threads", runtime.GOMAXPROCS(0), "worker threads, of the peer too")
	flags.StringVar(&f.isa, "isa", "", "`level` of kernels: portable, avx2 or avx512 (default the highest that can run)")
	flags.StringVar(&f.precision, "precision", "", precisionUsage)
	flags.StringVar(&f.backend, "backend-config", "", "further `settings` of the backend, as key=value,key=value")
	flags.BoolVar(&f.explain, "explain", false, "print the backend's plan of each job")
	flags.BoolVar(&f.peer, "peer", false, "compare with PyTorch, step by step in turn")
	flags.BoolVar(&f.json, "json", false, "print JSON")
	return cmd
}

// run measures what the flags ask for and prints the report to stdout, progress to stderr.
func (f *benchFlags) run(ctx context.Context, stdout, stderr io.Writer) error {
	start := time.Now()
	jobs, err := f.check()
	if err != nil {
		return err
	}
	settings := backendSettings(f.threads, f.isa, f.precision, f.backend)
	backend, err := cpu.ParseConfig(settings)
	if err != nil {
		return &usageError{fmt.Errorf("bench: %w", err)}
	}
	notice(stderr, backend)
	options := bench.Options{
		Jobs: jobs, N: f.n, Warmup: f.warmup, PerJob: f.perJob, Plans: f.explain,
		Ours:     worker(cpu.Name + ":" + settings),
		Progress: func(line string) { fmt.Fprintln(stderr, line) },
	}
	report := bench.Report{Time: start.UTC(), Version: versionLine(), Backend: cpu.Name + ":" + settings, Threads: backend.Threads}
	if f.peer {
		torch, err := bench.FindTorch(ctx)
		if err != nil {
			return err
		}
		options.Peer = torch.Command(backend.Threads, backend.ISA, backend.Precision)
		report.Peer = "PyTorch " + torch.Version
	}
	report.Machine = machine(backend.ISA)
	fmt.Fprintln(stderr, "measuring the machine's peak")
	if report.Peak, err = peak(backend); err != nil {
		return err
	}
	options.Peak = report.Peak
	if f.quick() {
		options.Total = quickTotal - time.Since(start)
	}
	var stopped error
	if report.Results, stopped = bench.Run(ctx, options); stopped != nil && len(report.Results) == 0 {
		return stopped
	}
	// What was measured before an interruption is not lost.
	if f.json {
		err = writeJSON(stdout, report)
	} else {
		err = report.WriteTable(stdout)
	}
	if failed := report.Failed(); err == nil && stopped == nil && failed > 0 {
		err = fmt.Errorf("bench: %d of %d jobs failed", failed, len(jobs))
	}
	return errors.Join(err, stopped)
}

// quick says that nothing in particular was asked for.
func (f *benchFlags) quick() bool { return !f.all && len(f.jobs) == 0 }

// check finds the jobs and refuses values out of range.
func (f *benchFlags) check() ([]bench.Job, error) {
	switch {
	case f.n < 1:
		return nil, usagef("bench: --n is %d, want at least 1", f.n)
	case f.warmup < 0:
		return nil, usagef("bench: --warmup is %d, want at least 0", f.warmup)
	case f.perJob < 0:
		return nil, usagef("bench: --per-job is %v, want at least 0", f.perJob)
	case f.all && len(f.jobs) > 0:
		return nil, usagef("bench: --all and --job exclude each other")
	}
	switch {
	case f.all:
		return bench.All(), nil
	case f.quick():
		return bench.Quick(), nil
	}
	jobs, err := bench.Select(f.jobs...)
	if err != nil {
		return nil, usagef("bench: --%w", err)
	}
	return jobs, nil
}

// machine describes this one; isa is the level that was asked for, "" for none.
func machine(isa string) bench.Machine {
	d := cpu.Probe()
	m := bench.Machine{CPU: d.Processor, Cores: d.Logical, OS: d.OS, Arch: d.Arch, ISA: isa}
	for _, l := range d.Levels {
		if isa == "" && l.Chosen {
			m.ISA = l.Name
		}
	}
	return m
}

// peak measures the machine with the backend's kernels and threads.
func peak(c cpu.Config) (bench.Peak, error) {
	p, err := cpu.Peak(c.ISA, c.Threads)
	if c.Precision == "" || c.Precision == "float32" {
		p.BF16Gflops = 0
	}
	return bench.Peak{
		FMAGflops: p.FMAGflops, BF16Gflops: p.BF16Gflops, ReadGBs: p.ReadGBs, WriteGBs: p.WriteGBs, CopyGBs: p.CopyGBs, TriadGBs: p.TriadGBs,
	}, err
}

// worker makes processes of this same program that run jobs.
func worker(config string) bench.Command {
	return func(ctx context.Context) *exec.Cmd {
		self, err := os.Executable()
		if err != nil {
			cmd := exec.CommandContext(ctx, os.Args[0])
			cmd.Err = errors.Join(cmd.Err, err)
			return cmd
		}
		return exec.CommandContext(ctx, self, benchWorkerName, config)
	}
}

// benchWorkerName is the hidden command that runs jobs for `atelier bench`.
const benchWorkerName = "bench-worker"

func newBenchWorker() *cobra.Command {
	return &cobra.Command{
		Use:    benchWorkerName + " CONFIG",
		Short:  "Run jobs for bench, as requests on standard input",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return bench.Serve(args[0], cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
}
