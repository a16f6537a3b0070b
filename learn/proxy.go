package learn

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/safetensors"
)

// Proxy is a small model that trains beside the one that counts and chooses what that one trains on: of every batch the
// examples on which its own losses are highest. Most of what a batch could teach a large model is then learnt for a part
// of the work (Jordan, 2024: the data filtering of airbench96_faster, with half of the batch, and a proxy that trains in
// one step of four, all of it before the large model begins; here the two train side by side).
//
// The proxy trains on what it chooses too, with the phases' optimizers, rules and hyper-parameters, which are those of the
// last layer group. Nothing of it is ever frozen (the original's never trains the bias of its whitening), it has no averages,
// and its weights are in checkpoints alone.
//
// Metrics of training are then those of hard examples. Phases that accumulate batches cannot have a proxy.
type Proxy struct {
	Model Model   // whose Forward is nil where there is no proxy; it has a Prepare and no Groups
	Keep  float64 // the part of a batch that is chosen, above 0 and at most 1; at least one example is
	Every int     // steps in which the proxy trains once, and only looks in the others; zero means 1
}

func (p Proxy) on() bool { return p.Model.Forward != nil }

// Check wants a part of a batch, and a number of steps.
func (p Proxy) Check() error {
	switch {
	case !p.on() && (p.Keep != 0 || p.Every != 0):
		return errors.New("learn: proxy: the model is missing")
	case !p.on():
		return nil
	case !(p.Keep > 0 && p.Keep <= 1):
		return fmt.Errorf("learn: proxy: keep is %v: want the part of a batch that is trained on, above 0 and at most 1", p.Keep)
	case p.Every < 0:
		return fmt.Errorf("learn: proxy: every is %d: want a number of steps that is not negative", p.Every)
	}
	return nil
}

// Chosen is how many examples of a batch of n are trained on.
func (p Proxy) Chosen(n int) int { return max(1, int(math.Round(p.Keep*float64(n)))) }

// Trains tells whether the proxy itself trains in a step of the run, which count from 0.
func (p Proxy) Trains(step int) bool { return step%max(1, p.Every) == 0 }

// proxyPath is where a checkpoint has the proxy's variables.
const proxyPath = "/proxy"

// chooser is a proxy at work. Its learner has the proxy's weights, and the run's plan without freezing and layer groups.
type chooser struct {
	*Learner
	proxy       Proxy
	phase       int
	look, train *model.Exec // of the phase
}

