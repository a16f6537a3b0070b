package cpu

import (
	"maps"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"github.com/atelier-go/atelier/cpu/internal/ir"
)

// supportedDTypes are the types that values may have. Those of less than a byte, and for most operations the complex
// ones, are only stored, moved and converted.
var supportedDTypes = map[dtypes.DType]bool{
	dtypes.Bool:       true,
	dtypes.Int2:       true,
	dtypes.Int4:       true,
	dtypes.Int8:       true,
	dtypes.Int16:      true,
	dtypes.Int32:      true,
	dtypes.Int64:      true,
	dtypes.Uint2:      true,
	dtypes.Uint4:      true,
	dtypes.Uint8:      true,
	dtypes.Uint16:     true,
	dtypes.Uint32:     true,
	dtypes.Uint64:     true,
	dtypes.Float16:    true,
	dtypes.BFloat16:   true,
	dtypes.Float32:    true,
	dtypes.Float64:    true,
	dtypes.Complex64:  true,
	dtypes.Complex128: true,
}

// Capabilities lists what the backend supports. An operation may still not support every type: it then returns an
// error that wraps compute.ErrNotImplemented when the graph is built.
func (b *Backend) Capabilities() compute.Capabilities {
	c := compute.Capabilities{
		Operations:  make(map[compute.OpType]bool),
		Functions:   true,
		DTypes:      maps.Clone(supportedDTypes),
		DynamicAxes: true,
	}
	for _, op := range ir.Inferred() {
		c.Operations[op] = true
	}
	for _, op := range []compute.OpType{compute.OpTypeParameter, compute.OpTypeConstant, compute.OpTypeCall,
		compute.OpTypeIf, compute.OpTypeWhile, compute.OpTypeSort} {
		c.Operations[op] = true
	}
	return c
}
