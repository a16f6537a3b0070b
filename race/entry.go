package race

import (
	"fmt"
	"strings"
)

// The columns of a TSV beside the scores, and DAWNBench's scores.
const (
	columnEpoch = "epoch"
	columnHours = "hours"

	Top1 = "top1Accuracy" // percent
	Top5 = "top5Accuracy" // percent
	F1   = "f1Score"      // 0 to 1
)

// Entry is a record of training, or of inference.
type Entry struct {
	File string `json:"file"` // the JSON's path
	Task string `json:"task"` // what was trained on: one of DAWNBench's tasks, or the data of a run's Notes; empty if unknown

	Author      string `json:"author"`
	AuthorEmail string `json:"-"`
	Framework   string `json:"framework"`
	CodeURL     string `json:"codeURL,omitempty"`
	Model       string `json:"model"`
	Hardware    string `json:"hardware"`
	Date        string `json:"timestamp"` // yyyy-mm-dd
	Log         string `json:"logFilename,omitempty"`

	// CostPerHour is the on-demand price of the hardware in USD; 0 if the entry has none.
	CostPerHour float64 `json:"costPerHour,omitempty"`
	// UsedBlacklist says that pictures of ImageNet were left out of validation, as the rules allow.
	UsedBlacklist bool `json:"usedBlacklist,omitempty"`

	Goal      Goal       `json:"goal"`
	Progress  *Progress  `json:"-"`                   // of training; nil for inference
	Inference *Inference `json:"inference,omitempty"` // nil for training
	Notes     *Notes     `json:"notes,omitempty"`     // of runs of Atelier; nil for others
}

// Metric is the metric of Atelier that the entry's column Top1 or Top5 shows where it was not measured plainly: of several
// views of each picture, as tta_valid_accuracy, or of averaged weights, as ema_valid_accuracy and swa_valid_accuracy. It is
// empty for what was measured plainly, as all entries of others are, and for other columns, whose names say it.
func (e *Entry) Metric(column string) string {
	name, known := map[string]string{Top1: "valid_accuracy", Top5: "valid_top5"}[column]
	if !known || e.Notes == nil {
		return ""
	}
	kind, _, _ := strings.Cut(e.Notes.Metric, "valid_")
	switch kind {
	case "tta_", "ema_", "swa_":
		return kind + name
	}
	return ""
}

// Goal is a value that a column of a TSV has to reach.
type Goal struct {
	Column string  `json:"column"`
	Value  float64 `json:"value"` // in the column's unit: percent for Top1 and Top5
}

// Falls tells whether smaller values of the column are better: losses and errors.
func (g Goal) Falls() bool {
	return strings.HasSuffix(g.Column, "loss") || strings.HasSuffix(g.Column, "error")
}

// Reached tells whether a value of the column reaches the goal.
func (g Goal) Reached(v float64) bool {
	if g.Falls() {
		return v <= g.Value
	}
	return v >= g.Value
}

// Better tells whether a is a better value of the column than b.
func (g Goal) Better(a, b float64) bool {
	if g.Falls() {
		return a < b
	}
	return a > b
}

func (g Goal) String() string {
	unit := ""
	if percent(g.Column) {
		unit = " %"
	}
	return fmt.Sprintf("%s %v%s", g.Column, g.Value, unit)
}

// percent tells whether a column has percents.
func percent(column string) bool { return column == Top1 || column == Top5 }

// Progress is the TSV of an entry.
type Progress struct {
	Columns []string // of Scores
	Rows    []Row    // in the order of the file: hours never fall
}

// Row is the state of training at the end of an epoch.
type Row struct {
	Epoch  float64 // fractions are fine
	Hours  float64 // of training so far, without evaluation and checkpoints
	Scores []float64
}

// First is the first row that reaches a goal, and its score; ok is false if none does, and then row and score are those
// of the best.
func (p *Progress) First(g Goal) (row Row, score float64, ok bool) {
	column := p.column(g.Column)
	for i, r := range p.Rows {
		v := r.Scores[column]
		if g.Reached(v) {
			return r, v, true
		}
		if i == 0 || g.Better(v, score) {
			row, score = r, v
		}
	}
	return row, score, false
}

// column is where a score is; -1 if the TSV does not have it.
func (p *Progress) column(name string) int {
	for i, c := range p.Columns {
		if c == name {
			return i
		}
	}
	return -1
}

// Inference is what an entry for inference measured.
type Inference struct {
	Latency float64 `json:"latency"`        // milliseconds for one example
	Cost    float64 `json:"cost,omitempty"` // USD for one example; 0 if the entry has none
	Score   float64 `json:"score"`          // in the goal's column
}

// Notes are what a run of Atelier writes into an entry's misc.
type Notes struct {
	Until   Goal   `json:"until"`
	Metric  string `json:"metric"` // of the run, that the goal's column shows
	Reached bool   `json:"reached"`
	Data    string `json:"data"` // the name of what was trained on

	Epochs          int     `json:"epochs"`
	TrainingSeconds float64 `json:"trainingSeconds"` // to the goal, or to the last epoch if it was not reached
	ElapsedSeconds  float64 `json:"elapsedSeconds"`  // the same with evaluation and checkpoints
	// FLOPs of training are three times those of the forward pass, and two for each multiplication of a convolution or
	// dense layer with its addition. What frozen layers save is not taken off. A proxy's are among them: one forward pass on
	// all that was read, and gradients in the steps in which it trained.
	FLOPs float64 `json:"flops"`
	Proxy string  `json:"proxy,omitempty"` // the model that chose what was trained on
	Seed  uint64  `json:"seed"`

	Processor string `json:"processor"`
	Kernels   string `json:"kernels"`             // the level of vector instructions
	Precision string `json:"precision,omitempty"` // of convolutions and matrix products; empty means float32
	Threads   int    `json:"threads"`
	Memory    int64  `json:"memory,omitempty"` // bytes; 0 if unknown
}
