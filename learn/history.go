package learn

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/atelier-go/atelier/optim"
)

// HistoryFile is the name of the history in a run's folder: a line of JSON for each step and each end of an epoch.
const HistoryFile = "history.jsonl"

// Number is a float64 whose JSON has null for NaN and infinities.
type Number float64

// MarshalJSON writes null where JSON has no number.
func (n Number) MarshalJSON() ([]byte, error) {
	if v := float64(n); math.IsNaN(v) || math.IsInf(v, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON reads null as NaN.
func (n *Number) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*n = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(text, (*float64)(n))
}

// numbers are values with a JSON for all of them, and floats64 makes them values again.
func numbers(values map[string]float64) map[string]Number {
	out := map[string]Number{}
	for name, v := range values {
		out[name] = Number(v)
	}
	return out
}

func floats64(values map[string]Number) map[string]float64 {
	out := map[string]float64{}
	for name, v := range values {
		out[name] = float64(v)
	}
	return out
}

// StepRecord is a step's line of the history.
type StepRecord struct {
	Step         int           `json:"step"` // from 0
	Phase        string        `json:"phase"`
	Loss         Number        `json:"loss"`
	Smoothed     Number        `json:"smoothed"`
	GradientNorm Number        `json:"gradient_norm"`
	Examples     int           `json:"examples"`
	Seen         int           `json:"seen,omitempty"` // with a proxy: of how many it chose the examples
	Hyper        []optim.Hyper `json:"hyper"`          // of each layer group
}

// EpochRecord is a line of the history where an epoch ended.
type EpochRecord struct {
	Epoch   int               `json:"epoch"`
	Step    int               `json:"step"` // steps done
	Phase   string            `json:"phase"`
	Metrics map[string]Number `json:"metrics"`
	Seconds float64           `json:"seconds"` // since the run began, with evaluation, without what lay between sessions
	// TrainingSeconds are an EpochResult's.
	TrainingSeconds float64 `json:"training_seconds"`
}

// history writes it.
type history struct {
	learner *Learner
	file    *os.File
	w       *bufio.Writer
	flushed time.Time
}

func newHistory(l *Learner) *history { return &history{learner: l} }

func (h *history) Handle(e Event, r *Run) error {
	if h.learner.config.Dir == "" {
		return nil
	}
	switch e {
	case RunBegin:
		return h.open()
	case StepEnd:
		step := StepRecord{
			Step: r.Position.Step, Phase: h.learner.plan.phases[r.Position.Phase].Name, Loss: Number(r.Loss),
			Smoothed: Number(r.Smoothed), GradientNorm: Number(r.GradientNorm), Examples: r.Examples, Hyper: r.Hyper,
		}
		if h.learner.chooser != nil {
			step.Seen = r.Seen
		}
		return h.write(step)
	case EpochEnd:
		return h.write(EpochRecord{r.Epoch.Epoch, r.Epoch.Step, r.Epoch.Phase, numbers(r.Epoch.Metrics), r.Epoch.Seconds, r.Epoch.TrainingSeconds})
	default:
		return nil
	}
}

// open cuts off what a run that was killed wrote after its last checkpoint.
func (h *history) open() error {
	if err := os.MkdirAll(h.learner.config.Dir, 0o777); err != nil {
		return err
	}
	path := filepath.Join(h.learner.config.Dir, HistoryFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	end := h.learner.state.History
	if info, err := f.Stat(); err != nil || info.Size() < end {
		f.Close()
		return fmt.Errorf("learn: %s is shorter than the %d bytes that the checkpoint knows of: put it back, or start anew in another folder", path, end)
	}
	if err := f.Truncate(end); err != nil {
		f.Close()
		return err
	}
	if _, err := f.Seek(end, io.SeekStart); err != nil {
		f.Close()
		return err
	}
	h.file, h.w = f, bufio.NewWriter(f)
	return nil
}

func (h *history) write(line any) error {
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	text = append(text, '\n')
	n, err := h.w.Write(text)
	h.learner.state.History += int64(n)
	if err == nil && time.Since(h.flushed) > time.Second {
		h.flushed = time.Now()
		err = h.w.Flush()
	}
	return err
}

// sync puts everything written so far on the disk, so that a checkpoint may count on it.
func (h *history) sync() error {
	if h.file == nil {
		return nil
	}
	return errors.Join(h.w.Flush(), h.file.Sync())
}

func (h *history) close() error {
	if h.file == nil {
		return nil
	}
	err := errors.Join(h.w.Flush(), h.file.Close())
	h.file = nil
	return err
}

// History is a run as its file has it.
type History struct {
	Steps  []StepRecord
	Epochs []EpochRecord
}

// ReadHistory reads the history in a run's folder. A last line that is not complete, of a run that is going on or was
// killed, is left out.
func ReadHistory(dir string) (*History, error) {
	path := filepath.Join(dir, HistoryFile)
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := &History{}
	r := bufio.NewReader(f)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return h, nil
		}
		if err == nil {
			err = h.add(line)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, n, err)
		}
	}
}

func (h *History) add(line []byte) error {
	var kind struct {
		Epoch *int `json:"epoch"`
	}
	if err := json.Unmarshal(line, &kind); err != nil {
		return err
	}
	if kind.Epoch != nil {
		var e EpochRecord
		if err := json.Unmarshal(line, &e); err != nil {
			return err
		}
		h.Epochs = append(h.Epochs, e)
		return nil
	}
	var s StepRecord
	if err := json.Unmarshal(line, &s); err != nil {
		return err
	}
	h.Steps = append(h.Steps, s)
	return nil
}

// names lists a map's keys for messages.
func names(values map[string]float64) string {
	return strings.Join(slices.Sorted(maps.Keys(values)), ", ")
}
