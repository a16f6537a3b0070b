package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/atelier-go/atelier/cpu"
	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/race"
	"github.com/atelier-go/atelier/recipe"
	"github.com/atelier-go/atelier/zoo"
)

// recordFile is what a run to a goal leaves for leaderboards; a TSV file of the same name is beside it.
const recordFile = "dawnbench.json"

// recorder writes a run's record at the end of every epoch.
type recorder struct {
	dir   string
	entry race.Entry
	goal  learn.Goal
	flops map[*learn.Data]work
	proxy learn.Proxy

	before  *race.Entry   // what sessions before this one have written, nil if there were none
	trained bool          // in this session
	columns []scoreColumn // of the TSV
	steps   float64       // FLOPs so far
	epochs  []epochAt     // of the TSV's rows
}

// work is the FLOPs of the forward pass on an example, of the model and of its proxy. Training takes three times as many:
// gradients of inputs, and gradients of weights.
type work struct{ model, proxy float64 }

// scoreColumn is a column of the TSV: a metric, times 1 or 100.
type scoreColumn struct {
	name, metric string
	times        float64
}

// epochAt is what the notes need to know of an epoch.
type epochAt struct {
	number  int
	elapsed float64 // seconds with evaluation
	flops   float64
}

// newRecorder counts what an example of each phase's data costs; it reads one batch of each.
func (f *trainFlags) newRecorder(r *recipe.Recipe, config learn.Config, dir string) (*recorder, error) {
	rec := &recorder{dir: dir, flops: map[*learn.Data]work{}, proxy: config.Proxy}
	for _, phase := range config.Phases {
		if _, there := rec.flops[phase.Data]; there {
			continue
		}
		var w work
		var err error
		if w.model, err = forwardFLOPs(config, r.Model, phase.Data); err != nil {
			return nil, err
		}
		if r.Proxy.Model != "" {
			if w.proxy, err = forwardFLOPs(config, r.Proxy.Model, phase.Data); err != nil {
				return nil, err
			}
		}
		rec.flops[phase.Data] = w
	}
	rec.describe(f, r, config)
	return rec, nil
}

// forwardFLOPs are a network's for a picture of some data.
func forwardFLOPs(config learn.Config, name string, d *learn.Data) (float64, error) {
	m, err := zoo.ByName(name, len(d.Train.Dataset.Classes()))
	if err != nil {
		return 0, err
	}
	h, w, c, err := pictureSize(d)
	if err != nil {
		return 0, err
	}
	counts, err := zoo.Count(config.Backend, m, h, w, c)
	if err != nil {
		return 0, err
	}
	return 2 * float64(counts.MACs), nil
}

func pictureSize(d *learn.Data) (h, w, c int, err error) {
	stream := d.Train.Open(context.Background(), 0)
	defer stream.Close()
	b, err := stream.Next()
	if err != nil {
		return 0, 0, 0, err
	}
	return b.H, b.W, b.C, nil
}

// describe fills in what is known before the run.
func (r *recorder) describe(f *trainFlags, from *recipe.Recipe, config learn.Config) {
	version, commit := buildVersion()
	device := cpu.Probe()
	level := f.isa
	precision := ""
	if settings, err := cpu.ParseConfig(f.settings()); err == nil {
		level = cmp.Or(settings.ISA, level)
		if settings.PrecisionNotice() == "" { // or else all is float32
			precision = settings.Precision
		}
	}
	for _, l := range device.Levels {
		if l.Chosen && level == "" {
			level = l.Name
		}
	}
	hardware := fmt.Sprintf("%s / %d threads", device.Processor, f.threads)
	if device.Memory > 0 {
		hardware += fmt.Sprintf(" / %.0f GB", float64(device.Memory)/(1<<30))
	}
	r.entry = race.Entry{
		File:      filepath.Join(r.dir, recordFile),
		Framework: strings.TrimSpace("Atelier " + version + " " + commit),
		Model:     from.Model, Hardware: hardware, CostPerHour: from.PricePerHour,
		Progress: &race.Progress{},
		Notes: &race.Notes{
			Data: config.Phases[len(config.Phases)-1].Data.Name, Seed: from.Seed, Proxy: from.Proxy.Model,
			Processor: device.Processor, Kernels: level, Precision: precision, Threads: f.threads, Memory: device.Memory,
		},
	}
}

