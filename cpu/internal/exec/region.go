package exec

import (
	"fmt"

	"github.com/gomlx/compute"

	"github.com/atelier-go/atelier/cpu/internal/ir"
)

// home is where a region lives.
type home int

const (
	inArena home = iota
	inParam
	inConstant
	inOutput
)

// region is memory that one value, or several one after the other, are kept in.
type region struct {
	home   home
	index  int    // of the parameter or result
	data   []byte // of a constant
	bytes  int
	offset int // in the arena
	// start and end are the first and the last step that use it.
	start, end int
}

func (r *region) String() string {
	switch r.home {
	case inParam:
		return fmt.Sprintf("parameter %d", r.index)
	case inConstant:
		return "constant"
	case inOutput:
		return fmt.Sprintf("result %d", r.index)
	}
	return fmt.Sprintf("arena+%d", r.offset)
}

// place is where a value is: a part of a region.
type place struct {
	region *region
	offset int
	bytes  int
}

func (p place) String() string {
	if p.offset != 0 {
		return fmt.Sprintf("%v+%d", p.region, p.offset)
	}
	return p.region.String()
}

// rootOf follows views to the value whose memory v is part of, and says where in it v begins.
func rootOf(v ir.Value) (ir.Value, int) {
	offset := 0
	for {
		w, ok := viewOf(v.Node, v.Out)
		if !ok {
			return v, offset
		}
		offset += w.offset
		v = v.Node.Inputs[w.input]
	}
}

// paramIndex is the number of the parameter that a node is, or -1.
func paramIndex(n *ir.Node) int {
	if n.Op != ir.Op(compute.OpTypeParameter) {
		return -1
	}
	return n.Attr.(ir.ParameterAttr).Index
}
