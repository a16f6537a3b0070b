package learn

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The names of losses among an epoch's metrics. Those of metrics are theirs behind "train_" and "valid_"; averages of
// weights put "ema_" or "swa_" in front of that.
const (
	MetricTrainLoss = "train_loss"
	MetricValidLoss = "valid_loss"
)

// Metric is a number made of a model's outputs and the right answers.
type Metric interface {
	Name() string       // as in "accuracy"
	Start() Accumulator // an empty measurement
}

// Accumulator is a measurement at work. Its JSON is its state, so that measurements go on after a run is resumed.
type Accumulator interface {
	// Add takes logits [len(labels) classes], row by row.
	Add(logits []float32, classes int, labels []int32)
	Value() float64 // NaN before any example
}

// HigherIsBetter says in which direction a metric of this name improves: losses and errors fall, all others rise.
func HigherIsBetter(name string) bool {
	return !strings.HasSuffix(name, "loss") && !strings.HasSuffix(name, "error")
}

// Accuracy is the share of examples whose largest logit is the label's. With equal logits the first class counts; a row
// with a NaN is wrong.
type Accuracy struct{}

// Name is "accuracy".
func (Accuracy) Name() string { return "accuracy" }

// Start is an empty measurement.
func (Accuracy) Start() Accumulator { return &share{K: 1} }

// TopK is the share of examples whose label is among the K largest logits. Of equal logits the lower class comes first; a
// label whose logit is NaN is never among them.
type TopK struct {
	K int // zero means 5
}

func (t TopK) k() int {
	if t.K == 0 {
		return 5
	}
	return t.K
}

// Name is "top5" for K = 5.
func (t TopK) Name() string { return "top" + strconv.Itoa(t.k()) }

// Start is an empty measurement.
func (t TopK) Start() Accumulator { return &share{K: t.k()} }

// share counts examples whose label is among the K largest logits.
type share struct {
	K     int `json:"-"` // the metric's
	Right int `json:"right"`
	Seen  int `json:"seen"`
}

func (s *share) Add(logits []float32, classes int, labels []int32) {
	for i, label := range labels {
		s.Seen++
		if rank(logits[i*classes:(i+1)*classes], int(label)) < s.K {
			s.Right++
		}
	}
}

func (s *share) Value() float64 {
	if s.Seen == 0 {
		return math.NaN()
	}
	return float64(s.Right) / float64(s.Seen)
}

// rank is how many classes come before label; every class does if the label's logit is NaN, and a NaN comes before all.
func rank(row []float32, label int) int {
	v := row[label]
	before := 0
	for c, x := range row {
		if c != label && (x != x || v != v || x > v || x == v && c < label) {
			before++
		}
	}
	return before
}

// Confusion counts examples by label and predicted class; as a number it is the lowest accuracy of a class.
type Confusion struct {
	Classes []string // their names
}

// Name is "worst_class".
func (Confusion) Name() string { return "worst_class" }

// Start is an empty table.
func (c Confusion) Start() Accumulator { return &ConfusionCounts{Classes: c.Classes} }

// ConfusionCounts is a confusion table.
type ConfusionCounts struct {
	Classes []string  `json:"classes,omitempty"`
	Counts  [][]int64 `json:"counts"` // Counts[label][predicted]
}

// Add counts the examples under their label and the class of the largest logit.
func (c *ConfusionCounts) Add(logits []float32, classes int, labels []int32) {
	for len(c.Counts) < classes {
		c.Counts = append(c.Counts, make([]int64, classes))
	}
	for i, label := range labels {
		c.Counts[label][argmax(logits[i*classes:(i+1)*classes])]++
	}
}

// argmax is the first class of the largest logit; NaN counts as larger than everything, so that it shows.
func argmax(row []float32) int {
	best := 0
	for c, x := range row {
		if x > row[best] || x != x && row[best] == row[best] {
			best = c
		}
	}
	return best
}

