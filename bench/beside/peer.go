package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"

	"github.com/atelier-go/atelier/bench"
	"github.com/atelier-go/atelier/data"
)

//go:embed peer_airbench.py
var script string

// task is what the peer has to know before the first step. The rest of the recipe it knows by itself.
type task struct {
	Weights        string  `json:"weights"` // the file of the initial ones
	Batch          int     `json:"batch"`
	Total          int     `json:"total"`     // steps of the run
	PerEpoch       int     `json:"per_epoch"` // steps
	FreezeEpochs   float64 `json:"freeze_epochs"`
	LookaheadStart int     `json:"lookahead_start"` // epochs
}

// peer is the process that trains in PyTorch: a line of JSON for each request, and one for each answer.
type peer struct {
	Layout string
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
}

// answer is what the peer says: its layout at first, then each step's loss and time.
type answer struct {
	Layout  string  `json:"layout"`
	Loss    float64 `json:"loss"`
	Seconds float64 `json:"seconds"`
	Error   string  `json:"error"`
}

func startPeer(ctx context.Context, torch *bench.Torch, threads int, t task) (*peer, error) {
	p := &peer{cmd: exec.CommandContext(ctx, torch.Python, "-c", script, "--threads", strconv.Itoa(threads))}
	p.cmd.Stderr = os.Stderr
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	a, err := p.ask(t)
	p.Layout = a.Layout
	return p, err
}

// step has the peer train on the batch in a file.
func (p *peer) step(path string, b *data.Batch) (answer, error) {
	return p.ask(map[string]any{"batch": path, "shape": []int{b.N, b.H, b.W, b.C}})
}

func (p *peer) ask(request any) (a answer, err error) {
	if err := json.NewEncoder(p.in).Encode(request); err != nil {
		return a, fmt.Errorf("PyTorch's side: %w", err)
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return a, fmt.Errorf("PyTorch's side ended: %w", err)
	}
	if err := json.Unmarshal(line, &a); err != nil {
		return a, fmt.Errorf("PyTorch's side answered %q: %w", line, err)
	}
	if a.Error != "" {
		return a, fmt.Errorf("PyTorch's side: %s", a.Error)
	}
	return a, nil
}

// stop ends the process.
func (p *peer) stop() error {
	p.in.Close()
	return p.cmd.Wait()
}
