package autodiff

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"
)

// WithGradient returns y, a function of x of the same shape, with a gradient of the caller's choice: when the gradient v
// of the result arrives, x gets vjp(v), and the operations that y was made of are not differentiated. Use it where
// a shorter formula exists than the one that differentiating y step by step gives.
//
// What vjp returns is differentiated as usual when a second gradient is taken. It is right to every order if vjp is
// the true gradient and made of differentiable operations on v, x and nodes computed from x by ordinary operations (the
// intermediate results of y among them). If y depends on other nodes that need gradients vjp is not the place: they get
// none through y.
//
// It panics, as graph-building functions do, if the shapes differ.
func WithGradient(y, x *Node, vjp func(v *Node) *Node) *Node {
	Install()
	if !y.Shape().Equal(x.Shape()) {
		exceptions.Panicf("autodiff: WithGradient of %s with respect to %s: want the same shape", y.Shape(), x.Shape())
	}
	// A choice that always falls on y is an identity that has x as an input too; backends fold it away.
	g := y.Graph()
	choice := Where(Const(g, true), y, x)
	table, _ := g.State(customKey{}).(map[NodeId]func(*Node) *Node)
	if table == nil {
		table = map[NodeId]func(*Node) *Node{}
		g.AttachState(customKey{}, table)
	}
	table[choice.Id()] = vjp
	return choice
}

// customKey is the graph's state that holds the custom gradients by node.
type customKey struct{}

// whereGradient is the rule of Where(condition, a, b), and runs the custom gradients. Where rematerialization has copied
// a node its custom gradient is not known: y is then differentiated step by step, which is right too.
func whereGradient(node, v *Node) []*Node {
	table, _ := node.Graph().State(customKey{}).(map[NodeId]func(*Node) *Node)
	if vjp := table[node.Id()]; vjp != nil {
		return []*Node{nil, nil, vjp(v)}
	}
	condition, a, b := node.Inputs()[0], node.Inputs()[1], node.Inputs()[2]
	return []*Node{
		nil,
		unbroadcast(Where(condition, v, zeroOf(v)), a.Shape()),
		unbroadcast(Where(condition, zeroOf(v), v), b.Shape()),
	}
}
