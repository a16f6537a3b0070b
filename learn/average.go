package learn

import (
	"context"
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/nn"
)

// EMA is an exponential moving average of all weights and running statistics, moved after every step:
//
//	average ← d·average + (1-d)·weights, d = min(Decay, (1+t)/(10+t)) after t steps
//
// so that it does not remember the random weights of the start (as TensorFlow's ExponentialMovingAverage does).
type EMA struct {
	Decay float64 // from 0 to less than 1; zero means no average
}

// Check wants a decay from 0 to less than 1.
func (e EMA) Check() error {
	if !(e.Decay >= 0 && e.Decay < 1) {
		return fmt.Errorf("learn: the decay of the moving average is %v: want 0 to less than 1", e.Decay)
	}
	return nil
}

// SWA is stochastic weight averaging (Izmailov et al., 2018): the mean of the weights at the ends of some epochs. Batch
// norms' running statistics are not averaged but measured anew for the mean weights.
type SWA struct {
	// Start is the first epoch of the run, from 1, whose end enters the mean; zero means no averaging.
	Start int
	Cycle int // epochs between weights that enter; zero means 1
	Eval  int // epochs between measurements of the mean weights; zero means only when the run ends, or 1 where Config.Until is one of them
	// Clean is the data on which statistics are measured; nil means the training data with validation's transformations.
	Clean *data.Loader
	// Batches limits how many batches of it are used; zero means all.
	Batches int
}

// Check wants numbers that are not negative, and clean data that can be read.
func (s SWA) Check() error {
	if s.Start < 0 || s.Cycle < 0 || s.Eval < 0 || s.Batches < 0 {
		return fmt.Errorf("learn: weight averaging starts at epoch %d, every %d, measured every %d, with %d batches: "+
			"want numbers that are not negative", s.Start, s.Cycle, s.Eval, s.Batches)
	}
	if s.Clean != nil {
		return s.Clean.Check()
	}
	return nil
}

// takes tells whether the weights at the end of an epoch, from 1, enter the mean.
func (s SWA) takes(epoch int) bool {
	return s.Start > 0 && epoch >= s.Start && (epoch-s.Start)%max(1, s.Cycle) == 0
}

// measures tells whether the mean weights are measured at the end of an epoch.
func (s SWA) measures(epoch int, runEnds bool) bool {
	return runEnds || s.Eval > 0 && (epoch-s.Start)%s.Eval == 0
}

// ema builds the moving average into steps.
type ema struct {
	on   bool
	vars []*model.Variable // that are averaged
}

// makeShadows makes variables for averages under a path, with the present values.
func makeShadows(store *model.Store, path string, vars []*model.Variable) error {
	for _, v := range vars {
		if store.GetVariable(path+v.Path()) != nil {
			continue
		}
		value, err := cloneValue(v)
		if err != nil {
			return err
		}
		shadow, err := store.CreateVariable(path+v.Path(), value)
		if err != nil {
			return err
		}
		shadow.SetTrainable(false)
	}
	return nil
}

func cloneValue(v *model.Variable) (*tensors.Tensor, error) {
	value, err := v.Value()
	if err != nil {
		return nil, err
	}
	return value.Clone()
}

// build moves the averages in the graph of a step, after its updates.
func (e *ema) build(store *model.Store, decay *graph.Node) {
	if !e.on {
		return
	}
	for _, v := range e.vars {
		shadow, g := store.GetVariable(emaPath+v.Path()), decay.Graph()
		old, now := shadow.NodeValue(g), v.NodeValue(g)
		shadow.SetNodeValue(graph.Add(now, graph.Mul(decay, graph.Sub(old, now))))
	}
}

// decay of the average in the step after t steps.
func (e EMA) decay(t int) float64 {
	return min(e.Decay, (1+float64(t))/(10+float64(t)))
}

// addToMean moves the mean of n weights to that of n+1.
func (l *Learner) addToMean(n int) error {
	if err := makeShadows(l.store, swaPath, l.params.all()); err != nil {
		return err
	}
	exec, err := model.NewExec(l.config.Backend, l.store, func(scope *model.Scope, weight *graph.Node) *graph.Node {
		for _, v := range l.params.all() {
			shadow := l.store.GetVariable(swaPath + v.Path())
			old, now := shadow.NodeValue(weight.Graph()), v.NodeValue(weight.Graph())
			shadow.SetNodeValue(graph.Add(old, graph.Mul(weight, graph.Sub(now, old))))
		}
		return weight
	})
	if err != nil {
		return err
	}
	defer exec.Finalize()
	out, err := exec.Exec(float32(1 / float64(n+1)))
	finalizeAll(out)
	return err
}

// weights gives a store with the asked weights under the model's own paths. done frees what was made for it.
func (l *Learner) weights(ctx context.Context, w Weights) (store *model.Store, done func(), err error) {
	switch w {
	case Raw:
		return l.store, func() {}, nil
	case EMAWeights:
		if !l.ema.on {
			return nil, nil, fmt.Errorf("learn: there is no moving average of the weights: the configuration asks for none")
		}
		store, err = l.copyOf(emaPath)
	case SWAWeights:
		if l.state.Averaged == 0 {
			return nil, nil, fmt.Errorf("learn: there are no averaged weights yet")
		}
		if store, err = l.copyOf(swaPath); err == nil {
			err = l.calibrate(ctx, store)
		}
	default:
		return nil, nil, fmt.Errorf("learn: unknown weights %v", w)
	}
	if err != nil {
		return nil, nil, err
	}
	return store, store.Finalize, nil
}

