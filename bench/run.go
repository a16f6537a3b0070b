package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// minSteps is how many measurements are made however long they take, unless the whole run is out of time.
const minSteps = 3

// Options say what to measure and how.
type Options struct {
	Jobs []Job
	// N is how many measurements of each job are made, after Warmup steps that do not count. From the last of those
	// it is known how often short steps have to be repeated within a measurement; without warm-up they are not.
	N, Warmup int
	// PerJob ends a job's measurements early, though not before the third; 0 never does.
	PerJob time.Duration
	// Total skips jobs that would not end within this time from the start of the run; 0 skips none.
	Total time.Duration
	// Plans keeps each job's plan in its result.
	Plans bool
	// Ours starts a process that calls Serve, Peer one that serves the same protocol with another library, or is nil.
	Ours, Peer Command
	// Peak is the machine's limit, for the share of it that jobs reach and to foresee how long they take.
	Peak Peak
	// Progress is told in a line what was done; nil is silence.
	Progress func(line string)
}

// Run measures the jobs one after the other. A job that fails has its error in its result; the error returned is
// that of ctx, or of a peer that cannot be started.
func Run(ctx context.Context, o Options) ([]Result, error) {
	r := &runner{Options: o, ours: side{start: o.Ours}, peer: side{start: o.Peer}}
	defer r.ours.stop()
	defer r.peer.stop()
	if o.Total > 0 {
		r.deadline = time.Now().Add(o.Total)
	}
	var results []Result
	for i, job := range o.Jobs {
		result := r.run(ctx, job)
		if ctx.Err() != nil {
			return results, ctx.Err()
		}
		results = append(results, result)
		if o.Progress != nil {
			o.Progress(fmt.Sprintf("[%d/%d] %s", i+1, len(o.Jobs), result.progress()))
		}
	}
	return results, nil
}

// runner is a run under way.
type runner struct {
	Options
	deadline   time.Time // zero for none
	ours, peer side
}

// run measures one job.
func (r *runner) run(ctx context.Context, job Job) Result {
	result := Result{Job: job.Name, FLOPs: job.FLOPs}
	if !r.deadline.IsZero() && time.Until(r.deadline) < r.foresee(job) {
		result.Skipped = "too long for the time left"
		return result
	}
	if err := r.measure(ctx, job, &result); err != nil {
		result.Error = err.Error()
		r.ours.stop()
		r.peer.stop()
	}
	return result
}

// foresee is how long the job will take at least, if the backend reaches half of the machine's peak: the first call,
// the warm-up and minSteps.
func (r *runner) foresee(job Job) time.Duration {
	if r.Peak.FMAGflops == 0 {
		return 0
	}
	step := job.FLOPs / (r.Peak.FMAGflops * 1e9 / 2)
	return time.Duration(step * float64(1+r.Warmup+minSteps) * float64(time.Second))
}

func (r *runner) measure(ctx context.Context, job Job, result *Result) error {
	opened, err := r.ours.open(ctx, job, "")
	if err != nil {
		return err
	}
	result.CompileSeconds = opened.Seconds
	var peer *PeerResult
	if r.Peer != nil {
		layout, err := r.peer.openFaster(ctx, job)
		if err != nil {
			return fmt.Errorf("peer: %w", err)
		}
		peer = &PeerResult{Layout: layout}
	}
	m, err := r.steps(ctx)
	if err != nil {
		return err
	}
	result.Repeat = m.repeat
	result.Seconds = summarize(m.ours)
	result.GFLOPS = job.FLOPs / result.Seconds.Median / 1e9
	result.PicturesPerSecond = float64(job.Pictures) / result.Seconds.Median
	if r.Options.Peak.FMAGflops > 0 {
		result.OfPeak = result.GFLOPS / r.Options.Peak.FMAGflops
	}
	if r.Options.Peak.BF16Gflops > 0 {
		result.OfBF16Peak = result.GFLOPS / r.Options.Peak.BF16Gflops
	}
	closed, err := r.ours.close(job)
	if err != nil {
		return err
	}
	result.PeakMemory, result.Losses = closed.PeakMemory, closed.Losses
	if r.Plans {
		result.Plan = closed.Plan
	}
	if peer == nil {
		return nil
	}
	peer.Seconds = summarize(m.theirs)
	peer.Ratio = summarize(ratios(m.ours, m.theirs))
	if closed, err = r.peer.close(job); err != nil {
		return fmt.Errorf("peer: %w", err)
	}
	peer.PeakMemory, peer.Losses = closed.PeakMemory, closed.Losses
	result.Peer = peer
	return nil
}

