package amplify

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// A Row is what is true of one person or picture and what the model says. Attributes are groups, tasks what is
// predicted; a row may have several of each, or none. All are indices into the names of the [Table].
type Row struct {
	Attributes, Tasks                   []int
	PredictedAttributes, PredictedTasks []int
}

// A Table holds rows, equal ones once with their number. It does not grow with the number of rows but with that of
// different rows.
type Table struct {
	Attributes, Tasks []string
	// HasPredictedAttributes and HasPredictedTasks say what the model predicts; rows have nothing else.
	HasPredictedAttributes, HasPredictedTasks bool

	rows  []Row
	n     []int64
	total int64
	index map[string]int
}

// MaxPatterns is how many different rows a [Table] holds.
const MaxPatterns = 1 << 20

// NewTable returns an empty table. The flags say whether rows have predicted attributes and predicted tasks.
func NewTable(attributes, tasks []string, predictedAttributes, predictedTasks bool) (*Table, error) {
	if len(attributes) == 0 || len(tasks) == 0 {
		return nil, fmt.Errorf("amplify: %d attributes and %d tasks, want one or more of each", len(attributes), len(tasks))
	}
	if !predictedAttributes && !predictedTasks {
		return nil, errors.New("amplify: the model predicts neither attributes nor tasks")
	}
	return &Table{Attributes: attributes, Tasks: tasks, HasPredictedAttributes: predictedAttributes,
		HasPredictedTasks: predictedTasks, index: map[string]int{}}, nil
}

// Rows is how many rows were added.
func (t *Table) Rows() int64 { return t.total }

// Add adds n rows that are equal to r.
func (t *Table) Add(r Row, n int64) error {
	if n <= 0 {
		return fmt.Errorf("amplify: adding %d rows, want > 0", n)
	}
	if len(r.PredictedAttributes) > 0 && !t.HasPredictedAttributes || len(r.PredictedTasks) > 0 && !t.HasPredictedTasks {
		return errors.New("amplify: a row has predictions that its table was made without")
	}
	var key []byte
	fields := []*[]int{&r.Attributes, &r.Tasks, &r.PredictedAttributes, &r.PredictedTasks}
	for i, field := range fields {
		names := [][]string{t.Attributes, t.Tasks}[i%2]
		*field = slices.Clone(*field)
		slices.Sort(*field)
		*field = slices.Compact(*field)
		for _, v := range *field {
			if v < 0 || v >= len(names) {
				return fmt.Errorf("amplify: a row has the index %d, want in [0, %d)", v, len(names))
			}
			key = binary.AppendUvarint(key, uint64(v)+1)
		}
		key = append(key, 0)
	}
	at, known := t.index[string(key)]
	if !known {
		if len(t.rows) == MaxPatterns {
			return fmt.Errorf("amplify: more than %d different rows; are the tasks numbers rather than classes?", MaxPatterns)
		}
		at = len(t.rows)
		t.index[string(key)] = at
		t.rows, t.n = append(t.rows, r), append(t.n, 0)
	}
	t.n[at] += n
	t.total += n
	return nil
}

// Cooccurrence counts rows by task and attribute, for [Zhao]: the true ones, or the predicted ones, where what the model
// does not predict is taken from the truth.
func (t *Table) Cooccurrence(predicted bool) Counts {
	c := Counts{Classes: t.Tasks, Groups: t.Attributes}
	for range t.Tasks {
		c.N = append(c.N, make([]int64, len(t.Attributes)))
	}
	for i, r := range t.rows {
		attributes, tasks := r.Attributes, r.Tasks
		if predicted && t.HasPredictedAttributes {
			attributes = r.PredictedAttributes
		}
		if predicted && t.HasPredictedTasks {
			tasks = r.PredictedTasks
		}
		for _, task := range tasks {
			for _, a := range attributes {
				c.N[task][a] += t.n[i]
			}
		}
	}
	return c
}
