package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// process is another process that runs jobs; see serve.go for the protocol.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr tail
	ended  bool
	result error // of Wait, once ended
}

// start runs a command that serves the protocol. Cancelling the context the command was made with ends it.
func start(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd}
	cmd.Stderr = &p.stderr
	cmd.WaitDelay = time.Second
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in, p.out = in, bufio.NewReader(out)
	return p, cmd.Start()
}

// ask sends a request and waits for the answer.
func (p *process) ask(request ...string) (response, error) {
	line := strings.Join(request, " ")
	if _, err := fmt.Fprintln(p.in, line); err != nil {
		return response{}, p.died(line)
	}
	answer, err := p.out.ReadBytes('\n')
	if err != nil {
		return response{}, p.died(line)
	}
	var r response
	if err := json.Unmarshal(answer, &r); err != nil {
		return response{}, fmt.Errorf("%s: answered %q: %w", line, bytes.TrimSpace(answer), err)
	}
	if r.Error != "" {
		return r, fmt.Errorf("%s: %s", line, r.Error)
	}
	return r, nil
}

// died says how the process ended in the middle of a request.
func (p *process) died(request string) error {
	err := p.stop()
	message := "it ended"
	if err != nil {
		message = err.Error() // such as "signal: killed", which is also how a system short of memory ends it
	}
	if last := p.stderr.lastLine(); last != "" {
		message += ": " + last
	}
	return fmt.Errorf("%s: the process running the job failed: %s", request, message)
}

// stop ends the process and waits for it. Further calls return the same result.
func (p *process) stop() error {
	if !p.ended {
		p.in.Close()
		p.result = p.cmd.Wait()
		p.ended = true
	}
	return p.result
}

// tail keeps the end of what is written to it.
type tail struct{ kept []byte }

const tailSize = 4096

func (t *tail) Write(b []byte) (int, error) {
	t.kept = append(t.kept, b...)
	t.kept = t.kept[max(0, len(t.kept)-tailSize):]
	return len(b), nil
}

func (t *tail) lastLine() string {
	lines := strings.Split(strings.TrimSpace(string(t.kept)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// Command makes a command that serves the protocol; ctx ends it.
type Command func(ctx context.Context) *exec.Cmd