// newChooser makes the proxy's weights, which are those of the run's seed.
func newChooser(l *Learner) (*chooser, error) {
	phases := l.plan.Phases()
	var problems []error
	for i := range phases {
		p := &phases[i]
		if p.accumulate() > 1 {
			problems = append(problems, &PhaseError{i, p.Name, fmt.Sprintf("accumulates %d batches beside a proxy, which chooses from one: want larger batches", p.Accumulate)})
		}
		p.Freeze, p.FreezeAfter, p.LRScale = 0, nil, nil
		p.Plateau = nil // the run's, whose factor is in what its steps hand the proxy
		p.LR, p.Momentum, p.Beta2, p.WeightDecay = p.LR.last(), p.Momentum.last(), p.Beta2.last(), p.WeightDecay.last()
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	plan, err := NewPlan(phases, nil, 1)
	if err != nil {
		return nil, fmt.Errorf("learn: proxy: %w", err)
	}
	p := l.config.Proxy
	p.Model.Groups = nil
	c := &chooser{proxy: p, Learner: &Learner{plan: plan, config: Config{
		Backend: l.config.Backend, Model: p.Model, Loss: l.config.Loss, Seed: l.config.Seed,
	}}}
	c.feed = newFeed(c.Learner)
	if err := c.build(); err != nil {
		return nil, fmt.Errorf("learn: proxy: %w", err)
	}
	return c, nil
}

// build makes and prepares the weights, if the model takes the pictures.
func (c *chooser) build() error {
	if err := c.reset(); err != nil {
		return err
	}
	if err := c.checkSizes(false); err != nil { // a proxy is never validated
		return err
	}
	return c.prepare()
}

// last are the schedules of the last layer group.
func (v Values) last() Values { return v[max(0, len(v)-1):] }

// enter makes the updater and the compiled steps of phase i, if they are not there.
func (c *chooser) enter(i int, carry optim.Carry) error {
	if c.look != nil && c.phase == i {
		return nil
	}
	phase := &c.plan.phases[i]
	u, err := optim.New(c.store, phase.updaterConfig(), c.params.freeze(0, nil), carry)
	if err != nil {
		return fmt.Errorf("learn: proxy: %w", err)
	}
	c.leave()
	c.phase = i
	c.trainer = &trainer{learner: c.Learner, updater: u}
	if c.look, err = model.NewExec(c.config.Backend, c.store, c.buildLook); err != nil {
		return err
	}
	c.look.SetMaxCache(maxShapes)
	if c.train, err = model.NewExec(c.config.Backend, c.store, c.buildTrain); err != nil {
		return err
	}
	c.train.SetMaxCache(maxShapes)
	return nil
}

// leave frees the compiled steps.
func (c *chooser) leave() {
	for _, e := range []*model.Exec{c.look, c.train} {
		if e != nil {
			e.Finalize()
		}
	}
	c.look, c.train = nil, nil
}

// close frees what the proxy has of the backend.
func (c *chooser) close() {
	c.leave()
	c.Close()
}

// buildLook is the losses [N] of a batch, whose own statistics the norms take. Its inputs are unpack's without numbers.
func (c *chooser) buildLook(scope *model.Scope, inputs []*graph.Node) *graph.Node {
	in := stepInputs{pictures: inputs[0], labels: inputs[1]}
	if len(inputs) == 4 {
		in.mixed, in.lambda = inputs[2], inputs[3]
	}
	losses, _ := c.trainer.forward(scope, in)
	return losses
}

// buildTrain is the losses [N] too, and a step by the mean of the highest.
func (c *chooser) buildTrain(scope *model.Scope, inputs []*graph.Node) *graph.Node {
	in := unpack(inputs)
	losses, _ := c.trainer.forward(scope, in)
	n := c.proxy.Chosen(losses.Shape().Dim(0))
	chosen := graph.Where(highest(losses, n), losses, graph.ZerosLike(losses))
	loss := graph.MulScalar(graph.ReduceAllSum(chosen), 1/float64(n))
	c.trainer.updater.Apply(in.hyper, c.trainer.updater.Gradients(loss))
	return losses
}

// highest marks the n highest of x [N]; of equal ones the first.
func highest(x *graph.Node, n int) *graph.Node {
	const block = 256 // are compared with all at once
	size := x.Shape().Dim(0)
	var ranks []*graph.Node
	for from := 0; from < size; from += block {
		ranks = append(ranks, above(x, from, min(block, size-from)))
	}
	rank := ranks[0]
	if len(ranks) > 1 {
		rank = graph.Concatenate(ranks, 0)
	}
	return graph.LessThan(rank, graph.Scalar(x.Graph(), dtypes.Int32, n))
}

// above counts, for count elements of x [N] from one on, how many are higher, or as high and before them.
func above(x *graph.Node, from, count int) *graph.Node {
	mine := graph.ExpandAxes(graph.Slice(x, graph.AxisRange(from, from+count)), 1) // [count 1]
	other := graph.ExpandAxes(x, 0)                                                // [1 N]
	square := shapes.Make(dtypes.Int32, count, x.Shape().Dim(0))
	index := graph.AddScalar(graph.Iota(x.Graph(), square, 0), from)
	before := graph.LessThan(graph.Iota(x.Graph(), square, 1), index)
	higher := graph.LogicalOr(graph.GreaterThan(other, mine), graph.LogicalAnd(graph.Equal(other, mine), before))
	return graph.ReduceSum(graph.ConvertDType(higher, dtypes.Int32), 1)
}

// tensors are the proxy's variables as a checkpoint names them.
func (c *chooser) tensors() ([]safetensors.Tensor, error) {
	all, err := c.tensorsOf(func(*model.Variable) bool { return true })
	for i := range all {
		all[i].Name = proxyPath + all[i].Name
	}
	return all, err
}

// divide parts a checkpoint's tensors into those of the model that is trained and those of its proxy, by their own names.
func divide(all []safetensors.Tensor) (mine, proxys []safetensors.Tensor) {
	for _, t := range all {
		if name, its := strings.CutPrefix(t.Name, proxyPath+"/"); its {
			t.Name = "/" + name
			proxys = append(proxys, t)
		} else {
			mine = append(mine, t)
		}
	}
	return mine, proxys
}

// choose leaves in a batch what the model is to train on; the proxy may have moved afterwards. Losses that are no numbers
// diverged tells of, and what is left in the batch then is of no use.
func (c *chooser) choose(pos Position, b *data.Batch, index uint64, h optim.Hyper) (diverged bool, err error) {
	if err := c.store.SetRNGStateFromSeed(stepSeed(c.config.Seed, pos.Phase, index)); err != nil {
		return false, err
	}
	out, err := c.losses(b, h, c.proxy.Trains(pos.Step))
	if err != nil {
		return false, fmt.Errorf("proxy: %w", err)
	}
	defer out.FinalizeAll()
	err = tensors.ConstFlatData(out, func(losses []float32) {
		diverged = slices.ContainsFunc(losses, func(v float32) bool { return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) })
		b.Keep(indicesOfHighest(losses, c.proxy.Chosen(b.N)))
	})
	return diverged, err
}

// losses are those of a batch [N], before the proxy trains on it if it is to.
func (c *chooser) losses(b *data.Batch, h optim.Hyper, train bool) (*tensors.Tensor, error) {
	if !train {
		pictures, labels, mixed, err := c.feed.batch(b)
		if err != nil {
			return nil, err
		}
		args := []any{pictures, labels}
		for _, m := range mixed {
			args = append(args, m)
		}
		return c.look.Call1(args...)
	}
	hyper, err := c.trainer.updater.Input([]optim.Hyper{h})
	if err != nil {
		return nil, err
	}
	defer hyper.FinalizeAll()
	args, err := c.feed.inputs(b, hyper, 1, 0)
	if err != nil {
		return nil, err
	}
	return c.train.Call1(args...)
}

// indicesOfHighest are those of the n highest of x in rising order; of equal ones the first.
func indicesOfHighest(x []float32, n int) []int {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(x[j], x[i]) })
	chosen := order[:n]
	slices.Sort(chosen)
	return chosen
}