// Handle counts steps and takes the ends of epochs down.
func (r *recorder) Handle(e learn.Event, run *learn.Run) error {
	switch e {
	case learn.RunBegin:
		return r.begin(run)
	case learn.StepEnd:
		r.trained = true
		r.step(run.Plan, run.Position.Step, run.Examples, run.Seen)
	case learn.EpochEnd:
		r.epoch(run.Epoch.Epoch, run.Epoch.Seconds, run.Epoch.TrainingSeconds, run.Epoch.Metrics)
		return r.write()
	}
	return nil
}

// begin takes up what a run that is resumed has done.
func (r *recorder) begin(run *learn.Run) error {
	r.goal = run.Learner().Until()
	r.columns = columnsOf(r.goal, run.Learner().Measured())
	for _, c := range r.columns {
		r.entry.Progress.Columns = append(r.entry.Progress.Columns, c.name)
	}
	last := r.columns[len(r.columns)-1]
	r.entry.Notes.Metric = r.goal.Metric
	r.entry.Notes.Until = race.Goal{Column: last.name, Value: last.show(r.goal.Value)}
	if !run.Resumed {
		return nil
	}
	if before, err := race.Read(r.entry.File); err == nil {
		r.before = before
	}
	h, err := learn.ReadHistory(r.dir)
	if err != nil {
		return err
	}
	done := 0
	for _, e := range h.Epochs {
		if e.TrainingSeconds <= 0 {
			return fmt.Errorf("%s has no times of training, which a goal wants: start anew in another folder", filepath.Join(r.dir, learn.HistoryFile))
		}
		for ; done < len(h.Steps) && h.Steps[done].Step < e.Step; done++ {
			r.replay(run.Plan, h.Steps[done])
		}
		metrics := map[string]float64{}
		for name, v := range e.Metrics {
			metrics[name] = float64(v)
		}
		r.epoch(e.Epoch, e.Seconds, e.TrainingSeconds, metrics)
	}
	for ; done < len(h.Steps); done++ {
		r.replay(run.Plan, h.Steps[done])
	}
	return r.write()
}

// replay counts a step of the history.
func (r *recorder) replay(plan *learn.Plan, s learn.StepRecord) {
	r.step(plan, s.Step, s.Examples, s.Seen)
}

// columnsOf are the columns that a goal's TSV has, the goal's last: those of DAWNBench for accuracies of validation, be it
// of averaged weights or several views, and the metric itself for others.
func columnsOf(goal learn.Goal, measured []string) []scoreColumn {
	prefix, metric := "", goal.Metric
	if i := strings.LastIndex(goal.Metric, "valid_"); i >= 0 {
		prefix, metric = goal.Metric[:i+len("valid_")], goal.Metric[i+len("valid_"):]
	}
	if prefix != "" && (metric == "accuracy" || metric == "top1") {
		return []scoreColumn{{race.Top1, goal.Metric, 100}}
	}
	var columns []scoreColumn
	for _, top1 := range []string{"accuracy", "top1"} {
		if name := prefix + top1; prefix != "" && len(columns) == 0 && slices.Contains(measured, name) {
			columns = append(columns, scoreColumn{race.Top1, name, 100})
		}
	}
	if prefix != "" && metric == "top5" {
		return append(columns, scoreColumn{race.Top5, goal.Metric, 100})
	}
	return append(columns, scoreColumn{goal.Metric, goal.Metric, 1})
}

