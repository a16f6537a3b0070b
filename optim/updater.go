package optim

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Updater updates the parameters of a model as a Config says. It is not safe for concurrent use.
type Updater struct {
	config  Config
	groups  int
	params  []*param
	rows    []*row
	size    int // numbers in the input
	carried string
}

// param is a parameter with its state.
type param struct {
	*model.Variable
	slots []*model.Variable
	slow  *model.Variable // nil without Lookahead
	clock *model.Variable
	row   *row
	decay bool // whether weight decay applies
	adapt bool // whether rates by layer apply
}

// row is the parameters that share numbers of the input: one group, one rule, and updates so far in common.
type row struct {
	rowKey
	optimizer             Optimizer
	lrFactor, decayFactor float64
	momentum              float64 // zero means the group's
	decoupled             bool
	params                []*param
	first, scalars        int // place in the input of the optimizer's numbers; weight decay and Lookahead's follow
}

type rowKey struct {
	group, rule int   // rule is -1 where none matches
	clock       Clock // as the updater was made
}

// New makes the updater of groups of parameters, those nearest the input first, and its state in the store. What is
// there already, of an updater before, is treated as carry says; state that the new updater does not use is deleted, and
// executors that use it must be discarded: a store has one updater at a time. Parameters not in any group are left alone.
//
// The parameters must be trainable, float32 or float64, and have values.
func New(store *model.Store, c Config, groups [][]*model.Variable, carry Carry) (*Updater, error) {
	if err := errors.Join(c.check(), carry.check(), checkGroups(groups)); err != nil {
		return nil, err
	}
	u := &Updater{config: c, groups: len(groups)}
	kinds := kindsOf(store)
	var keys []rowKey
	for i, group := range groups {
		for _, v := range group {
			p, rule := c.newParam(v, kinds[v])
			u.params = append(u.params, p)
			keys = append(keys, rowKey{group: i, rule: rule})
		}
	}
	state := newState(store, carry)
	for i, p := range u.params {
		clock, err := state.bind(p, c.optimizerOf(keys[i].rule), c.Lookahead.on())
		if err != nil {
			return nil, err
		}
		keys[i].clock = clock
	}
	if err := state.deleteRest(); err != nil {
		return nil, err
	}
	u.carried = state.String()
	u.arrange(keys)
	return u, nil
}

// newParam says which rule holds for a variable, -1 for none, and what follows from its rank.
func (c Config) newParam(v *model.Variable, kind Kind) (p *param, rule int) {
	full := c.DecayAll || kind == WeightKind
	p = &param{Variable: v, decay: full, adapt: full}
	for i, r := range c.Rules {
		if MatchPath(r.Path, v.Path()) && (r.Kind == AnyKind || r.Kind == kind) {
			p.decay = (full || r.DecayFactor != 0) && !r.NoDecay
			return p, i
		}
	}
	return p, -1
}

func (c Config) optimizerOf(rule int) Optimizer {
	if rule >= 0 && c.Rules[rule].Optimizer != nil {
		return c.Rules[rule].Optimizer
	}
	return c.Optimizer
}

// arrange puts each parameter into its row and the rows into the input.
func (u *Updater) arrange(keys []rowKey) {
	rows := map[rowKey]*row{}
	for i, p := range u.params {
		r := rows[keys[i]]
		if r == nil {
			r = u.newRow(keys[i])
			rows[keys[i]] = r
			u.rows = append(u.rows, r)
		}
		p.row = r
		r.params = append(r.params, p)
	}
}

func (u *Updater) newRow(key rowKey) *row {
	r := &row{rowKey: key, optimizer: u.config.optimizerOf(key.rule), lrFactor: 1, decayFactor: 1}
	if key.rule >= 0 {
		rule := u.config.Rules[key.rule]
		r.lrFactor, r.decayFactor, r.momentum = orOne(rule.LRFactor), orOne(rule.DecayFactor), rule.Momentum
	}
	r.decoupled = u.config.Decoupled || r.optimizer.Decoupled()
	_, numbers := r.optimizer.Step(Clock{Steps: 1, Beta1: 1, Beta2: 1}, Hyper{})
	r.first, r.scalars = u.size, len(numbers)
	u.size += r.scalars + 1
	if u.config.Lookahead.on() {
		u.size++
	}
	return r
}

func orOne(v float64) float64 {
	if v == 0 {
		return 1
	}
	return v
}

// checkGroups wants parameters that can be trained, each once.
func checkGroups(groups [][]*model.Variable) error {
	var errs []error
	seen := map[*model.Variable]bool{}
	for i, group := range groups {
		for _, v := range group {
			wrong := ""
			switch {
			case v.CheckValid() != nil:
				errs = append(errs, fmt.Errorf("optim: group %d has an invalid variable", i))
				continue
			case seen[v]:
				wrong = "is in the groups twice"
			case !v.Trainable:
				wrong = "is not trainable"
			case v.DType() != dtypes.Float32 && v.DType() != dtypes.Float64:
				wrong = "is not float32 or float64"
			case !v.HasValue():
				wrong = "has no value: initialize the store's variables first"
			case strings.HasPrefix(v.Path(), stateScope):
				wrong = "is state of an optimizer"
			}
			if seen[v] = true; wrong != "" {
				errs = append(errs, fmt.Errorf("optim: group %d: %s %s %s", i, v.Path(), v.Shape(), wrong))
			}
		}
	}
	if len(seen) == 0 {
		errs = append(errs, errors.New("optim: there are no parameters"))
	}
	return errors.Join(errs...)
}

