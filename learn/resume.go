package learn

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/atelier-go/atelier/safetensors"
)

// Checkpoints are the paths of a folder's checkpoints, the newest first, without BestFile.
func Checkpoints(dir string) ([]string, error) { return checkpoints(dir) }

// Fingerprint is the Config.Fingerprint of the run that wrote a checkpoint; there is false for a file that is none, such
// as one of weights. It does not read the tensors.
func Fingerprint(path string) (text string, there bool, err error) {
	f, err := safetensors.Open(path)
	if errors.Is(err, safetensors.ErrFormat) {
		return "", false, fmt.Errorf("%s: %w: %w", path, ErrDamaged, err)
	} else if err != nil {
		return "", false, err
	}
	defer f.Close()
	meta := f.Metadata()
	if meta["format"] != checkpointFormat {
		return "", false, nil
	}
	var h struct {
		Fingerprint string `json:"fingerprint"`
	}
	if err := json.Unmarshal([]byte(meta["state"]), &h); err != nil {
		return "", false, fmt.Errorf("%s: %w: %w", path, ErrDamaged, err)
	}
	return h.Fingerprint, true, nil
}

// ErrNoCheckpoint is wrapped by Resume's error where there is nothing to resume.
var ErrNoCheckpoint = errors.New("there is no checkpoint")

// ErrDamaged is wrapped by errors about checkpoints whose content is not what was written.
var ErrDamaged = errors.New("the checkpoint is damaged")

// Resume puts the learner where the newest checkpoint of its folder was written. A checkpoint that is damaged is passed
// over for the one before it, and notes say so. The configuration has to be the checkpoint's: the same model, seed, data
// and phases up to the present one; phases that have not begun may be other than they were.
func (l *Learner) Resume() (notes []string, err error) {
	files, err := checkpoints(l.config.Dir)
	if err != nil {
		return nil, err
	}
	for i, path := range files {
		err := l.Load(path)
		if errors.Is(err, ErrDamaged) {
			next := "there is none before it"
			if i+1 < len(files) {
				next = "using " + filepath.Base(files[i+1])
			}
			notes = append(notes, fmt.Sprintf("%v; %s", err, next))
			continue
		}
		return notes, err
	}
	return notes, fmt.Errorf("learn: %w in %s", ErrNoCheckpoint, l.config.Dir)
}

// Load puts the learner where a checkpoint was written; see Resume. After an error it is where it was.
func (l *Learner) Load(path string) error {
	h, all, err := readCheckpoint(path, newMeters(l.config.Metrics))
	if err != nil {
		return err
	}
	if err := l.fits(h); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	mine, proxys := divide(all)
	if l.chooser != nil {
		if _, err := l.chooser.unknownTo(proxys); err != nil {
			return fmt.Errorf("%s: the proxy: %w", path, err)
		}
	}
	if err := l.restore(mine); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if l.chooser != nil {
		l.chooser.leave()
		if err := l.chooser.restore(proxys); err != nil {
			return fmt.Errorf("%s: the proxy: %w", path, err)
		}
	}
	for _, k := range l.keepers {
		if text, ok := h.State.Keepers[k.Key()]; ok {
			if err := k.Load(text); err != nil {
				return fmt.Errorf("%s: state of %s: %w", path, k.Key(), err)
			}
		}
	}
	l.state, l.resumed = h.State, true
	if l.state.Trained == 0 {
		l.state.Trained = l.state.Elapsed // of checkpoints that have no training time: no less than it
	}
	if l.state.Best == nil {
		l.state.Best = map[string]float64{}
	}
	if l.state.Keepers == nil {
		l.state.Keepers = map[string]json.RawMessage{}
	}
	l.saver.saved = l.state.Step
	return nil
}

// readCheckpoint reads and checks a file. train is where its metrics go.
func readCheckpoint(path string, train *meters) (header, []safetensors.Tensor, error) {
	h := header{State: state{Train: train}}
	text, all, err := readState(path)
	if err != nil {
		return h, nil, err
	}
	if err := json.Unmarshal(text, &h); err != nil {
		return h, nil, fmt.Errorf("%s: %w", path, err)
	}
	return h, all, nil
}

// readState reads a checkpoint's tensors, sorted by name, and its header, and checks both by their hash.
func readState(path string) (text []byte, all []safetensors.Tensor, err error) {
	damaged := func(why any) error { return fmt.Errorf("%s: %w: %v", path, ErrDamaged, why) }
	f, err := safetensors.Open(path)
	if errors.Is(err, safetensors.ErrFormat) {
		return nil, nil, damaged(err)
	} else if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	meta := f.Metadata()
	if meta["format"] != checkpointFormat {
		return nil, nil, fmt.Errorf("%s is not a checkpoint: its format is %q, want %q", path, meta["format"], checkpointFormat)
	}
	for _, name := range f.Names() {
		t, err := f.Tensor(name)
		if err != nil {
			return nil, nil, damaged(err)
		}
		all = append(all, t)
	}
	sortTensors(all)
	sum, err := digest([]byte(meta["state"]), all)
	if err != nil {
		return nil, nil, err
	}
	if sum != meta["sha256"] {
		return nil, nil, damaged("its content has another SHA-256 than was written into it")
	}
	return []byte(meta["state"]), all, nil
}

