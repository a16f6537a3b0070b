package pass

import (
	"hash/maphash"
	"reflect"

	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/gomlx/compute"
)

// neverMerged are operations that must stay as many as they are written, besides those that run functions.
var neverMerged = map[ir.Op]bool{
	op(compute.OpTypeParameter):           true,
	op(compute.OpTypeOptimizationBarrier): true,
	op(compute.OpTypeSchedulingBarrier):   true,
}

// commutative operations give the same bits with their two inputs exchanged.
var commutative = map[ir.Op]bool{
	op(compute.OpTypeAdd):        true,
	op(compute.OpTypeMul):        true,
	op(compute.OpTypeEqual):      true,
	op(compute.OpTypeNotEqual):   true,
	op(compute.OpTypeLogicalAnd): true,
	op(compute.OpTypeLogicalOr):  true,
	op(compute.OpTypeLogicalXor): true,
	op(compute.OpTypeBitwiseAnd): true,
	op(compute.OpTypeBitwiseOr):  true,
	op(compute.OpTypeBitwiseXor): true,
}

// mergeCommon computes equal expressions once: nodes with the same operation, static arguments, shapes and inputs.
// Random bits are a pure function of the state they are given, so they too are merged.
func mergeCommon(f *ir.Func) bool {
	seen := map[uint64][]*ir.Node{}
	seed := maphash.MakeSeed()
	return rewrite(f, func(_ *editor, n *ir.Node) ([]ir.Value, bool) {
		if neverMerged[n.Op] || len(n.Calls) > 0 {
			return nil, false
		}
		h := hashNode(seed, n)
		for _, m := range seen[h] {
			if sameComputation(m, n) {
				out := make([]ir.Value, len(n.Shapes))
				for i := range out {
					out[i] = m.Value(i)
				}
				return out, true
			}
		}
		seen[h] = append(seen[h], n)
		return nil, false
	})
}

func hashNode(seed maphash.Seed, n *ir.Node) uint64 {
	h := maphash.Comparable(seed, n.Op)
	if c, ok := n.Attr.(ir.ConstantAttr); ok {
		return h ^ maphash.Bytes(seed, c.Data)
	}
	for i, in := range n.Inputs {
		v := maphash.Comparable(seed, in)
		if !commutative[n.Op] {
			v = v*31 + uint64(i)
		}
		h += v
	}
	return h
}

func sameComputation(a, b *ir.Node) bool {
	if a.Op != b.Op || len(a.Inputs) != len(b.Inputs) || len(a.Shapes) != len(b.Shapes) {
		return false
	}
	for i, s := range a.Shapes {
		if !s.Equal(b.Shapes[i]) {
			return false
		}
	}
	same := true
	for i, in := range a.Inputs {
		same = same && in == b.Inputs[i]
	}
	if !same && commutative[a.Op] {
		same = a.Inputs[0] == b.Inputs[1] && a.Inputs[1] == b.Inputs[0]
	}
	return same && reflect.DeepEqual(a.Attr, b.Attr)
}
