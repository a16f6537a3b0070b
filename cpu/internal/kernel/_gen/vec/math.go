package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The polynomials are Chebyshev approximations of the functions named beside them, computed in 40 digits.

// ln 2 in two parts, the first of few enough bits that its product with an exponent is exact.
const (
	ln2High = 0.693145751953125
	ln2Low  = 1.428606765330187e-06
)

// functions emits the mathematical functions.
func (k *kernel) functions() {
	k.elementwise("exp", 1, 1, "e to the a[i·sa]", func(x []vec) vec { return k.exp(x[0]) })
	k.elementwise("expm1", 1, 1, "e to the a[i·sa], less 1", func(x []vec) vec { return k.expm1(x[0]) })
	k.elementwise("log", 1, 1, "ln a[i·sa]", func(x []vec) vec { return k.log(x[0]) })
	k.elementwise("log1p", 1, 1, "ln(1 + a[i·sa])", func(x []vec) vec { return k.log1p(x[0]) })
	k.elementwise("tanh", 1, 1, "tanh a[i·sa]", func(x []vec) vec { return k.tanh(x[0]) })
	k.elementwise("logistic", 1, 1, "1/(1 + e to the -a[i·sa])", func(x []vec) vec { return k.logistic(x[0]) })
	k.elementwise("erf", 1, 1, "erf a[i·sa]", func(x []vec) vec { return k.erf(x[0]) })
	k.partial("sin", 1, "sin a[i·sa]", func(x []vec) vec { return k.sine(x[0], false) })
	k.partial("cos", 1, "cos a[i·sa]", func(x []vec) vec { return k.sine(x[0], true) })
	k.partial("pow", 2, "a[i·sa] to the b[i·sb]", func(x []vec) vec { return k.pow(x[0], x[1]) })
}

// reduceExp splits x = n·ln 2 + r with |r| <= ln 2/2 and integer n; n is returned as a float32.
func (k *kernel) reduceExp(x vec) (n, r vec) {
	n = k.round(toNearest, k.mul(x, k.number(math.Log2E)))
	r = k.unary(k.VMOVAPS, x)
	r = k.fnma(n, k.number(ln2High), r)
	r = k.fnma(n, k.number(ln2Low), r)
	return n, r
}

// smallExpm1 is eʳ-1 for |r| <= ln 2/2: r + r²·q(r).
func (k *kernel) smallExpm1(r vec) vec {
	q := k.polynomial(r, 0.5, 0.166665749362, 0.041666552052, 0.0083635190485, 0.00139266082974)
	return k.fma(k.mul(r, r), q, k.unary(k.VMOVAPS, r))
}

// exp is eˣ: from 89 on infinite, from -104 down 0.
func (k *kernel) exp(x vec) vec {
	x = k.min(k.number(89), k.max(k.number(-104), x)) // NaN stays
	n, r := k.reduceExp(x)
	p := k.add(k.smallExpm1(r), k.number(1))
	// 2ⁿ in two factors, for n down to -150 and up to 128.
	i := k.unary(k.VCVTPS2DQ, n)
	half := k.shift(k.VPSRAD, 1, i)
	p = k.mul(p, k.powerOfTwo(half))
	return k.mul(p, k.powerOfTwo(k.subInt(i, half)))
}

func (k *kernel) expm1(x vec) vec {
	c := k.min(k.number(89), k.max(k.number(-18), x))
	n, r := k.reduceExp(c)
	p := k.smallExpm1(r)
	// 2·(2ⁿ⁻¹·p + (2ⁿ⁻¹ - ½)) does not overflow before the result does.
	s := k.powerOfTwo(k.addInt(k.unary(k.VCVTPS2DQ, n), k.bits(0xffffffff)))
	y := k.fma(s, p, k.sub(s, k.number(0.5)))
	y = k.add(y, y)
	// Tiny x is its own result; the halving above would cost subnormal numbers a bit and zeros their sign.
	return k.choose(k.compare(less, k.abs(x), k.number(1e-10)), x, y)
}

// smallLog1p is ln(1+f) for -1/4 <= f <= 1/2.
func (k *kernel) smallLog1p(f vec) vec {
	q := k.polynomial(f, 0.333333331449, -0.250000568348, 0.200001417828, -0.166608096357, 0.142682552409,
		-0.12639361161, 0.116813608637, -0.0956250620678, 0.0428772490176)
	q = k.fma(q, f, k.number(-0.5))
	return k.fma(k.mul(f, f), q, k.unary(k.VMOVAPS, f))
}

// exponent returns the part of u's bits that is to be subtracted to bring u into [3/4, 3/2), and its value n:
// u = 2ⁿ·m.
func (k *kernel) exponent(u vec) (bits, n vec) {
	bits = k.and(k.subInt(u, k.number(0.75)), k.bits(0xff800000))
	return bits, k.mul(k.unary(k.VCVTDQ2PS, bits), k.number(1.0/(1<<23)))
}

