package amplify

import (
	"errors"
	"fmt"
	"slices"

	"github.com/atelier-go/atelier/audit"
)

// A Pair is one pair of attribute and task in [DirectionalResult].
type Pair struct {
	Attribute string `json:"attribute"`
	Task      string `json:"task"`
	// Sign is 1 where attribute and task go together more often than if they were independent, -1 where less often.
	Sign int `json:"sign"`
	// True and Predicted are the shares with the effect, of N rows with the cause. From attribute to task: of those with
	// the attribute, how many have the task, and how many are predicted to.
	True      float64 `json:"true"`
	Predicted float64 `json:"predicted"`
	N         int64   `json:"n"`
	// Amplification is Sign·(Predicted - True).
	Amplification audit.Estimate `json:"amplification"`
}

// DirectionalResult is the amplification of Wang and Russakovsky (2021) in one direction.
type DirectionalResult struct {
	Direction string         `json:"direction"` // "attribute to task" or "task to attribute"
	Mean      audit.Estimate `json:"mean"`      // over the pairs
	Pairs     []Pair         `json:"pairs"`
	// Independent is how many of the pairs are exactly independent and contribute 0. Empty is how many pairs were left out
	// because no row has the cause.
	Independent int `json:"independent"`
	Empty       int `json:"empty"`
}

// AttributeToTask says whether tasks are predicted more often for those whose attribute went with them:
//
//	1/(|A||T|) · Σ sign(P(A,T) - P(A)P(T)) · (P(T^|A) - P(T|A))
//
// Pairs that are exactly independent contribute 0, and those without rows are left out of the mean, as in the program
// published with the paper. The interval of a pair is that of Bonett and Price (2012) for paired shares, of the mean a
// bootstrap over different rows with the signs held fixed.
func (t *Table) AttributeToTask(o Options) (*DirectionalResult, error) {
	if !t.HasPredictedTasks {
		return nil, errors.New("amplify: from attribute to task: the table has no predicted tasks")
	}
	return t.directional(o, true)
}

// TaskToAttribute says whether attributes are predicted more often for those with a task that went with them. It is
// [Table.AttributeToTask] with the two exchanged.
func (t *Table) TaskToAttribute(o Options) (*DirectionalResult, error) {
	if !t.HasPredictedAttributes {
		return nil, errors.New("amplify: from task to attribute: the table has no predicted attributes")
	}
	return t.directional(o, false)
}

func (t *Table) directional(o Options, toTask bool) (*DirectionalResult, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	if t.total == 0 {
		return nil, errors.New("amplify: the table has no rows")
	}
	train := t
	if o.Train != nil {
		train = o.Train
		if !slices.Equal(train.Attributes, t.Attributes) || !slices.Equal(train.Tasks, t.Tasks) {
			return nil, errors.New("amplify: the training table has other attributes or tasks")
		}
	}
	signs, err := train.signs(o.AsPublished)
	if err != nil {
		return nil, err
	}
	moves := t.moves(t.n, toTask, nil)
	r := &DirectionalResult{Direction: "task to attribute"}
	if toTask {
		r.Direction = "attribute to task"
	}
	for a, attribute := range t.Attributes {
		for k, task := range t.Tasks {
			m := moves.pair(a, k)
			if m.n == 0 {
				r.Empty++
				continue
			}
			sign := signs[a*len(t.Tasks)+k]
			if sign == 0 {
				r.Independent++
			}
			r.Pairs = append(r.Pairs, Pair{Attribute: attribute, Task: task, Sign: sign, N: m.n,
				True: float64(m.truth) / float64(m.n), Predicted: float64(m.truth+m.gained-m.lost) / float64(m.n),
				Amplification: paired(sign, m.gained, m.lost, m.n, o.Conf)})
		}
	}
	if len(r.Pairs) == 0 {
		return nil, fmt.Errorf("amplify: %s: no row has a cause", r.Direction)
	}
	if r.Mean, err = t.bootstrapDirectional(signs, toTask, o); err != nil {
		return nil, err
	}
	return r, nil
}

// signs returns for each pair [attribute][task] whether the two go together: 1, -1, or 0 where they are independent.
// Whole numbers are compared, so that independence is exact.
func (t *Table) signs(tasksOnly bool) ([]int, error) {
	var n int64
	attributes, tasks := make([]int64, len(t.Attributes)), make([]int64, len(t.Tasks))
	both := make([]int64, len(t.Attributes)*len(t.Tasks))
	for i, r := range t.rows {
		if len(r.Tasks) == 0 && (tasksOnly || len(r.Attributes) == 0) {
			continue
		}
		n += t.n[i]
		for _, a := range r.Attributes {
			attributes[a] += t.n[i]
			for _, k := range r.Tasks {
				both[a*len(t.Tasks)+k] += t.n[i]
			}
		}
		for _, k := range r.Tasks {
			tasks[k] += t.n[i]
		}
	}
	if n == 0 {
		return nil, errors.New("amplify: no row has a task or an attribute, so that none go together")
	}
	signs := make([]int, len(both))
	for a := range attributes {
		for k := range tasks {
			signs[a*len(tasks)+k] = compareProducts(both[a*len(tasks)+k], n, attributes[a], tasks[k])
		}
	}
	return signs, nil
}

// moves counts, for each cause and effect, how predictions differ from the truth.
type moves struct {
	toTask bool
	tasks  int
	cause  []int64 // rows with the cause
	// [attribute][task]: rows with the cause whose effect is true, is only predicted, is true but not predicted
	truth, gained, lost []int64
}

type move struct{ n, truth, gained, lost int64 }

func (m *moves) pair(a, k int) move {
	cause := k
	if m.toTask {
		cause = a
	}
	i := a*m.tasks + k
	return move{m.cause[cause], m.truth[i], m.gained[i], m.lost[i]}
}

// moves counts the rows, row i n[i] times, into into if it is not nil.
func (t *Table) moves(n []int64, toTask bool, into *moves) *moves {
	if into == nil {
		causes, pairs := len(t.Tasks), len(t.Tasks)*len(t.Attributes)
		if toTask {
			causes = len(t.Attributes)
		}
		into = &moves{toTask: toTask, tasks: len(t.Tasks), cause: make([]int64, causes), truth: make([]int64, pairs),
			gained: make([]int64, pairs), lost: make([]int64, pairs)}
	}
	clear(into.cause)
	clear(into.truth)
	clear(into.gained)
	clear(into.lost)
	for i, r := range t.rows {
		if n[i] == 0 {
			continue
		}
		causes, truth, predicted := r.Tasks, r.Attributes, r.PredictedAttributes
		if toTask {
			causes, truth, predicted = r.Attributes, r.Tasks, r.PredictedTasks
		}
		for _, c := range causes {
			into.cause[c] += n[i]
			into.count(c, truth, predicted, n[i])
		}
	}
	return into
}

// count adds n rows with cause c; truth and predicted are sorted.
func (m *moves) count(c int, truth, predicted []int, n int64) {
	at := func(effect int) int {
		if m.toTask {
			return c*m.tasks + effect
		}
		return effect*m.tasks + c
	}
	for _, e := range truth {
		m.truth[at(e)] += n
		if _, found := slices.BinarySearch(predicted, e); !found {
			m.lost[at(e)] += n
		}
	}
	for _, e := range predicted {
		if _, found := slices.BinarySearch(truth, e); !found {
			m.gained[at(e)] += n
		}
	}
}
