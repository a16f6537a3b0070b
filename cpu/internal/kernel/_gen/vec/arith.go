package main

// arithmetic emits what the processor computes in one or a few instructions.
func (k *kernel) arithmetic() {
	k.elementwise("copy", 1, 4, "a[i·sa]", func(x []vec) vec { return x[0] })
	k.elementwise("neg", 1, 4, "-a[i·sa]", func(x []vec) vec { return k.xor(x[0], k.bits(0x80000000)) })
	k.elementwise("abs", 1, 4, "|a[i·sa]|", func(x []vec) vec { return k.abs(x[0]) })
	k.elementwise("sign", 1, 4, "-1, ±0 or 1; NaN for NaN", func(x []vec) vec {
		a := k.abs(x[0])
		isOrdered := k.compare(less, k.xor(a, a), a)
		return k.choose(isOrdered, k.withSign(k.number(1), x[0]), x[0])
	})
	k.elementwise("sqrt", 1, 2, "√a[i·sa]", func(x []vec) vec { return k.sqrt(x[0]) })
	k.elementwise("rsqrt", 1, 2, "1/√a[i·sa]", func(x []vec) vec { return k.div(k.number(1), k.sqrt(x[0])) })
	k.elementwise("floor", 1, 4, "⌊a[i·sa]⌋", func(x []vec) vec { return k.round(downward, x[0]) })
	k.elementwise("ceil", 1, 4, "⌈a[i·sa]⌉", func(x []vec) vec { return k.round(upward, x[0]) })
	k.elementwise("round", 1, 4, "a[i·sa] rounded, half to even", func(x []vec) vec { return k.round(toNearest, x[0]) })

	k.elementwise("add", 2, 4, "a[i·sa] + b[i·sb]", func(x []vec) vec { return k.add(x[0], x[1]) })
	k.elementwise("sub", 2, 4, "a[i·sa] - b[i·sb]", func(x []vec) vec { return k.sub(x[0], x[1]) })
	k.elementwise("mul", 2, 4, "a[i·sa]·b[i·sb]", func(x []vec) vec { return k.mul(x[0], x[1]) })
	k.elementwise("div", 2, 2, "a[i·sa]/b[i·sb]", func(x []vec) vec { return k.div(x[0], x[1]) })
	// The processor returns the second operand if either is NaN. A NaN in the first is or-ed in as all ones.
	k.elementwise("max", 2, 4, "the larger of a[i·sa] and b[i·sb]; NaN if either is", func(x []vec) vec {
		return k.or(k.max(x[0], x[1]), k.compare(unordered, x[0], x[0]))
	})
	k.elementwise("min", 2, 4, "the smaller of a[i·sa] and b[i·sb]; NaN if either is", func(x []vec) vec {
		return k.or(k.min(x[0], x[1]), k.compare(unordered, x[0], x[0]))
	})
	k.elementwise("fma", 3, 4, "a[i·sa]·b[i·sb] + c[i·sc], rounded once", func(x []vec) vec { return k.fma(x[0], x[1], x[2]) })

	for _, c := range []struct {
		name, sign string
		predicate  uint64
	}{{"equal", "==", equal}, {"notEqual", "!=", notEqual}, {"less", "<", less}, {"lessOrEqual", "<=", lessOrEqual}} {
		k.elementwise(c.name, 2, 4, "mask a[i·sa] "+c.sign+" b[i·sb]", func(x []vec) vec { return k.compare(c.predicate, x[0], x[1]) })
	}
	k.elementwise("isNaN", 1, 4, "mask: a[i·sa] is NaN", func(x []vec) vec { return k.compare(unordered, x[0], x[0]) })
	k.elementwise("isFinite", 1, 4, "mask: a[i·sa] is finite", func(x []vec) vec {
		return k.compare(less, k.abs(x[0]), k.bits(infinity))
	})
	k.elementwise("toMask", 1, 4, "mask a[i·sa] != 0", func(x []vec) vec { return k.compare(notEqual, x[0], k.xor(x[0], x[0])) })
	k.elementwise("maskAnd", 2, 4, "a[i·sa] & b[i·sb], bit by bit", func(x []vec) vec { return k.and(x[0], x[1]) })
	k.elementwise("maskOr", 2, 4, "a[i·sa] | b[i·sb], bit by bit", func(x []vec) vec { return k.or(x[0], x[1]) })
	k.elementwise("maskXor", 2, 4, "a[i·sa] ^ b[i·sb], bit by bit", func(x []vec) vec { return k.xor(x[0], x[1]) })
	k.elementwise("maskNot", 1, 4, "^a[i·sa], bit by bit", func(x []vec) vec { return k.xor(x[0], k.bits(0xffffffff)) })
	k.elementwise("choose", 3, 4, "b[i·sb] where mask a[i·sa] holds, c[i·sc] elsewhere", func(x []vec) vec {
		return k.choose(x[0], x[1], x[2])
	})
	k.elementwise("toNum", 1, 4, "1 where mask a[i·sa] holds, 0 elsewhere", func(x []vec) vec { return k.and(x[0], k.number(1)) })
}

const infinity = 0x7f800000