// logLimits gives a logarithm its values at 0 (of u) and beyond: y is right for 0 < u < ∞, x is the argument.
func (k *kernel) logLimits(y, u, x vec) vec {
	zero := k.xor(u, u)
	y = k.choose(k.compare(less, u, k.bits(infinity)), y, x)
	y = k.choose(k.compare(less, u, zero), k.bits(0x7fc00000), y)
	return k.choose(k.compare(equal, u, zero), k.bits(0xff800000), y)
}

func (k *kernel) log(x vec) vec {
	isTiny := k.compare(less, x, k.bits(0x00800000))
	u := k.choose(isTiny, k.mul(x, k.number(1<<23)), x)
	bits, n := k.exponent(u)
	f := k.sub(k.subInt(u, bits), k.number(1))
	n = k.add(n, k.and(isTiny, k.number(-23)))
	y := k.fma(n, k.number(math.Ln2), k.smallLog1p(f))
	return k.logLimits(y, x, x)
}

func (k *kernel) log1p(x vec) vec {
	u := k.add(x, k.number(1))
	bits, n := k.exponent(u)
	// f = 2⁻ⁿ·(1+x) - 1 without the rounding of 1+x.
	// The difference of bits is negative infinity for n = 128, where 2⁻ⁿ does not matter.
	s := k.sub(k.max(k.xor(x, x), k.subInt(k.number(1), bits)), k.number(1))
	f := k.add(k.subInt(x, bits), s)
	y := k.fma(n, k.number(math.Ln2), k.smallLog1p(f))
	y = k.logLimits(y, u, x)
	return k.choose(k.compare(equal, x, k.xor(x, x)), x, y) // -0
}

func (k *kernel) tanh(x vec) vec {
	a := k.abs(x)
	// tanh a = 1 - 2/(e²ᵃ+1); from 9.02 on that is 1.
	c := k.min(k.number(9.02), a)
	n, r := k.reduceExp(k.add(c, c))
	e := k.mul(k.add(k.smallExpm1(r), k.number(1)), k.powerOfTwo(k.unary(k.VCVTPS2DQ, n)))
	large := k.sub(k.number(1), k.div(k.number(2), k.add(e, k.number(1))))
	// Near 0: a + a³·p(a²).
	s := k.mul(a, a)
	p := k.polynomial(s, -0.333333319976, 0.133331123752, -0.0539091626101, 0.0213077562949, -0.00660715947761)
	small := k.fma(k.mul(a, s), p, k.unary(k.VMOVAPS, a))
	return k.withSign(k.choose(k.compare(less, a, k.number(0.55)), small, large), x)
}

func (k *kernel) logistic(x vec) vec {
	z := k.exp(k.or(x, k.bits(0x80000000))) // e to the -|x| cannot overflow
	one := k.number(1)
	isNegative := k.compare(less, x, k.xor(x, x))
	return k.div(k.choose(isNegative, z, one), k.add(one, z))
}

func (k *kernel) erf(x vec) vec {
	a := k.abs(x)
	// erf a = 1 - exp(ln erfc a); from 4 on that is 1. The polynomial is ln erfc on [0.9, 4].
	t := k.min(k.number(4), a)
	g := k.polynomial(t, 0.000318539662412, -1.13023105522, -0.631823918106, -0.110087166496, 0.0264276371535,
		-0.00476262583251, 0.00059758577023, -4.61638586252e-05, 1.64306365569e-06)
	n, r := k.reduceExp(g)
	e := k.mul(k.add(k.smallExpm1(r), k.number(1)), k.powerOfTwo(k.unary(k.VCVTPS2DQ, n)))
	large := k.sub(k.number(1), e)
	// Near 0: a + a·p(a²).
	p := k.polynomial(k.mul(a, a), 0.128379166789, -0.37612635194, 0.112837180496, -0.0268606647911, 0.00520422669375,
		-0.000817963218089, 8.52940132284e-05)
	small := k.fma(a, p, k.unary(k.VMOVAPS, a))
	return k.withSign(k.choose(k.compare(less, a, k.number(0.9)), small, large), x)
}

// sine is sin x or cos x; it stops where |x| is over 10⁵, infinite or NaN.
func (k *kernel) sine(x vec, cosine bool) vec {
	k.stopUnless(k.compare(lessOrEqual, k.abs(x), k.number(1e5)))
	n := k.round(toNearest, k.mul(x, k.number(2/math.Pi)))
	// x - n·π/2 with π/2 in three parts: the first difference is exact, the second rounds relative to its result.
	r := k.unary(k.VMOVAPS, x)
	for _, part := range []uint32{0x3fc90fdb, 0xb33bbd2e, 0xa6f72ced} {
		r = k.fnma(n, k.bits(part), r)
	}
	q := k.unary(k.VCVTPS2DQ, n)
	if cosine {
		q = k.addInt(q, k.bits(1))
	}
	s := k.mul(r, r)
	sin := k.polynomial(s, -0.166666666638, 0.00833333186356, -0.000198400807199, 2.72491467968e-06)
	sin = k.fma(k.mul(r, s), sin, k.unary(k.VMOVAPS, r))
	cos := k.polynomial(s, -0.5, 0.0416666646442, -0.00138883000566, 2.45472991725e-05)
	cos = k.fma(s, cos, k.number(1))
	isOdd := k.shift(k.VPSRAD, 31, k.shift(k.VPSLLD, 31, q))
	sign := k.and(k.shift(k.VPSLLD, 30, q), k.bits(0x80000000))
	y := k.xor(k.choose(isOdd, cos, sin), sign)
	if cosine {
		return y
	}
	return k.choose(k.compare(equal, x, k.xor(x, x)), x, y) // -0
}

