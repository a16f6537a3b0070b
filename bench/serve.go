package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/resident"
)

// The protocol between the measuring process and one that runs jobs: a request is a line of words on standard input,
// the answer a line of JSON (response) on standard output.
//
//	open NAME   builds and compiles a job and readies its inputs
//	step COUNT  runs the open job that often and tells the mean time
//	close       frees the job, and tells its plan, the losses of a painting, and the peak memory of the process so far
//
// End of input ends the process. peer_torch.py speaks the same protocol.

// response is the answer to any request; only what belongs to the request is set.
type response struct {
	Error string `json:"error,omitempty"`
	// Seconds is the mean time of a step, or what building and compiling took.
	Seconds float64 `json:"seconds,omitempty"`
	// PeakMemory is in bytes.
	PeakMemory int64 `json:"peak_memory,omitempty"`
	// Plan is what the backend says about how it will run the job.
	Plan string `json:"plan,omitempty"`
	// Losses are those on the way of the last step, where it has any.
	Losses []float64 `json:"losses,omitempty"`
	// Layout is the memory layout that a peer has found to be the faster one.
	Layout string `json:"layout,omitempty"`
}

// explainer is a backend that can describe the programs it has compiled.
type explainer interface {
	Explanations() []string
}

// Serve runs jobs on the backend with the given GoMLX configuration, as requests on in ask, until in ends.
// Interrupts are left to the process at the other end: it closes in.
func Serve(backendConfig string, in io.Reader, out io.Writer) error {
	signal.Ignore(syscall.SIGINT)
	s := &server{config: backendConfig}
	defer s.close()
	answers := json.NewEncoder(out)
	requests := bufio.NewScanner(in)
	for requests.Scan() {
		r, err := s.handle(strings.Fields(requests.Text()))
		if err != nil {
			r = response{Error: err.Error()}
		}
		if err := answers.Encode(r); err != nil {
			return err
		}
	}
	return requests.Err()
}

// server holds the open job.
type server struct {
	config  string
	backend compute.Backend
	program program
}

func (s *server) handle(request []string) (response, error) {
	switch {
	case len(request) == 2 && request[0] == "open":
		return s.open(request[1])
	case len(request) == 2 && request[0] == "step":
		return s.step(request[1])
	case len(request) == 1 && request[0] == "close":
		r := response{Plan: s.plan()}
		if t, ok := s.program.(tracer); ok {
			r.Losses = t.losses()
		}
		s.close()
		var err error
		r.PeakMemory, err = resident.Peak()
		return r, err
	}
	return response{}, fmt.Errorf("request %q is not one of: open NAME, step COUNT, close", strings.Join(request, " "))
}

// open compiles the job. GoMLX compiles at the first call, so the job runs once here.
func (s *server) open(name string) (response, error) {
	s.close()
	jobs, err := Select(name)
	if err != nil {
		return response{}, err
	}
	if len(jobs) != 1 {
		return response{}, fmt.Errorf("open %s: it names %d jobs, want 1", name, len(jobs))
	}
	start := time.Now()
	if s.backend, err = compute.NewWithConfig(s.config); err != nil {
		return response{}, err
	}
	if s.program, err = jobs[0].build(s.backend); err != nil {
		return response{}, fmt.Errorf("%s: %w", name, err)
	}
	if err := s.program.step(); err != nil {
		return response{}, fmt.Errorf("%s: %w", name, err)
	}
	return response{Seconds: time.Since(start).Seconds()}, nil
}

// plan is the backend's description of the open job. It is asked for at the end, when it can tell what was measured.
func (s *server) plan() string {
	if e, ok := s.backend.(explainer); ok {
		return strings.Join(e.Explanations(), "\n")
	}
	return ""
}

func (s *server) step(count string) (response, error) {
	if s.program == nil {
		return response{}, fmt.Errorf("step: no job is open")
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 {
		return response{}, fmt.Errorf("step: the count is %q, want a number of at least 1", count)
	}
	start := time.Now()
	for range n {
		if err := s.program.step(); err != nil {
			return response{}, err
		}
	}
	return response{Seconds: time.Since(start).Seconds() / float64(n)}, nil
}

func (s *server) close() {
	if s.program != nil {
		s.program.close()
		s.program = nil
	}
	if s.backend != nil {
		s.backend.Finalize()
		s.backend = nil
	}
}