// show is a metric's value as the column has it: 0.57 is 57 percent and not 56.99999999999999.
func (c scoreColumn) show(v float64) float64 {
	if c.times == 1 {
		return v
	}
	return math.Round(v*c.times*1e10) / 1e10
}

func (r *recorder) step(plan *learn.Plan, step, examples, seen int) {
	w := r.flops[plan.Phases()[plan.At(step).Phase].Data]
	passes := 1.0 // of the proxy: it looks at all that is read, and trains on it in some steps
	if r.proxy.Trains(step) {
		passes = 3
	}
	r.steps += 3*float64(examples)*w.model + passes*float64(seen)*w.proxy
}

// epoch adds a row, unless something was not measured: averages and views are not in every epoch.
func (r *recorder) epoch(number int, elapsed, trained float64, metrics map[string]float64) {
	row := race.Row{Epoch: float64(number), Hours: trained / 3600}
	for _, c := range r.columns {
		v, there := metrics[c.metric]
		if !there || math.IsNaN(v) || math.IsInf(v, 0) {
			return
		}
		row.Scores = append(row.Scores, c.show(v))
	}
	r.entry.Progress.Rows = append(r.entry.Progress.Rows, row)
	r.epochs = append(r.epochs, epochAt{number, elapsed, r.steps})
}

// write writes the record of the epochs so far.
func (r *recorder) write() error {
	if len(r.epochs) == 0 {
		return nil
	}
	n := r.entry.Notes
	r.entry.Date = time.Now().UTC().Format(time.DateOnly)
	row, _, reached := r.entry.Progress.First(n.Until)
	at := r.epochs[len(r.epochs)-1]
	if !reached {
		row = r.entry.Progress.Rows[len(r.epochs)-1]
	}
	for _, e := range r.epochs {
		if float64(e.number) == row.Epoch {
			at = e
		}
	}
	n.Reached, n.Epochs, n.FLOPs, n.ElapsedSeconds, n.TrainingSeconds = reached, at.number, at.flops, at.elapsed, row.Hours*3600
	e := r.ofAllSessions()
	return e.Write()
}

// ofAllSessions is the entry with the machines of all sessions that trained: that of this one from its first step on.
func (r *recorder) ofAllSessions() race.Entry {
	e, was := r.entry, r.before
	switch {
	case was == nil:
	case !r.trained:
		e.Framework, e.Hardware = was.Framework, was.Hardware
		if n := was.Notes; n != nil {
			notes := *e.Notes
			notes.Processor, notes.Kernels, notes.Precision, notes.Threads, notes.Memory = n.Processor, n.Kernels, n.Precision, n.Threads, n.Memory
			e.Notes = &notes
		}
	case !strings.HasSuffix(was.Hardware, e.Hardware):
		e.Hardware = was.Hardware + ", then " + e.Hardware
	}
	return e
}

// report says what the goal took; a goal that was not reached is an error.
func (r *recorder) report(stdout io.Writer) error {
	n := r.entry.Notes
	if len(r.epochs) == 0 {
		return fmt.Errorf("%s was not measured: the goal was %v", r.goal.Metric, r.goal.Value)
	}
	if !n.Reached {
		row, score, _ := r.entry.Progress.First(n.Until)
		return fmt.Errorf("the goal was not reached in %d epochs: %s came to %.4g in epoch %v, want %v",
			n.Epochs, r.goal.Metric, score/r.columns[len(r.columns)-1].times, row.Epoch, r.goal.Value)
	}
	cost := ""
	if r.entry.CostPerHour > 0 {
		cost = ", " + race.Dollars(n.TrainingSeconds/3600*r.entry.CostPerHour)
	}
	_, err := fmt.Fprintf(stdout, "%s reached %v in epoch %d after %s of training, %s%s; in %s\n", r.goal.Metric, r.goal.Value, n.Epochs,
		race.Duration(n.TrainingSeconds), race.FLOPs(n.FLOPs), cost, r.entry.File)
	return err
}
