package learn

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/safetensors"
)

// CheckpointPolicy says when the whole state of a run is written to its folder, besides every end of an epoch and the end
// of the run.
type CheckpointPolicy struct {
	Every int // steps; zero means only there
	Keep  int // how many of the last are kept; zero means 2
	// Best names a metric of validation; the checkpoint at which it was best is kept as BestFile besides. Zero means none.
	Best      string
	Direction string // of Best: "max" or "min"; zero means what HigherIsBetter says
}

// The names of a run's files.
const (
	checkpointPrefix = "checkpoint-"
	checkpointSuffix = ".safetensors"
	BestFile         = "best" + checkpointSuffix    // the checkpoint that was best
	WeightsFile      = "weights" + checkpointSuffix // the weights where the run ended; "weights-ema" and "weights-swa" beside it
)

func (p CheckpointPolicy) check(dir string) error {
	if p.Every < 0 || p.Keep < 0 {
		return fmt.Errorf("learn: Checkpoint.Every is %d and Keep %d: want numbers that are not negative", p.Every, p.Keep)
	}
	if p.Direction != "" && p.Direction != "max" && p.Direction != "min" {
		return fmt.Errorf("learn: Checkpoint.Direction is %q: want max or min", p.Direction)
	}
	if dir == "" && (p.Every > 0 || p.Best != "") {
		return errors.New("learn: Checkpoint is set and Dir is not: want a folder to write to")
	}
	return nil
}

// better compares two values of Best.
func (p CheckpointPolicy) better(v, best float64) bool {
	higher := HigherIsBetter(p.Best)
	if p.Direction != "" {
		higher = p.Direction == "max"
	}
	return higher && v > best || !higher && v < best
}

// Format is the value of a checkpoint's "format" in its metadata.
const checkpointFormat = "atelier checkpoint 1"

// saver writes checkpoints as the policy says.
type saver struct {
	learner *Learner
	policy  CheckpointPolicy
	history *history
	saved   int // the step of the last checkpoint, -1 before any
}

// mayBegin refuses a folder with the checkpoints of another run.
func (s *saver) mayBegin() error {
	if s.learner.config.Dir == "" || s.learner.state.Step > 0 || s.learner.resumed {
		return nil
	}
	files, err := checkpoints(s.learner.config.Dir)
	if err == nil && len(files) > 0 {
		err = fmt.Errorf("learn: %s has a run already: resume it, or choose another folder", s.learner.config.Dir)
	}
	return err
}

// afterStep writes a checkpoint if one is due: at the end of an epoch, and every few steps.
func (s *saver) afterStep(r *Run, pos Position) error {
	l := s.learner
	if l.config.Dir == "" || r.stop != nil && r.stop.Kind == StopDiverged {
		return nil
	}
	epochEnded := r.Epoch != nil && r.Epoch.Step == l.state.Step
	if epochEnded {
		if err := s.best(r); err != nil {
			return err
		}
	}
	if epochEnded || s.policy.Every > 0 && l.state.Step%s.policy.Every == 0 {
		return s.save()
	}
	return nil
}

// atEnd writes the last checkpoint and the weights for other programs, unless the run diverged.
func (s *saver) atEnd(r *Run) error {
	l := s.learner
	if l.config.Dir == "" || r.stop != nil && r.stop.Kind == StopDiverged {
		return nil
	}
	if s.saved != l.state.Step {
		if err := s.save(); err != nil {
			return err
		}
	}
	if r.stop != nil && r.stop.Kind == StopInterrupted {
		return nil
	}
	return l.SaveWeights(r.learner.config.Dir)
}

// best keeps a checkpoint of the best value of a metric.
func (s *saver) best(r *Run) error {
	if s.policy.Best == "" {
		return nil
	}
	e := r.Epoch
	v, ok := e.Metrics[s.policy.Best]
	if !ok && r.validates() {
		return fmt.Errorf("learn: the best checkpoint is that of %q, which was not measured; there are %s", s.policy.Best, names(e.Metrics))
	}
	if !ok {
		return nil
	}
	if best, ok := s.learner.state.Best[s.policy.Best]; math.IsNaN(v) || math.IsInf(v, 0) || ok && !s.policy.better(v, best) {
		return nil
	}
	s.learner.state.Best[s.policy.Best] = v
	return s.learner.write(filepath.Join(s.learner.config.Dir, BestFile), s.history)
}

func (s *saver) save() error {
	l := s.learner
	if err := l.write(filepath.Join(l.config.Dir, checkpointName(l.state.Step)), s.history); err != nil {
		return err
	}
	s.saved = l.state.Step
	return s.prune()
}

func checkpointName(step int) string {
	return fmt.Sprintf("%s%08d%s", checkpointPrefix, step, checkpointSuffix)
}

// prune deletes all but the last checkpoints.
func (s *saver) prune() error {
	files, err := checkpoints(s.learner.config.Dir)
	if err != nil {
		return err
	}
	keep := s.policy.Keep
	if keep == 0 {
		keep = 2
	}
	files = slices.DeleteFunc(files, func(f string) bool { // of a run that was set back to an earlier step those beyond it stay
		step, _ := stepOf(filepath.Base(f))
		return step > s.saved
	})
	for _, f := range files[min(keep, len(files)):] {
		if err := os.Remove(f); err != nil {
			return err
		}
	}
	return nil
}

