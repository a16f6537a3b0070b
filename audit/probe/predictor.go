package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"time"
)

// A Predictor answers sentences, one answer each, in their order.
type Predictor interface {
	Predict(ctx context.Context, inputs []string) (outputs []string, err error)
}

// Func is a [Predictor] that is a Go function.
type Func func(ctx context.Context, input string) (string, error)

// Predict calls f for each input. It stops at the first error, or when ctx is done.
func (f Func) Predict(ctx context.Context, inputs []string) ([]string, error) {
	outputs := make([]string, 0, len(inputs))
	for i, input := range inputs {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("probe: %w after %d of %d inputs", err, i, len(inputs))
		}
		output, err := f(ctx, input)
		if err != nil {
			return nil, fmt.Errorf("probe: input %d %q: %w", i, excerpt(input), err)
		}
		outputs = append(outputs, output)
	}
	return outputs, nil
}

// A Chain answers with its last predictor what those before it answered: there and back, for translators.
type Chain []Predictor

// Predict sends the inputs through the chain.
func (c Chain) Predict(ctx context.Context, inputs []string) ([]string, error) {
	for i, p := range c {
		outputs, err := p.Predict(ctx, inputs)
		if err == nil {
			err = complete(inputs, outputs)
		}
		if err != nil {
			return nil, fmt.Errorf("probe: step %d of %d: %w", i+1, len(c), err)
		}
		inputs = outputs
	}
	return inputs, nil
}

func complete(inputs, outputs []string) error {
	if len(outputs) != len(inputs) {
		return fmt.Errorf("probe: %d answers to %d inputs", len(outputs), len(inputs))
	}
	return nil
}

// DefaultTimeout is that of a [Command] and of each request of [HTTP], unless they have their own.
const DefaultTimeout = time.Minute

// maxAnswer bounds what a command or a response may send, in bytes.
const maxAnswer = 1 << 28

// Command is a [Predictor] that is a program. It is started once, reads one input per line on its standard input until
// the end, and writes one answer per line.
type Command struct {
	Args    []string      // the program and its arguments; no shell looks at them
	Timeout time.Duration // of the whole run; 0 means DefaultTimeout
}

// Predict runs the program. Its standard error is part of the error if it fails.
func (c Command) Predict(ctx context.Context, inputs []string) ([]string, error) {
	if len(c.Args) == 0 {
		return nil, errors.New("probe: no command")
	}
	for _, input := range inputs {
		if strings.ContainsAny(input, "\r\n") {
			return nil, fmt.Errorf("probe: %s: input %q has a line break", c.Args[0], excerpt(input))
		}
	}
	timeout := orDefault(c.Timeout)
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no end after %v", timeout))
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	cmd.WaitDelay = time.Second // for children that keep the pipes open
	cmd.Stdin = strings.NewReader(strings.Join(inputs, "\n") + "\n")
	stdout, stderr := &limited{most: maxAnswer}, &limited{most: 1 << 16}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("probe: %s: %w", c.Args[0], context.Cause(ctx))
	case stdout.over:
		return nil, fmt.Errorf("probe: %s: wrote more than %d bytes", c.Args[0], maxAnswer)
	}
	outputs := lines(stdout.String())
	if err != nil {
		return nil, fmt.Errorf("probe: %s: %w after %d of %d answers: %s", c.Args[0], err, len(outputs), len(inputs),
			excerpt(stderr.String()))
	}
	if err := complete(inputs, outputs); err != nil {
		return nil, fmt.Errorf("%w: %s must write one line for each that it reads", err, c.Args[0])
	}
	return outputs, nil
}

func orDefault(d time.Duration) time.Duration {
	if d <= 0 {
		return DefaultTimeout
	}
	return d
}

func lines(text string) []string {
	if text == "" {
		return nil
	}
	found := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := range found {
		found[i] = strings.TrimSuffix(found[i], "\r")
	}
	return found
}

// limited keeps the first bytes that are written to it, and says if there were more.
type limited struct {
	bytes.Buffer
	most int
	over bool
}

func (l *limited) Write(p []byte) (int, error) {
	if room := l.most - l.Len(); len(p) > room {
		l.over = true
		l.Buffer.Write(p[:room])
		return len(p), nil // so that the program can end
	}
	return l.Buffer.Write(p)
}

// HTTP is a [Predictor] behind an endpoint. It gets POST requests with {"inputs": ["...", ...]} and answers
// {"outputs": ["...", ...]}, in which numbers may stand for strings.
type HTTP struct {
	URL     string
	Header  http.Header   // sent besides Content-Type
	Batch   int           // inputs in a request; 0 means 32
	Timeout time.Duration // of a request; 0 means DefaultTimeout
	Client  *http.Client  // nil means http.DefaultClient
}

// Predict sends the inputs batch by batch.
func (h HTTP) Predict(ctx context.Context, inputs []string) ([]string, error) {
	size := h.Batch
	if size <= 0 {
		size = 32
	}
	var outputs []string
	for at := 0; at < len(inputs); at += size {
		batch := inputs[at:min(at+size, len(inputs))]
		answers, err := h.post(ctx, batch)
		if err == nil {
			err = complete(batch, answers)
		}
		if err != nil {
			return nil, fmt.Errorf("probe: %s: inputs from %d: %w", h.URL, at, err)
		}
		outputs = append(outputs, answers...)
	}
	return outputs, nil
}

func (h HTTP) post(ctx context.Context, inputs []string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, orDefault(h.Timeout))
	defer cancel()
	body, err := json.Marshal(map[string][]string{"inputs": inputs})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for key, values := range h.Header {
		request.Header[key] = values
	}
	request.Header.Set("Content-Type", "application/json")
	client := h.Client
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxAnswer:
		return nil, fmt.Errorf("the response has more than %d bytes", maxAnswer)
	case response.StatusCode/100 != 2:
		return nil, fmt.Errorf("status %s: %s", response.Status, excerpt(string(text)))
	}
	return answers(text)
}

// answers reads the outputs of a response.
func answers(text []byte) ([]string, error) {
	var response struct {
		Outputs []any `json:"outputs"`
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&response); err != nil {
		return nil, fmt.Errorf("the response is no JSON with outputs: %w: %s", err, excerpt(string(text)))
	}
	var outputs []string
	for i, v := range response.Outputs {
		switch v := v.(type) {
		case string:
			outputs = append(outputs, v)
		case json.Number:
			outputs = append(outputs, v.String())
		default:
			return nil, fmt.Errorf("output %d is %v, want a string or a number", i, v)
		}
	}
	return outputs, nil
}
