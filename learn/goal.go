package learn

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Goal is a value of a metric at which a run has done what it is for, and ends. The zero value is no goal.
type Goal struct {
	// Metric is the name of what an epoch measures, such as "valid_accuracy"; HigherIsBetter says from which side it
	// reaches Value. [Goal.In] knows short names too.
	Metric string
	Value  float64
}

// ErrNotMeasured is wrapped by errors about metrics that a run does not measure.
var ErrNotMeasured = errors.New("not measured")

// ParseGoal reads "top1=0.94".
func ParseGoal(text string) (Goal, error) {
	name, number, found := strings.Cut(text, "=")
	if !found || name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return Goal{}, fmt.Errorf("%q is not a goal: want a metric and a value, as in top1=0.94", text)
	}
	value, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		return Goal{}, fmt.Errorf("the value of %s is %q: want a number, as in top1=0.94", name, number)
	}
	return Goal{name, value}, nil
}

// String is what ParseGoal reads.
func (g Goal) String() string {
	if g.Metric == "" {
		return ""
	}
	return g.Metric + "=" + strconv.FormatFloat(g.Value, 'g', -1, 64)
}

// UnmarshalText is ParseGoal.
func (g *Goal) UnmarshalText(text []byte) (err error) {
	*g, err = ParseGoal(string(text))
	return err
}

// In is the goal with the full name of its metric, one of those that are measured. A short name is a metric of
// validation ("top5" is valid_top5, "ema_loss" is ema_valid_loss), and top1 is another name of accuracy. The error wraps
// ErrNotMeasured, or says why the metric cannot have the value.
func (g Goal) In(measured []string) (Goal, error) {
	for _, name := range g.names() {
		if slices.Contains(measured, name) {
			g.Metric = name
			return g, g.CheckValue()
		}
	}
	return g, fmt.Errorf("%q is %w; there are %s", g.Metric, ErrNotMeasured, strings.Join(measured, ", "))
}

// names are what the goal's metric may be called in full.
func (g Goal) names() []string {
	all := []string{g.Metric, "valid_" + g.Metric}
	for _, kind := range []string{"ema_", "swa_", "tta_"} {
		if rest, is := strings.CutPrefix(g.Metric, kind); is {
			all = append(all, kind+"valid_"+rest)
		}
	}
	for _, name := range slices.Clone(all) {
		if stem, is := strings.CutSuffix(name, "top1"); is {
			all = append(all, stem+"accuracy")
		}
	}
	return all
}

// CheckValue refuses shares that are none, such as percents, and losses that nothing reaches.
func (g Goal) CheckValue() error {
	metric := g.Metric[strings.LastIndex(g.Metric, "_")+1:]
	_, err := strconv.Atoi(strings.TrimPrefix(metric, "top"))
	share := metric == "accuracy" || metric == "f1" || strings.HasSuffix(g.Metric, "worst_class") || strings.HasPrefix(metric, "top") && err == nil
	switch {
	case share && !(g.Value > 0 && g.Value <= 1):
		return fmt.Errorf("%s is a share: want more than 0 and at most 1, such as 0.94, got %v", g.Metric, g.Value)
	case metric == "loss" && !(g.Value > 0):
		return fmt.Errorf("%s falls towards 0: want a number above it, got %v", g.Metric, g.Value)
	default:
		return nil
	}
}

// Reached tells whether an epoch's metrics reach the goal; what was not measured, and NaN, does not.
func (g Goal) Reached(metrics map[string]float64) bool {
	v, ok := metrics[g.Metric]
	switch {
	case !ok || g.Metric == "":
		return false
	case HigherIsBetter(g.Metric):
		return v >= g.Value
	default:
		return v <= g.Value
	}
}

// goalStop ends a run that has reached its goal.
type goalStop struct{ goal Goal }