// Params lists the parameters in the order in which Apply wants their gradients.
func (u *Updater) Params() []*model.Variable {
	all := make([]*model.Variable, len(u.params))
	for i, p := range u.params {
		all[i] = p.Variable
	}
	return all
}

// State lists all variables that hold state: saving and restoring them does so to the updater.
func (u *Updater) State() []*model.Variable {
	var all []*model.Variable
	for _, p := range u.params {
		all = append(append(all, p.slots...), p.clock)
		if p.slow != nil {
			all = append(all, p.slow)
		}
	}
	return all
}

// Carried says what became of the state that was there before.
func (u *Updater) Carried() string { return u.carried }

// InputShape is the shape of the step's input for hyper-parameters.
func (u *Updater) InputShape() shapes.Shape { return shapes.Make(dtypes.Float32, u.size) }

// Input makes the input of the next step from the hyper-parameters of each group, and advances the clocks. Every input
// is for one step: what is not fed must be undone by restoring State.
func (u *Updater) Input(h []Hyper) (*tensors.Tensor, error) {
	if len(h) != u.groups {
		return nil, fmt.Errorf("optim: hyper-parameters of %d groups, want %d", len(h), u.groups)
	}
	for i := range h {
		if err := h[i].check(); err != nil {
			return nil, named(fmt.Sprintf("group %d", i), err)
		}
	}
	input := make([]float32, 0, u.size)
	clocks := make([]Clock, len(u.rows))
	for i, r := range u.rows {
		before, err := r.readClock()
		if err != nil {
			return nil, err
		}
		var numbers []float64
		clocks[i], numbers = u.numbers(r, before, h[r.group])
		for _, v := range numbers {
			input = append(input, float32(v))
		}
	}
	for i, r := range u.rows {
		for _, p := range r.params {
			if err := writeClock(p.clock, clocks[i]); err != nil {
				return nil, err
			}
		}
	}
	return tensors.FromFlatDataAndDimensions(input, len(input)), nil
}

// numbers are a row's in the input: the optimizer's, the weight decay, and Lookahead's if that is on.
func (u *Updater) numbers(r *row, before Clock, h Hyper) (Clock, []float64) {
	h.LR *= r.lrFactor
	h.WeightDecay *= r.decayFactor
	if r.momentum != 0 {
		h.Momentum = r.momentum
	}
	before.Steps++
	after, numbers := r.optimizer.Step(before, h)
	decay := h.WeightDecay
	if r.decoupled {
		decay *= h.LR
	}
	numbers = append(numbers, decay)
	if u.config.Lookahead.on() {
		numbers = append(numbers, u.config.Lookahead.synchronizes(after.Steps))
	}
	return after, numbers
}

func (h Hyper) check() error {
	return errors.Join(atLeast0("LR", h.LR), below1("Momentum", h.Momentum), below1("Beta2", h.Beta2),
		atLeast0("WeightDecay", h.WeightDecay))
}

// Gradients differentiates a scalar loss by the parameters, in Apply's order. It is graph-building.
func (u *Updater) Gradients(loss *Node) []*Node {
	weights := make([]*Node, len(u.params))
	for i, p := range u.params {
		weights[i] = p.NodeValue(loss)
	}
	return Gradient(loss, weights...)
}

// Apply sets parameters and state to their values after the step: hyper is the input that Input makes, gradients are in
// the order of Params. It returns the norm of all gradients together before clipping, a scalar. It is graph-building.
func (u *Updater) Apply(hyper *Node, gradients []*Node) (gradNorm *Node) {
	if !hyper.Shape().Equal(u.InputShape()) {
		exceptions.Panicf("optim: hyper-parameters are %s, want %s", hyper.Shape(), u.InputShape())
	}
	if len(gradients) != len(u.params) {
		exceptions.Panicf("optim: %d gradients of %d parameters", len(gradients), len(u.params))
	}
	for i, p := range u.params {
		if !gradients[i].Shape().Equal(p.Shape()) {
			exceptions.Panicf("optim: gradient %s of %s %s", gradients[i].Shape(), p.Path(), p.Shape())
		}
	}
	numbers := make([]*Node, u.size)
	for i := range numbers {
		numbers[i] = Reshape(Slice(hyper, AxisRange(i, i+1)))
	}
	for i, g := range u.config.Clip.apply(gradients) {
		u.update(u.params[i], g, numbers)
	}
	return globalNorm(gradients)
}

// update sets one parameter and its slots.
func (u *Updater) update(p *param, gradient *Node, numbers []*Node) {
	r, weight := p.row, p.NodeValue(gradient)
	number := func(i int) *Node { return ConvertDType(numbers[r.first+i], p.DType()) }
	x := Param{Weight: weight, Gradient: gradient, Adapt: p.adapt}
	for i := range r.scalars {
		x.Scalars = append(x.Scalars, number(i))
	}
	if p.decay && !r.decoupled {
		x.Decay = number(r.scalars)
	}
	for _, s := range p.slots {
		x.Slots = append(x.Slots, s.NodeValue(gradient))
	}
	step, slots := r.optimizer.Update(x)
	if p.decay && r.decoupled {
		// Added to the step first: lr·decay alone may be less than the rounding of the weight.
		step = Add(step, Mul(number(r.scalars), weight))
	}
	weight = Sub(weight, step)
	if p.slow != nil {
		var slow *Node
		weight, slow = u.config.Lookahead.apply(number(r.scalars+1), weight, p.slow.NodeValue(gradient))
		p.slow.SetNodeValue(slow)
	}
	p.SetNodeValue(weight)
	for i, s := range p.slots {
		s.SetNodeValue(slots[i])
	}
}