// steps runs the warm-up and the measurements; with a peer each of ours is followed by one of the peer's. Short steps
// are repeated within a measurement, both sides as often as the warm-up says.
func (r *runner) steps(ctx context.Context) (m measured, err error) {
	start := time.Now()
	m.repeat = 1
	for i := range r.Warmup + r.N {
		done := i - r.Warmup // measurements so far
		if done >= minSteps && r.PerJob > 0 && time.Since(start) > r.PerJob {
			break
		}
		if done >= 1 && !r.deadline.IsZero() && time.Now().After(r.deadline) {
			break
		}
		ours, theirs, err := r.pair(ctx, m.repeat)
		if err != nil {
			return m, err
		}
		if i < r.Warmup {
			m.repeat = repetitions(ours)
			continue
		}
		m.ours = append(m.ours, ours)
		m.theirs = append(m.theirs, theirs)
	}
	return m, nil
}

// measured are the times of steps in seconds, each the mean of as many repetitions.
type measured struct {
	repeat       int
	ours, theirs []float64
}

// pair measures a step of ours and then, with a peer, one of the peer's.
func (r *runner) pair(ctx context.Context, repeat int) (ours, theirs float64, err error) {
	if ours, err = r.ours.step(ctx, repeat); err != nil || r.Peer == nil {
		return ours, 0, err
	}
	time.Sleep(settle)
	if theirs, err = r.peer.step(ctx, repeat); err != nil {
		return 0, 0, fmt.Errorf("peer: %w", err)
	}
	time.Sleep(settle)
	return ours, theirs, nil
}

// settle is how long one side rests before the other's turn: idle workers of OpenMP wait busily for some milliseconds,
// those of OpenBLAS for 2^26 cycles, in case more work comes.
const settle = 100 * time.Millisecond

// repetitions is how often a step of a length is to be repeated so that a measurement takes about a twentieth of a
// second, or once where the step itself is longer.
func repetitions(seconds float64) int {
	const length, most = 0.05, 1000
	if seconds >= length {
		return 1
	}
	return int(min(most, length/max(seconds, length/most)))
}

// ratios divides pair by pair.
func ratios(ours, theirs []float64) []float64 {
	rs := make([]float64, len(ours))
	for i := range rs {
		rs[i] = ours[i] / theirs[i]
	}
	return rs
}

// side is one of the two libraries: the process that runs its jobs now, if any.
type side struct {
	start   Command
	process *process
}

// errNoAnswer replaces the failure of a process that the run itself has ended.
var errNoAnswer = errors.New("interrupted")

func (s *side) ask(ctx context.Context, request ...string) (response, error) {
	r, err := s.process.ask(request...)
	if ctx.Err() != nil {
		return r, errNoAnswer
	}
	return r, err
}

// open readies a job, in a new process for a heavy one. layout is "" or one that the peer offers.
func (s *side) open(ctx context.Context, job Job, layout string) (response, error) {
	if job.Heavy {
		s.stop()
	}
	if s.process == nil {
		p, err := start(s.start(ctx))
		if err != nil {
			return response{}, err
		}
		s.process = p
	}
	if layout != "" {
		return s.ask(ctx, "open", job.Name, layout)
	}
	return s.ask(ctx, "open", job.Name)
}

// openFaster lets the peer find its faster layout and returns that. For a heavy job, whose peak memory counts, the
// job is then opened with that layout in a fresh process.
func (s *side) openFaster(ctx context.Context, job Job) (string, error) {
	r, err := s.open(ctx, job, "")
	if err != nil || !job.Heavy {
		return r.Layout, err
	}
	_, err = s.open(ctx, job, r.Layout)
	return r.Layout, err
}

// step runs the open job a number of times and returns the mean time in seconds.
func (s *side) step(ctx context.Context, repeat int) (float64, error) {
	r, err := s.ask(ctx, "step", strconv.Itoa(repeat))
	return r.Seconds, err
}

// close frees the job. The process of a heavy one ends; for the others, that share one, the peak memory says nothing.
func (s *side) close(job Job) (response, error) {
	r, err := s.process.ask("close")
	if !job.Heavy {
		r.PeakMemory = 0
		return r, err
	}
	s.stop()
	return r, err
}

func (s *side) stop() {
	if s.process != nil {
		// How it ends no longer matters: either all answers are here, or its failure is already reported.
		_ = s.process.stop()
		s.process = nil
	}
}
