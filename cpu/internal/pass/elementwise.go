package pass

import (
	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/kernel/fused"
	"github.com/gomlx/compute"
)

// elementwise maps the operations that work on each element by itself to the instruction that computes them on
// floating-point registers; fused.Invalid for those that need more than one (see emit) or have no such instruction.
var elementwise = map[ir.Op]fused.Opcode{
	op(compute.OpTypeAbs):            fused.Abs,
	op(compute.OpTypeNeg):            fused.Neg,
	op(compute.OpTypeSign):           fused.Sign,
	op(compute.OpTypeSqrt):           fused.Sqrt,
	op(compute.OpTypeRsqrt):          fused.Rsqrt,
	op(compute.OpTypeExp):            fused.Exp,
	op(compute.OpTypeExpm1):          fused.Expm1,
	op(compute.OpTypeLog):            fused.Log,
	op(compute.OpTypeLog1p):          fused.Log1p,
	op(compute.OpTypeTanh):           fused.Tanh,
	op(compute.OpTypeLogistic):       fused.Logistic,
	op(compute.OpTypeErf):            fused.Erf,
	op(compute.OpTypeSin):            fused.Sin,
	op(compute.OpTypeCos):            fused.Cos,
	op(compute.OpTypeFloor):          fused.Floor,
	op(compute.OpTypeCeil):           fused.Ceil,
	op(compute.OpTypeRound):          fused.Round,
	op(compute.OpTypeAdd):            fused.Add,
	op(compute.OpTypeSub):            fused.Sub,
	op(compute.OpTypeMul):            fused.Mul,
	op(compute.OpTypeDiv):            fused.Div,
	op(compute.OpTypeMax):            fused.Max,
	op(compute.OpTypeMin):            fused.Min,
	op(compute.OpTypePow):            fused.Pow,
	op(compute.OpTypeEqual):          fused.Equal,
	op(compute.OpTypeNotEqual):       fused.NotEqual,
	op(compute.OpTypeLessThan):       fused.Less,
	op(compute.OpTypeLessOrEqual):    fused.LessOrEqual,
	op(compute.OpTypeGreaterThan):    fused.Greater,
	op(compute.OpTypeGreaterOrEqual): fused.GreaterOrEqual,
	op(compute.OpTypeIsNaN):          fused.IsNaN,
	op(compute.OpTypeIsFinite):       fused.IsFinite,
	op(compute.OpTypeLogicalAnd):     fused.MaskAnd,
	op(compute.OpTypeLogicalOr):      fused.MaskOr,
	op(compute.OpTypeLogicalXor):     fused.MaskXor,
	op(compute.OpTypeLogicalNot):     fused.MaskNot,
	op(compute.OpTypeWhere):          fused.Select,
	op(compute.OpTypeClamp):          fused.Invalid, // min(max(x, low), high)
	op(compute.OpTypeConvertDType):   fused.Invalid, // ToNum, ToMask
	op(compute.OpTypeRem):            fused.Invalid,
	op(compute.OpTypeAtan2):          fused.Invalid,
	op(compute.OpTypeShiftLeft):      fused.Invalid,
	op(compute.OpTypeBitwiseAnd):     fused.Invalid,
	op(compute.OpTypeBitwiseOr):      fused.Invalid,
	op(compute.OpTypeBitwiseXor):     fused.Invalid,
	op(compute.OpTypeBitwiseNot):     fused.Invalid,
}
