// Package ir is the backend's graph: what the builder captures, the passes rewrite and the executor runs.
//
// A [Func] is a list of [Node] in topological order. A node has one operation, inputs that are outputs of earlier
// nodes of the same function, and static arguments in Attr, one struct type per family of operations (attr.go).
// A closure never refers to a value of its parent directly: what it captures becomes an extra parameter of the
// closure and an extra input of the node that runs it, so that every function can be compiled on its own.
package ir

import (
	"fmt"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
)

// Op is an operation: GoMLX's own, or one of those below that only passes introduce.
type Op int

// The operations that passes introduce, above GoMLX's.
const (
	// OpFused runs an elementwise program over one iteration space, optionally ending in reductions; Attr is a
	// *fused.Program whose inputs and outputs are the node's.
	OpFused Op = Op(compute.OpTypeLast) + 1 + iota
	// OpConv is a float32 convolution in canonical layout; Attr is a ConvolutionAttr. Inputs are the two tensors the form
	// reads (x, k; dy, k; x, dy), then the inputs of the epilogue after its first.
	OpConv
	// OpMatMul is a batched matrix product in canonical layout (MatMulAttr).
	OpMatMul
	// OpSyrk is XᵀX of one operand, computed once per symmetric pair (MatMulAttr with both inputs equal).
	OpSyrk
	// OpPool folds the windows of a float32 image in canonical layout, or is the gradient of that; Attr is a PoolAttr.
	OpPool
)

var internalOpNames = map[Op]string{OpFused: "Fused", OpConv: "Conv", OpMatMul: "MatMul", OpSyrk: "Syrk", OpPool: "Pool"}

func (o Op) String() string {
	if s, ok := internalOpNames[o]; ok {
		return s
	}
	return compute.OpType(o).String()
}

// Value is one output of a node.
type Value struct {
	Node *Node
	Out  int
}

// Shape of the value.
func (v Value) Shape() shapes.Shape { return v.Node.Shapes[v.Out] }

func (v Value) String() string {
	if len(v.Node.Shapes) == 1 {
		return fmt.Sprintf("%%%d", v.Node.ID)
	}
	return fmt.Sprintf("%%%d.%d", v.Node.ID, v.Out)
}

// Node is one operation of a function.
type Node struct {
	ID     int // position in Func.Nodes; Func.Renumber restores that after a rewrite
	Op     Op
	Inputs []Value
	Shapes []shapes.Shape // of the outputs
	Attr   any            // static arguments, nil where the operation has none
	// Calls are the functions this node runs: While {cond, body}, If {true, false}, Sort {comparator}, Call {callee}.
	// Inputs are then the node's own operands followed by the captured values of each function in turn, in the
	// order of Func.Captures.
	Calls []*Func
}

// Value returns output i.
func (n *Node) Value(i int) Value { return Value{n, i} }

func (n *Node) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%%%d = %s(", n.ID, n.Op)
	for i, in := range n.Inputs {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(in.String())
	}
	b.WriteString(")")
	for _, s := range n.Shapes {
		b.WriteString(" " + s.String())
	}
	if s, ok := n.Attr.(fmt.Stringer); ok {
		b.WriteString(" " + s.String())
	} else if _, isConst := n.Attr.(ConstantAttr); n.Attr != nil && !isConst {
		fmt.Fprintf(&b, " %+v", n.Attr)
	}
	return b.String()
}

// Func is a function: main, a named function, or a closure.
type Func struct {
	Name   string
	Parent *Func // of a closure, at build time
	// Params are the parameter nodes in order: declared ones first, then one per captured value.
	Params []*Node
	// Captures are the parent's values bound to the last len(Captures) parameters.
	Captures []Value
	Nodes    []*Node // topological order; parameters included
	Outputs  []Value
}

// Add appends a node and returns it.
func (f *Func) Add(op Op, attr any, inputs []Value, out ...shapes.Shape) *Node {
	n := &Node{ID: len(f.Nodes), Op: op, Attr: attr, Inputs: inputs, Shapes: out}
	f.Nodes = append(f.Nodes, n)
	return n
}

// Renumber makes every node's ID its position in Nodes.
func (f *Func) Renumber() {
	for i, n := range f.Nodes {
		n.ID = i
	}
}

// Uses counts, per node ID and output, how often each value is read; the function's outputs count as reads.
func (f *Func) Uses() [][]int {
	uses := make([][]int, len(f.Nodes))
	for i, n := range f.Nodes {
		uses[i] = make([]int, len(n.Shapes))
	}
	for _, n := range f.Nodes {
		for _, in := range n.Inputs {
			uses[in.Node.ID][in.Out]++
		}
	}
	for _, out := range f.Outputs {
		uses[out.Node.ID][out.Out]++
	}
	return uses
}

// Replace makes every reader of a value named in the map read its replacement instead.
func (f *Func) Replace(with map[Value]Value) {
	if len(with) == 0 {
		return
	}
	final := func(v Value) Value {
		for {
			w, ok := with[v]
			if !ok {
				return v
			}
			v = w
		}
	}
	for _, n := range f.Nodes {
		for i, in := range n.Inputs {
			n.Inputs[i] = final(in)
		}
	}
	for i, out := range f.Outputs {
		f.Outputs[i] = final(out)
	}
}

// String prints the function, one node a line.
func (f *Func) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "func %s:\n", f.Name)
	for _, n := range f.Nodes {
		fmt.Fprintf(&b, "  %s\n", n)
	}
	fmt.Fprintf(&b, "  return %v\n", f.Outputs)
	return b.String()
}
