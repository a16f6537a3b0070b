package autodiff

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"
)

// WithGradient returns y, a function of the given inputs, with a gradient of the caller's choice: when the gradient v of
// the result arrives, vjp is asked for the gradient of each input (nil for none), and the operations that y was made of
// are not differentiated. Use it where a shorter formula exists than the one that differentiating y step by step gives.
//
// What vjp returns is differentiated as usual when a second gradient is taken. It is right to every order if vjp is
// the true gradient and made of differentiable operations on v, the inputs and nodes computed from the inputs by
// ordinary operations (the intermediate results of y among them).
//
// It panics, as graph-building functions do, if y or an input is nil or if vjp returns another number of gradients.
func WithGradient(y *Node, inputs []*Node, vjp func(v *Node) []*Node) *Node {
	Install()
	// A barrier is the one operation of GoMLX that takes any number of inputs and returns one of them unchanged.
	barrier := SchedulingBarrier(y, inputs...)
	g := y.Graph()
	table, _ := g.State(customKey{}).(map[NodeId]func(*Node) []*Node)
	if table == nil {
		table = map[NodeId]func(*Node) []*Node{}
		g.AttachState(customKey{}, table)
	}
	table[barrier.Id()] = vjp
	return barrier
}

// customKey is the graph's state that holds the custom gradients of its barriers.
type customKey struct{}

// barrierGradient runs a barrier's custom gradient. A barrier without one (a scheduling barrier of the user's, or one
// that rematerialization copied) is the identity on its first input, whose own operations are then differentiated.
func barrierGradient(node, v *Node) []*Node {
	grads := make([]*Node, len(node.Inputs()))
	table, _ := node.Graph().State(customKey{}).(map[NodeId]func(*Node) []*Node)
	vjp := table[node.Id()]
	if vjp == nil {
		grads[0] = v
		return grads
	}
	given := vjp(v)
	if len(given) != len(grads)-1 {
		exceptions.Panicf("autodiff: the custom gradient of %s has %d results for %d inputs",
			node.Shape(), len(given), len(grads)-1)
	}
	copy(grads[1:], given)
	return grads
}
