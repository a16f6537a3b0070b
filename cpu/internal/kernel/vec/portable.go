package vec

import (
	"math"
	"unsafe"

	"github.com/atelier-go/atelier/cpu/internal/isa"
)

type float interface{ float32 | float64 }

// word is the unsigned integer as wide as an element; masks are words.
type word interface{ uint32 | uint64 }

func portable32() Kernels {
	k := portable[float32, uint32]()
	k.Op[Abs] = mapBits(func(x uint32) uint32 { return x &^ (1 << 31) })
	k.Op[Neg] = mapBits(func(x uint32) uint32 { return x ^ 1<<31 })
	k.FromFloat16, k.ToFloat16 = convert(fromFloat16), convert(toFloat16)
	k.FromBFloat16, k.ToBFloat16 = convert(fromBFloat16), convert(toBFloat16)
	return k
}

func portable64() Kernels {
	k := portable[float64, uint64]()
	k.Op[Abs] = mapBits(func(x uint64) uint64 { return x &^ (1 << 63) })
	k.Op[Neg] = mapBits(func(x uint64) uint64 { return x ^ 1<<63 })
	return k
}

// portable makes the kernels in Go. They are the reference for the others.
func portable[T float, W word]() Kernels {
	k := Kernels{Level: isa.Portable, Size: int(unsafe.Sizeof(T(0)))}
	k.Op = [NumOps]Kernel{
		Copy: mapBits(func(x W) W { return x }),
		Sign: mapUnary(sign[T]), Sqrt: mapUnary(viaFloat64[T](math.Sqrt)),
		Rsqrt: mapUnary(func(x T) T { return 1 / T(math.Sqrt(float64(x))) }),
		Exp:   mapUnary(viaFloat64[T](math.Exp)), Expm1: mapUnary(viaFloat64[T](math.Expm1)),
		Log: mapUnary(viaFloat64[T](math.Log)), Log1p: mapUnary(viaFloat64[T](math.Log1p)),
		Tanh: mapUnary(viaFloat64[T](math.Tanh)), Logistic: mapUnary(viaFloat64[T](logistic)),
		Erf: mapUnary(viaFloat64[T](math.Erf)), Sin: mapUnary(viaFloat64[T](math.Sin)), Cos: mapUnary(viaFloat64[T](math.Cos)),
		Floor: mapUnary(viaFloat64[T](math.Floor)), Ceil: mapUnary(viaFloat64[T](math.Ceil)),
		Round: mapUnary(viaFloat64[T](math.RoundToEven)),
		Add:   add[T], Sub: sub[T], Mul: mul[T], Div: div[T], Max: maximum[T], Min: minimum[T], Pow: pow[T], FMA: fma[T],
		Equal:       compare[T, W](func(x, y T) bool { return x == y }),
		NotEqual:    compare[T, W](func(x, y T) bool { return x != y }),
		Less:        compare[T, W](func(x, y T) bool { return x < y }),
		LessOrEqual: compare[T, W](func(x, y T) bool { return x <= y }),
		IsNaN:       test[T, W](func(x T) bool { return x != x }),
		IsFinite:    test[T, W](func(x T) bool { return x-x == 0 }),
		ToMask:      test[T, W](func(x T) bool { return x != 0 }),
		MaskAnd:     logic(func(x, y W) W { return x & y }),
		MaskOr:      logic(func(x, y W) W { return x | y }),
		MaskXor:     logic(func(x, y W) W { return x ^ y }),
		MaskNot:     mapBits(func(x W) W { return ^x }),
		Select:      selectBits[W], ToNum: toNum[T, W],
	}
	k.ColumnSum, k.ColumnMax, k.ColumnMin = columnSum[T], columnMax[T], columnMin[T]
	k.LoadBools, k.StoreBools = loadBools[W], storeBools[W]
	return k
}

// of views an operand: n elements, or the first of a scalar.
func of[T any](p *byte, n, stride int) []T {
	if stride == 0 {
		n = min(n, 1)
	}
	return unsafe.Slice((*T)(unsafe.Pointer(p)), n)
}

func mapUnary[T float](f func(T) T) Kernel {
	return func(dst, a, _, _ *byte, n, sa, _, _ int) {
		x := of[T](a, n, sa)
		for i, d := 0, of[T](dst, n, 1); i < len(d); i++ {
			d[i] = f(x[i*sa])
		}
	}
}

func mapBits[W word](f func(W) W) Kernel {
	return func(dst, a, _, _ *byte, n, sa, _, _ int) {
		x := of[W](a, n, sa)
		for i, d := 0, of[W](dst, n, 1); i < len(d); i++ {
			d[i] = f(x[i*sa])
		}
	}
}

func viaFloat64[T float](f func(float64) float64) func(T) T {
	return func(x T) T { return T(f(float64(x))) }
}

func sign[T float](x T) T {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}

// logistic avoids the overflow of e⁻ˣ, which would lose the subnormal results.
func logistic(x float64) float64 {
	z := math.Exp(-math.Abs(x))
	if x < 0 {
		return z / (1 + z)
	}
	return 1 / (1 + z)
}

func add[T float](dst, a, b, _ *byte, n, sa, sb, _ int) {
	d, x, y := of[T](dst, n, 1), of[T](a, n, sa), of[T](b, n, sb)
	for i := range d {
		d[i] = x[i*sa] + y[i*sb]
	}
}

func sub[T float](dst, a, b, _ *byte, n, sa, sb, _ int) {
	d, x, y := of[T](dst, n, 1), of[T](a, n, sa), of[T](b, n, sb)
	for i := range d {
		d[i] = x[i*sa] - y[i*sb]
	}
}