func (s goalStop) Handle(e Event, r *Run) error {
	switch {
	case s.goal.Metric == "":
	case e == EpochEnd:
		s.stop(r, r.Epoch.Epoch, r.Epoch.Metrics)
	case e == RunBegin && r.Resumed:
		return s.before(r)
	}
	return nil
}

// before stops a run that had reached the goal when it was left: the goal may be newer than the run.
func (s goalStop) before(r *Run) error {
	l := r.learner
	if l.config.Dir == "" {
		s.stop(r, l.state.Epochs, floats64(l.state.Last))
		return nil
	}
	h, err := ReadHistory(l.config.Dir)
	if err != nil {
		return err
	}
	for _, e := range h.Epochs {
		s.stop(r, e.Epoch, floats64(e.Metrics))
	}
	return nil
}

func (s goalStop) stop(r *Run, epoch int, metrics map[string]float64) {
	if s.goal.Reached(metrics) {
		r.Stop(StopReached, "%s is %.4g in epoch %d, the goal was %v", s.goal.Metric, metrics[s.goal.Metric], epoch, s.goal.Value)
	}
}

// MetricNames are the names under which the ends of epochs measure the loss and the metrics named: of the weights as they
// are in training and, with validation data, in validation, and of what else is on there.
func MetricNames(metrics []string, valid, ema, swa, views bool) []string {
	sets := []struct {
		prefix string
		on     bool
	}{{"train_", true}, {"valid_", valid}, {"ema_valid_", valid && ema}, {"swa_valid_", valid && swa}, {"tta_valid_", valid && views}}
	var names []string
	for _, s := range sets {
		if !s.on {
			continue
		}
		names = append(names, s.prefix+"loss")
		for _, m := range metrics {
			names = append(names, s.prefix+m)
		}
	}
	return names
}

// measured are the names of what the ends of a run's epochs measure, in some phase.
func (c Config) measured(p *Plan) []string {
	var metrics []string
	for _, m := range c.Metrics {
		metrics = append(metrics, m.Name())
	}
	valid := slices.ContainsFunc(p.phases, func(phase Phase) bool { return phase.Data.Valid != nil })
	return MetricNames(metrics, valid, c.EMA.Decay > 0, c.SWA.Start > 0, c.TestTime.Level > 0)
}

// measureGoal has views and averages that are the goal measured in every epoch, if nobody says how often: a run ends at the
// first epoch that reaches it. An average that begins after the run is an error.
func (c *Config) measureGoal(p *Plan) error {
	if strings.HasPrefix(c.Until.Metric, "tta_") && c.TestTime.Every == 0 {
		c.TestTime.Every = 1
	}
	if !strings.HasPrefix(c.Until.Metric, "swa_") {
		return nil
	}
	if c.SWA.Eval == 0 {
		c.SWA.Eval = 1
	}
	if n := p.measurements(); c.SWA.Start > n {
		return fmt.Errorf("learn: Until: %s is never measured: the average begins with epoch %d, and the run has %d", c.Until.Metric, c.SWA.Start, n)
	}
	return nil
}

// checkMeasures wants what is watched to be measured by some phase.
func (l *Learner) checkMeasures() error {
	var problems []error
	known := l.Measured()
	check := func(what, name string) {
		if !slices.Contains(known, name) {
			problems = append(problems, fmt.Errorf("learn: %s watches %q, which is %w: there are %s, and what begins with valid_ wants "+
				"validation data", what, name, ErrNotMeasured, strings.Join(known, ", ")))
		}
	}
	if l.config.Stop.Patience > 0 {
		check("early stopping", l.config.Stop.watch())
	}
	if best := l.config.Checkpoint.Best; best != "" {
		check("the best checkpoint", best)
	}
	return errors.Join(problems...)
}

// Measured are the names of what the ends of epochs measure: train_loss, valid_accuracy and so on. Averages of weights
// and views of pictures are not measured in every epoch.
func (l *Learner) Measured() []string { return l.config.measured(l.plan) }
