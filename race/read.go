package race

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// version is the only one that DAWNBench had.
const version = "v1.0"

// tasks are DAWNBench's, with the goals of their training.
var tasks = map[string]Goal{"CIFAR10": {Top1, 94}, "ImageNet": {Top5, 93}, "SQuAD": {F1, 0.75}}

// Read reads an entry: its JSON file and, of training, the TSV file beside it. What is wrong with them is a *FormatError,
// several joined.
func Read(path string) (*Entry, error) {
	text, err := read(path)
	if err != nil {
		return nil, err
	}
	progress, err := readProgress(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	task, kind := place(path)
	o, err := parseObject(path, text)
	if err != nil {
		return nil, err
	}
	e := &Entry{File: path, Task: task, Progress: progress}
	if err := e.describe(o); err != nil {
		return nil, err
	}
	switch {
	case progress != nil:
		err = e.training(o)
	case kind == "train" || !o.has("latency") && !o.has("cost"):
		err = &FormatError{path, 0, filepath.Base(tsvOf(path)) + " is missing beside it: want the epochs of training, or a latency, of inference"}
	default:
		err = e.inference(o)
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

func tsvOf(path string) string { return strings.TrimSuffix(path, filepath.Ext(path)) + ".tsv" }

func readProgress(path string) (*Progress, error) {
	text, err := read(tsvOf(path))
	if err != nil {
		return nil, err
	}
	return ReadTSV(tsvOf(path), text)
}

// place is the task and the kind, train or inference, of a file that lies as in DAWNBench's repository.
func place(path string) (task, kind string) {
	whole, err := filepath.Abs(path)
	if err != nil {
		return "", ""
	}
	dir := filepath.Dir(whole)
	kind, task = filepath.Base(dir), filepath.Base(filepath.Dir(dir))
	if _, known := tasks[task]; !known || kind != "train" && kind != "inference" {
		return "", ""
	}
	return task, kind
}

// describe reads what all entries have.
func (e *Entry) describe(o *object) error {
	var errs []error
	var edition string
	for _, f := range []struct {
		name     string
		to       *string
		required bool
	}{
		{"version", &edition, true}, {"author", &e.Author, true}, {"authorEmail", &e.AuthorEmail, true},
		{"framework", &e.Framework, true}, {"model", &e.Model, true}, {"hardware", &e.Hardware, true},
		{"timestamp", &e.Date, true}, {"codeURL", &e.CodeURL, false}, {"logFilename", &e.Log, false},
	} {
		if f.required && !o.has(f.name) {
			errs = append(errs, &FormatError{o.file, max(1, o.fields[f.name].line), f.name + " is missing"})
		} else if err := o.value(f.name, "text", f.to); err != nil {
			errs = append(errs, err)
		}
	}
	if edition != version && edition != "" {
		errs = append(errs, o.wrong("version", " is %q: want %q", edition, version))
	}
	if e.Date != "" {
		day, err := time.Parse("2006-1-2", e.Date)
		if err != nil {
			errs = append(errs, o.wrong("timestamp", " is %q: want a date as in 2018-04-18", e.Date))
		}
		e.Date = day.Format(time.DateOnly)
	}
	errs = append(errs, o.value("usedBlacklist", "true or false", &e.UsedBlacklist))
	return errors.Join(errs...)
}

// training reads what only training has, and finds its goal.
func (e *Entry) training(o *object) error {
	var err error
	if e.CostPerHour, _, err = o.amount("costPerHour"); err != nil {
		return err
	}
	if e.CostPerHour > 0 {
		if err := onDemand(o); err != nil {
			return err
		}
	}
	e.Notes = notes(o)
	if e.Task != "" || e.Notes == nil {
		return e.SetGoal(e.impliedGoal(e.Progress.Columns))
	}
	e.Task = e.Notes.Data
	return e.SetGoal(e.Notes.Until)
}

// SetGoal gives an entry of training another goal; its TSV must have the column.
func (e *Entry) SetGoal(g Goal) error {
	if e.Progress.column(g.Column) < 0 {
		return &FormatError{tsvOf(e.File), 1, fmt.Sprintf("there is no column %q, only %s", g.Column, strings.Join(e.Progress.Columns, ", "))}
	}
	e.Goal = g
	return nil
}

// impliedGoal is that of the task, or of the task that has such columns.
func (e *Entry) impliedGoal(columns []string) Goal {
	if g, known := tasks[e.Task]; known {
		return g
	}
	for _, task := range []string{"SQuAD", "ImageNet"} {
		if slices.Contains(columns, tasks[task].Column) {
			return tasks[task]
		}
	}
	return tasks["CIFAR10"]
}

// notes are those of a run of Atelier; misc is free, so what looks otherwise is somebody else's.
func notes(o *object) *Notes {
	var n Notes
	if o.value("misc", "", &n) != nil || n.Until.Column == "" || n.Metric == "" {
		return nil
	}
	return &n
}

// inference reads what only inference has.
func (e *Entry) inference(o *object) error {
	var columns []string
	for _, name := range []string{Top1, Top5, F1} {
		if o.has(name) {
			columns = append(columns, name)
		}
	}
	e.Goal = e.impliedGoal(columns)
	e.Inference = &Inference{}
	for name, to := range map[string]*float64{"latency": &e.Inference.Latency, e.Goal.Column: &e.Inference.Score} {
		v, there, err := o.amount(name)
		if err == nil && !there {
			err = &FormatError{o.file, 1, name + " is missing"}
		}
		if name == F1 && v > 1 {
			v /= 100 // a published entry has percent
		}
		if err == nil && v > largest(name) {
			err = o.wrong(name, " is %s: want 0 to %v", short(o.fields[name].raw), largest(name))
		}
		if err != nil {
			return err
		}
		*to = v
	}
	var err error
	e.Inference.Cost, _, err = o.amount("cost")
	if err == nil && e.Inference.Cost > 0 {
		err = onDemand(o)
	}
	return err
}

// isEntry tells whether a JSON file is meant as an entry: others may lie in the same folders. One that cannot be read, or is
// no JSON, may be, and what is wrong with it is said.
func isEntry(path string) bool {
	text, err := read(path)
	var fields map[string]json.RawMessage
	if err != nil || !json.Valid(text) {
		return true
	}
	if json.Unmarshal(text, &fields) != nil {
		return false // an array, as of atelier leaderboard --json
	}
	for _, name := range []string{"authorEmail", "hardware", "costPerHour"} {
		if _, there := fields[name]; there {
			return true
		}
	}
	return false
}