// fits tells whether this run is the one that wrote the checkpoint.
func (l *Learner) fits(h header) error {
	if h.Seed != l.config.Seed {
		return fmt.Errorf("the checkpoint's seed is %d, this run's is %d", h.Seed, l.config.Seed)
	}
	if err := cmp.Or(sameModel(h.Model, l.config.Model.Name), sameClasses(h.Classes, l.config.Classes)); err != nil {
		return err
	}
	if mine := l.config.Proxy.choice(); (h.Proxy == nil) != (mine == nil) {
		had := "the checkpoint's run had a proxy, and this one has none"
		if h.Proxy == nil {
			had = "the checkpoint's run had no proxy, and this one has"
		}
		return fmt.Errorf("%s: go on as it began, or start anew in another folder", had)
	} else if mine != nil && (mine.Keep != h.Proxy.Keep || mine.Every != h.Proxy.Every) {
		return fmt.Errorf("the checkpoint's proxy keeps %v and trains every %d steps, this run's %v and %d", h.Proxy.Keep, h.Proxy.Every, mine.Keep, mine.Every)
	} else if mine != nil {
		if err := sameModel(h.Proxy.Model, mine.Model); err != nil {
			return fmt.Errorf("the checkpoint's proxy: %w", err)
		}
	}
	if h.State.Step > l.plan.total {
		return fmt.Errorf("the checkpoint is %d steps into its run, this run has %d", h.State.Step, l.plan.total)
	}
	mine := l.plan.fingerprints(h.State.Step)
	for i, theirs := range h.Phases {
		if i >= len(mine) || mine[i] != theirs {
			return fmt.Errorf("phase %d is not the one that the checkpoint was trained with: its length, optimizer, schedules "+
				"and data have to be the same; start anew in another folder to train with others", i+1)
		}
	}
	return nil
}

// restore sets all variables: those of the file, and no others. Slow weights that nothing moves any more are left out.
func (l *Learner) restore(all []safetensors.Tensor) error {
	if l.config.Lookahead.Every == 0 {
		all = slices.DeleteFunc(all, func(t safetensors.Tensor) bool { return strings.HasPrefix(t.Name, lookaheadPath+"/") })
	}
	gone, err := l.unknownTo(all)
	if err != nil {
		return err
	}
	for _, path := range gone {
		if err := l.store.DeleteVariable(path); err != nil {
			return err
		}
	}
	for _, t := range all {
		if err := l.restoreVariable(t); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	return nil
}

// unknownTo wants tensors to be the model's, and lists the variables that are to go because they are not among them.
func (l *Learner) unknownTo(all []safetensors.Tensor) (gone []string, err error) {
	there := map[string]bool{}
	for _, t := range all {
		there[t.Name] = true
		if v := l.store.GetVariable(t.Name); v == nil && isModel(t.Name) {
			return nil, fmt.Errorf("the checkpoint has %s, which the model does not", t.Name)
		} else if v != nil && isModel(t.Name) && fmt.Sprint(v.Shape().Dimensions) != fmt.Sprint(t.Shape) {
			return nil, fmt.Errorf("%s is %v in the checkpoint and %v in the model", t.Name, t.Shape, v.Shape().Dimensions)
		}
	}
	for v := range l.store.IterVariables() {
		switch {
		case there[v.Path()]:
		case isModel(v.Path()) || strings.HasPrefix(v.Path(), emaPath+"/"):
			return nil, fmt.Errorf("the checkpoint has no %s, which the model has", v.Path())
		default:
			gone = append(gone, v.Path())
		}
	}
	return gone, nil
}

func (l *Learner) restoreVariable(t safetensors.Tensor) error {
	value, err := tensorOf(t)
	if err != nil {
		return err
	}
	if v := l.store.GetVariable(t.Name); v != nil {
		return v.SetValue(value)
	}
	v, err := l.store.CreateVariable(t.Name, value)
	if err != nil {
		return err
	}
	v.SetTrainable(false) // what is not of the model never learns
	return nil
}

// tensorOf makes a tensor of a file's.
func tensorOf(t safetensors.Tensor) (*tensors.Tensor, error) {
	dtype := dtypes.InvalidDType
	for d, name := range fileTypes {
		if name == t.DType {
			dtype = d
		}
	}
	if dtype == dtypes.InvalidDType {
		return nil, fmt.Errorf("unknown type %s", t.DType)
	}
	value := tensors.FromShape(shapes.Make(dtype, t.Shape...))
	return value, value.MutableBytes(func(bytes []byte) { copy(bytes, t.Data) })
}
