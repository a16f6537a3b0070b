package optim

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Hyper is the hyper-parameters of one group of parameters at one step.
type Hyper struct {
	LR          float64 `json:"lr"`           // learning rate, ≥ 0
	Momentum    float64 `json:"momentum"`     // in [0, 1); also beta1 of Adam and its kin. Zero is zero
	Beta2       float64 `json:"beta2"`        // of Adam and its kin, and alpha of RMSProp, in [0, 1); zero means the optimizer's default
	WeightDecay float64 `json:"weight_decay"` // ≥ 0
}

// Optimizer is an update rule for one parameter w with gradient g: w ← w - step. Implementations are plain structs of
// settings, which are compiled into the step; zero values mean the documented defaults.
type Optimizer interface {
	// Name is the name of the state: state is kept between optimizers of the same name (see Carry).
	Name() string
	// Slots are the tensors of the parameter's shape that are kept from step to step.
	Slots() []Slot
	// Check says what is wrong with the settings, naming field and value; nil if nothing.
	Check() error
	// Decoupled says that weight decay is never part of the gradient, whatever Config.Decoupled says.
	Decoupled() bool
	// Step brings the clock of a parameter up to date, in which Steps counts the step already, and computes the numbers
	// that Update needs of the hyper-parameters. Their count is always the same.
	Step(c Clock, h Hyper) (Clock, []float64)
	// Update builds the step to subtract from the weight, and the new slots. It is graph-building: it panics on errors.
	Update(p Param) (step *Node, slots []*Node)
}

// Slot is a tensor of state per parameter; it starts as zeros.
type Slot struct {
	Name string
}

// Clock is what a parameter's updates so far mean for its next: how many there were, and the products of the betas used
// in them. Scheduled betas change, so the bias of an average that started as 0 is the product of all, not a power of
// the last.
type Clock struct {
	Steps        int
	Beta1, Beta2 float64 // products over all steps; 1 before the first
}

// Param is one parameter inside the graph of a step.
type Param struct {
	Weight   *Node
	Gradient *Node   // clipped; without weight decay
	Decay    *Node   // weight decay to couple into the step, a scalar; nil means none
	Scalars  []*Node // what Optimizer.Step computed
	Slots    []*Node // in the order of Optimizer.Slots
	Adapt    bool    // whether layer-wise rates apply; not to biases and norms
}

// Regularized is the gradient of the loss and of ½·decay·‖w‖².
func (p Param) Regularized() *Node {
	if p.Decay == nil {
		return p.Gradient
	}
	return Add(p.Gradient, Mul(p.Decay, p.Weight))
}