// Value is the lowest accuracy of a class that has examples.
func (c *ConfusionCounts) Value() float64 {
	worst := math.NaN()
	for label, row := range c.Counts {
		var seen int64
		for _, n := range row {
			seen += n
		}
		if accuracy := float64(row[label]) / float64(seen); seen > 0 && !(accuracy >= worst) {
			worst = accuracy
		}
	}
	return worst
}

// Confused is a pair of classes of which one was taken for the other.
type Confused struct {
	Label, Predicted string
	Count, Of        int64 // examples that were mistaken so, of those with the label
}

// Confused are the pairs of classes that were mistaken, the most frequent first; of equals the table's order.
func (c *ConfusionCounts) Confused() []Confused {
	var all []Confused
	for label, row := range c.Counts {
		var of int64
		for _, n := range row {
			of += n
		}
		for predicted, n := range row {
			if n > 0 && predicted != label {
				all = append(all, Confused{c.name(label), c.name(predicted), n, of})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Confused) int { return cmp.Compare(b.Count, a.Count) })
	return all
}

// name is that of a class, or its number.
func (c *ConfusionCounts) name(i int) string {
	if i < len(c.Classes) {
		return c.Classes[i]
	}
	return strconv.Itoa(i)
}

// String is the table as text: a line for each label, a column for each predicted class.
func (c *ConfusionCounts) String() string {
	width := 5
	for i := range c.Counts {
		width = max(width, len(c.name(i))+1)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%*s", width, "")
	for i := range c.Counts {
		fmt.Fprintf(&b, "%*s", width, c.name(i))
	}
	b.WriteByte('\n')
	for label, row := range c.Counts {
		fmt.Fprintf(&b, "%*s", width, c.name(label))
		for _, n := range row {
			fmt.Fprintf(&b, "%*d", width, n)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// meters measures the loss and all metrics of a pass.
type meters struct {
	metrics []Metric
	Loss    float64       `json:"loss"` // summed over examples
	Seen    int           `json:"seen"`
	Names   []string      `json:"names"` // of the metrics
	Parts   []Accumulator `json:"parts"`
}

func newMeters(metrics []Metric) *meters {
	m := &meters{metrics: metrics}
	for _, metric := range metrics {
		m.Names, m.Parts = append(m.Names, metric.Name()), append(m.Parts, metric.Start())
	}
	return m
}

// add takes a batch's mean loss and its logits.
func (m *meters) add(loss float64, logits []float32, classes int, labels []int32) {
	m.Loss += loss * float64(len(labels))
	m.Seen += len(labels)
	for _, p := range m.Parts {
		p.Add(logits, classes, labels)
	}
}

// into writes the values under the names of the metrics behind a prefix.
func (m *meters) into(values map[string]float64, prefix string) {
	if m.Seen == 0 {
		return
	}
	values[prefix+"loss"] = m.Loss / float64(m.Seen)
	for i, p := range m.Parts {
		values[prefix+m.metrics[i].Name()] = p.Value()
	}
}

// UnmarshalJSON continues a measurement whose metrics are the same.
func (m *meters) UnmarshalJSON(text []byte) error {
	var raw struct {
		Loss  *float64          `json:"loss"`
		Seen  *int              `json:"seen"`
		Names []string          `json:"names"` // none in states that have no names
		Parts []json.RawMessage `json:"parts"`
	}
	raw.Loss, raw.Seen = &m.Loss, &m.Seen
	if err := json.Unmarshal(text, &raw); err != nil {
		return err
	}
	if len(raw.Parts) != len(m.Parts) {
		return fmt.Errorf("learn: the state has %d metrics, the configuration %d", len(raw.Parts), len(m.Parts))
	}
	if len(raw.Names) > 0 && !slices.Equal(raw.Names, m.Names) {
		return fmt.Errorf("learn: the state's metrics are %s, the configuration's %s: want the same to go on", strings.Join(raw.Names, ", "), strings.Join(m.Names, ", "))
	}
	for i, part := range raw.Parts {
		if err := json.Unmarshal(part, m.Parts[i]); err != nil {
			return err
		}
	}
	return nil
}