// stopUnless leaves a partial kernel unless the mask holds in every lane; lanes past the end hold zeros.
func (k *kernel) stopUnless(mask vec) {
	m := k.GP32()
	if k.wide() {
		k.VPMOVD2M(mask, reg.K1)
		k.KMOVW(reg.K1, m)
		k.CMPL(m, operand.U32(0xffff))
	} else {
		k.VMOVMSKPS(mask, m)
		k.CMPL(m, operand.U32(0xff))
	}
	k.JNE(operand.LabelRef("stop"))
}

// pow is x to the y for positive normal x and finite y; it stops elsewhere. It works in double precision, half a
// vector at a time: 2 to the y·log₂x.
func (k *kernel) pow(x, y vec) vec {
	zero := k.xor(x, x)
	isNormal := k.and(k.compare(lessOrEqual, k.bits(0x00800000), x), k.compare(less, x, k.bits(infinity)))
	isPast := k.and(k.compare(equal, x, zero), k.compare(equal, y, zero)) // lanes past the end; 0⁰ is 1 also here
	k.stopUnless(k.or(isPast, k.and(isNormal, k.compare(less, k.abs(y), k.bits(infinity)))))
	x = k.choose(isPast, k.number(1), x)
	bits, n := k.exponent(x)
	f := k.sub(k.subInt(x, bits), k.number(1))
	low := k.powHalf(k.lower(f), k.lower(n), k.lower(y))
	high := k.powHalf(k.upper(f), k.upper(n), k.upper(y))
	return k.join(low, high)
}

// powHalf takes vectors of double precision: 2 to the y·(n + log₂(1+f)), as float32 in the lower half.
func (k *kernel) powHalf(f, n, y vec) vec {
	// log₂(1+f) = s·p(s²) with s = f/(2+f), from atanh.
	s := k.binary(k.VDIVPD, f, k.binary(k.VADDPD, f, k.double(2)))
	p := k.polynomialDouble(k.binary(k.VMULPD, s, s), 2.88539008177742593, 0.961796694824878253, 0.577077755483457969,
		0.412226196618178081, 0.319283932843135928, 0.290846740652552145)
	k.VFMADD231PD(p, s, n)
	z := k.binary(k.VMULPD, y, n)
	z = k.binary(k.VMAXPD, k.double(-160), k.binary(k.VMINPD, k.double(140), z))
	i := k.vec()
	if k.wide() {
		k.VRNDSCALEPD(operand.Imm(toNearest), z, i)
	} else {
		k.VROUNDPD(operand.Imm(toNearest), z, i)
	}
	p = k.polynomialDouble(k.binary(k.VSUBPD, z, i), 1.0, 0.693147206734250313, 0.240226509225607601, 0.0555032715964760524,
		0.0096180566205010797, 0.00134004549841263242, 0.000154614679052859873)
	// 2ⁱ by its bits; adding 1.5·2⁵² leaves i + 1023 in the lowest bits.
	e := k.binary(k.VADDPD, i, k.double(1.5*(1<<52)+1023))
	e = k.shift(k.VPSLLQ, 52, e)
	return k.binary(k.VMULPD, p, e)
}

func (k *kernel) polynomialDouble(x vec, c ...float64) vec {
	p := k.double(c[len(c)-1])
	for i := len(c) - 2; i >= 0; i-- {
		t := k.double(c[i])
		k.VFMADD231PD(x, p, t)
		p = t
	}
	return p
}

// lower converts the lower half of a vector to double precision, upper the other half.
func (k *kernel) lower(v vec) vec {
	if k.wide() {
		return k.unary(k.VCVTPS2PD, v.(reg.Vec).AsY())
	}
	return k.unary(k.VCVTPS2PD, v.(reg.Vec).AsX())
}

func (k *kernel) upper(v vec) vec {
	if k.wide() {
		h := k.YMM()
		k.VEXTRACTF32X8(operand.Imm(1), v, h)
		return k.unary(k.VCVTPS2PD, h)
	}
	h := k.XMM()
	k.VEXTRACTF128(operand.Imm(1), v, h)
	return k.unary(k.VCVTPS2PD, h)
}

// join converts two vectors of double precision to one.
func (k *kernel) join(low, high vec) vec {
	v := k.vec()
	if k.wide() {
		l, h := k.YMM(), k.YMM()
		k.VCVTPD2PS(low, l)
		k.VCVTPD2PS(high, h)
		k.VINSERTF32X8(operand.Imm(1), h, l.AsZ(), v)
		return v
	}
	l, h := k.XMM(), k.XMM()
	k.VCVTPD2PSY(low, l)
	k.VCVTPD2PSY(high, h)
	k.VINSERTF128(operand.Imm(1), h, l.AsY(), v)
	return v
}