// checkpoints lists a folder's, the newest first.
func checkpoints(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	steps := map[string]int{}
	var files []string
	for _, e := range entries {
		if step, ok := stepOf(e.Name()); ok {
			path := filepath.Join(dir, e.Name())
			files, steps[path] = append(files, path), step
		}
	}
	slices.SortFunc(files, func(a, b string) int { return cmp.Compare(steps[b], steps[a]) })
	return files, nil
}

// stepOf is the step in the name of a checkpoint that a run wrote: a copy with another name is not one of the run's.
func stepOf(name string) (step int, ok bool) {
	rest, _ := strings.CutPrefix(name, checkpointPrefix)
	number, _ := strings.CutSuffix(rest, checkpointSuffix)
	step, err := strconv.Atoi(number)
	return step, err == nil && name == checkpointName(step)
}

// header is the metadata of a checkpoint, as JSON under "state".
type header struct {
	State       state    `json:"state"`
	Seed        uint64   `json:"seed"`
	Phases      []string `json:"phases"` // fingerprints of the phases up to the one at hand
	Classes     []string `json:"classes,omitempty"`
	Model       string   `json:"model,omitempty"`
	Fingerprint string   `json:"fingerprint,omitempty"`
	Proxy       *choice  `json:"proxy,omitempty"`
}

// choice is what a checkpoint knows of a proxy beside its variables.
type choice struct {
	Model string  `json:"model,omitempty"`
	Keep  float64 `json:"keep"`
	Every int     `json:"every"`
}

// choice is nil without a proxy.
func (p Proxy) choice() *choice {
	if !p.on() {
		return nil
	}
	return &choice{p.Model.Name, p.Keep, max(1, p.Every)}
}

// write writes the whole state to a file.
func (l *Learner) write(path string, h *history) error {
	if err := h.sync(); err != nil {
		return err
	}
	for _, k := range l.keepers {
		text, err := k.Save()
		if err != nil {
			return fmt.Errorf("learn: state of %s: %w", k.Key(), err)
		}
		l.state.Keepers[k.Key()] = text
	}
	text, err := json.Marshal(header{
		State: l.state, Seed: l.config.Seed, Phases: l.plan.fingerprints(l.state.Step), Classes: l.config.Classes,
		Model: l.config.Model.Name, Fingerprint: l.config.Fingerprint, Proxy: l.config.Proxy.choice(),
	})
	if err != nil {
		return err
	}
	all, err := l.tensorsOf(func(v *model.Variable) bool { return !strings.HasPrefix(v.Path(), accumulatePath+"/") })
	if err != nil {
		return err
	}
	if l.chooser != nil {
		proxy, err := l.chooser.tensors()
		if err != nil {
			return err
		}
		all = append(all, proxy...)
		sortTensors(all)
	}
	sum, err := digest(text, all)
	if err != nil {
		return err
	}
	return safetensors.Save(path, all, map[string]string{"format": checkpointFormat, "state": string(text), "sha256": sum})
}

// tensorsOf are the variables that are wanted, sorted by name, in the store's own memory.
func (l *Learner) tensorsOf(want func(*model.Variable) bool) ([]safetensors.Tensor, error) {
	var all []safetensors.Tensor
	for v := range l.store.IterVariables() {
		if !want(v) {
			continue
		}
		dtype, ok := fileTypes[v.DType()]
		if !ok {
			return nil, fmt.Errorf("learn: %s is of type %s, which checkpoints do not have", v.Path(), v.DType())
		}
		value, err := v.Value()
		if err != nil {
			return nil, err
		}
		all = append(all, safetensors.Tensor{
			Name: v.Path(), DType: dtype, Shape: v.Shape().Dimensions,
			Stream: func(w io.Writer) error { return writeBytes(w, value) },
		})
	}
	sortTensors(all)
	return all, nil
}

func sortTensors(all []safetensors.Tensor) {
	slices.SortFunc(all, func(a, b safetensors.Tensor) int { return strings.Compare(a.Name, b.Name) })
}

func writeBytes(w io.Writer, t *tensors.Tensor) error {
	var failed error
	err := t.ConstBytes(func(bytes []byte) { _, failed = w.Write(bytes) })
	return errors.Join(err, failed)
}

// fileTypes are the types of variables in files.
var fileTypes = map[dtypes.DType]safetensors.DType{
	dtypes.Bool: safetensors.Bool, dtypes.Int8: safetensors.I8, dtypes.Uint8: safetensors.U8,
	dtypes.Int16: safetensors.I16, dtypes.Uint16: safetensors.U16, dtypes.Int32: safetensors.I32,
	dtypes.Uint32: safetensors.U32, dtypes.Int64: safetensors.I64, dtypes.Uint64: safetensors.U64,
	dtypes.Float16: safetensors.F16, dtypes.BFloat16: safetensors.BF16, dtypes.Float32: safetensors.F32,
	dtypes.Float64: safetensors.F64,
}

// digest is the SHA-256 of a state and of tensors, which are sorted by name, with their names, types and shapes.
func digest(state []byte, all []safetensors.Tensor) (string, error) {
	h := sha256.New()
	field(h, state)
	for _, t := range all {
		field(h, []byte(t.Name))
		field(h, []byte(fmt.Sprint(t.DType, t.Shape)))
		if t.Stream == nil {
			h.Write(t.Data)
		} else if err := t.Stream(h); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// field hashes bytes behind their number, so that fields cannot run into each other.
func field(h hash.Hash, bytes []byte) {
	var n [8]byte
	binary.LittleEndian.PutUint64(n[:], uint64(len(bytes)))
	h.Write(n[:])
	h.Write(bytes)
}