func mul[T float](dst, a, b, _ *byte, n, sa, sb, _ int) {
	d, x, y := of[T](dst, n, 1), of[T](a, n, sa), of[T](b, n, sb)
	for i := range d {
		d[i] = x[i*sa] * y[i*sb]
	}
}

func div[T float](dst, a, b, _ *byte, n, sa, sb, _ int) {
	d, x, y := of[T](dst, n, 1), of[T](a, n, sa), of[T](b, n, sb)
	for i := range d {
		d[i] = x[i*sa] / y[i*sb]
	}
}

// larger and smaller are not Go's max and min: with equal operands they return the second, as the processor does.
func larger[T float](x, y T) T {
	if x != x || y != y {
		return x + y
	}
	if x > y {
		return x
	}
	return y
}

func smaller[T float](x, y T) T {
	if x != x || y != y {
		return x + y
	}
	if x < y {
		return x
	}
	return y
}

func maximum[T float](dst, a, b, _ *byte, n, sa, sb, _ int) {
	d, x, y := of[T](dst, n, 1), of[T](a, n, sa), of[T](b, n, sb)
	for i := range d {
		d[i] = larger(x[i*sa], y[i*sb])
	}
}

func minimum[T float](dst, a, b, _ *byte, n, sa, sb, _ int) {
	d, x, y := of[T](dst, n, 1), of[T](a, n, sa), of[T](b, n, sb)
	for i := range d {
		d[i] = smaller(x[i*sa], y[i*sb])
	}
}

func pow[T float](dst, a, b, _ *byte, n, sa, sb, _ int) {
	d, x, y := of[T](dst, n, 1), of[T](a, n, sa), of[T](b, n, sb)
	for i := range d {
		d[i] = T(math.Pow(float64(x[i*sa]), float64(y[i*sb])))
	}
}

func fma[T float](dst, a, b, c *byte, n, sa, sb, sc int) {
	d, x, y, z := of[T](dst, n, 1), of[T](a, n, sa), of[T](b, n, sb), of[T](c, n, sc)
	for i := range d {
		d[i] = T(x[i*sa]*y[i*sb]) + z[i*sc]
	}
}

func maskOf[W word](yes bool) W {
	if yes {
		return ^W(0)
	}
	return 0
}

func compare[T float, W word](holds func(x, y T) bool) Kernel {
	return func(dst, a, b, _ *byte, n, sa, sb, _ int) {
		d, x, y := of[W](dst, n, 1), of[T](a, n, sa), of[T](b, n, sb)
		for i := range d {
			d[i] = maskOf[W](holds(x[i*sa], y[i*sb]))
		}
	}
}

func test[T float, W word](holds func(x T) bool) Kernel {
	return func(dst, a, _, _ *byte, n, sa, _, _ int) {
		d, x := of[W](dst, n, 1), of[T](a, n, sa)
		for i := range d {
			d[i] = maskOf[W](holds(x[i*sa]))
		}
	}
}

func logic[W word](f func(x, y W) W) Kernel {
	return func(dst, a, b, _ *byte, n, sa, sb, _ int) {
		d, x, y := of[W](dst, n, 1), of[W](a, n, sa), of[W](b, n, sb)
		for i := range d {
			d[i] = f(x[i*sa], y[i*sb])
		}
	}
}

func selectBits[W word](dst, a, b, c *byte, n, sa, sb, sc int) {
	d, m, x, y := of[W](dst, n, 1), of[W](a, n, sa), of[W](b, n, sb), of[W](c, n, sc)
	for i := range d {
		d[i] = m[i*sa]&x[i*sb] | y[i*sc]&^m[i*sa]
	}
}

func toNum[T float, W word](dst, a, _, _ *byte, n, sa, _, _ int) {
	d, m := of[T](dst, n, 1), of[W](a, n, sa)
	for i := range d {
		d[i] = T(m[i*sa] & 1)
	}
}

func loadBools[W word](dst, src *byte, n int) {
	d, s := of[W](dst, n, 1), of[byte](src, n, 1)
	for i := range d {
		d[i] = maskOf[W](s[i] != 0)
	}
}

func storeBools[W word](dst, src *byte, n int) {
	d, s := of[byte](dst, n, 1), of[W](src, n, 1)
	for i := range d {
		d[i] = byte(s[i] & 1)
	}
}

func columnSum[T float](acc *float64, x *byte, rows, cols, ld int) {
	a := unsafe.Slice(acc, cols)
	for r := range rows {
		row := unsafe.Slice((*T)(unsafe.Add(unsafe.Pointer(x), r*ld*int(unsafe.Sizeof(T(0))))), cols)
		for j := range a {
			a[j] += float64(row[j])
		}
	}
}

func columnMax[T float](acc *float64, x *byte, rows, cols, ld int) {
	a := unsafe.Slice(acc, cols)
	for r := range rows {
		row := unsafe.Slice((*T)(unsafe.Add(unsafe.Pointer(x), r*ld*int(unsafe.Sizeof(T(0))))), cols)
		for j := range a {
			a[j] = larger(a[j], float64(row[j]))
		}
	}
}

func columnMin[T float](acc *float64, x *byte, rows, cols, ld int) {
	a := unsafe.Slice(acc, cols)
	for r := range rows {
		row := unsafe.Slice((*T)(unsafe.Add(unsafe.Pointer(x), r*ld*int(unsafe.Sizeof(T(0))))), cols)
		for j := range a {
			a[j] = smaller(a[j], float64(row[j]))
		}
	}
}