// copyOf copies the model's variables into a new store, those that have a shadow under path from there.
func (l *Learner) copyOf(path string) (*model.Store, error) {
	store := model.NewStore()
	for _, v := range append(l.params.all(), l.params.others...) {
		from := v
		if shadow := l.store.GetVariable(path + v.Path()); shadow != nil {
			from = shadow
		}
		value, err := cloneValue(from)
		if err != nil {
			return nil, err
		}
		if _, err := store.CreateVariable(v.Path(), value); err != nil {
			return nil, err
		}
		store.GetVariable(v.Path()).SetTrainable(false)
	}
	// Batch norms of layers that stay as they are keep their statistics.
	for _, group := range l.learningBehind() {
		for _, v := range group {
			store.GetVariable(v.Path()).SetTrainable(true)
		}
	}
	return store, nil
}

// calibrate measures the running statistics of the batch norms in store: mean and variance over the whole of the clean
// data, of activations that are normalised batch by batch. They follow from those of the batches (sizes n, means m,
// biased variances v) without loss: N·V = Σ n·v + Σ n·(m-M)². The second sum is what the mean of the batches' variances
// leaves out. V is the biased variance, which at the size of a data set differs from the unbiased one by 1/N.
func (l *Learner) calibrate(ctx context.Context, store *model.Store) error {
	moments := pooledMoments(store)
	if len(moments) == 0 {
		return nil
	}
	store.SetParam("/"+nn.ParamCalibrate, true)
	defer store.SetParam("/"+nn.ParamCalibrate, false) // the weights are measured in inference mode next
	exec, err := model.NewExec(l.config.Backend, store, func(scope *model.Scope, x *graph.Node) *graph.Node {
		scope.Store().SetTraining(x.Graph(), true)
		return graph.ReduceAllSum(l.config.Model.Forward(scope, x))
	})
	if err != nil {
		return err
	}
	defer exec.Finalize()
	loader := l.clean()
	feed := newFeed(l)
	defer feed.finalize()
	batches := loader.StepsPerEpoch()
	if l.config.SWA.Batches > 0 {
		batches = min(batches, l.config.SWA.Batches)
	}
	err = eachBatch(ctx, loader, batches, func(b *data.Batch) error {
		pictures, _, _, err := feed.batch(b)
		if err != nil {
			return err
		}
		out, err := exec.Exec(pictures)
		finalizeAll(out)
		if err != nil {
			return err
		}
		for _, m := range moments {
			if err := m.add(float64(b.N)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, m := range moments {
		if err := m.set(); err != nil {
			return err
		}
	}
	return nil
}

// phaseBehind is the phase of the last step done.
func (l *Learner) phaseBehind() int { return l.plan.phaseOf(max(0, l.state.Step-1)) }

// learningBehind are the parameters that learnt in the last step done, by layer group.
func (l *Learner) learningBehind() [][]*model.Variable {
	i := l.phaseBehind()
	k := max(0, l.state.Step-1) - l.plan.runs[i].start
	return l.params.learning(l.plan.phases[i].Freeze, l.plan.frozen(i, k))
}

// clean is the data for statistics.
func (l *Learner) clean() *data.Loader {
	if l.config.SWA.Clean != nil {
		return l.config.SWA.Clean
	}
	return l.plan.phases[l.phaseBehind()].Data.clean()
}

// moment pools the statistics of one batch norm. Batches are weighed by their pictures, each of which has as many values
// of a channel as any other.
type moment struct {
	mean, variance *model.Variable
	n              float64
	means, squares []float64 // the mean of what was added, and the sum of squares about it
}

// pooledMoments finds the batch norms of a store by the names of their variables.
func pooledMoments(store *model.Store) []*moment {
	var found []*moment
	for v := range store.IterVariables() {
		if v.Name() != "running_mean" {
			continue
		}
		scope, _ := model.SplitPath(v.Path())
		if variance := store.GetVariable(model.JoinPath(scope, "running_var")); variance != nil {
			found = append(found, &moment{mean: v, variance: variance})
		}
	}
	return found
}

// add takes the statistics that a batch of n pictures left in the variables.
func (m *moment) add(n float64) error {
	mean, err := floats(m.mean)
	if err != nil {
		return err
	}
	variance, err := floats(m.variance)
	if err != nil {
		return err
	}
	if m.means == nil {
		m.means, m.squares = make([]float64, len(mean)), make([]float64, len(mean))
	}
	total := m.n + n
	for c := range mean {
		delta := mean[c] - m.means[c]
		m.squares[c] += n*variance[c] + delta*delta*m.n*n/total
		m.means[c] += delta * n / total
	}
	m.n = total
	return nil
}

// set writes the pooled statistics into the variables.
func (m *moment) set() error {
	variance := make([]float64, len(m.squares))
	for c := range variance {
		variance[c] = m.squares[c] / m.n
	}
	if err := setFloats(m.mean, m.means); err != nil {
		return err
	}
	return setFloats(m.variance, variance)
}

func floats(v *model.Variable) ([]float64, error) {
	value, err := v.Value()
	if err != nil {
		return nil, err
	}
	var out []float64
	err = tensors.ConstFlatData(value, func(flat []float32) {
		for _, x := range flat {
			out = append(out, float64(x))
		}
	})
	return out, err
}

func setFloats(v *model.Variable, values []float64) error {
	flat := make([]float32, len(values))
	for i, x := range values {
		if math.IsNaN(x) {
			return fmt.Errorf("learn: the statistics of %s are not a number: the averaged weights have diverged", v.Path())
		}
		flat[i] = float32(x)
	}
	return v.SetValue(tensors.FromFlatDataAndDimensions(flat, len(flat)))
}
