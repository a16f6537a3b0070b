//go:build !noasm

package peak

import "github.com/atelier-go/atelier/cpu/internal/isa"

func fmaAsm(l isa.Level, rounds int) {
	if l == isa.AVX512 {
		fmaAVX512(rounds)
	} else {
		fmaAVX2(rounds)
	}
}

func passAsm(l isa.Level, a Access, arrays *[3][]float32) {
	if l == isa.AVX512 {
		passAVX512(a, arrays)
	} else {
		passAVX2(a, arrays)
	}
}

func passAVX2(a Access, arrays *[3][]float32) {
	n, dst := len(arrays[0])/64, &arrays[0][0]
	switch a {
	case Read:
		readAVX2(n, dst)
	case Write:
		writeAVX2(n, dst)
	case Copy:
		copyAVX2(n, dst, &arrays[1][0])
	case Triad:
		triadAVX2(n, dst, &arrays[1][0], &arrays[2][0])
	}
}

func passAVX512(a Access, arrays *[3][]float32) {
	n, dst := len(arrays[0])/128, &arrays[0][0]
	switch a {
	case Read:
		readAVX512(n, dst)
	case Write:
		writeAVX512(n, dst)
	case Copy:
		copyAVX512(n, dst, &arrays[1][0])
	case Triad:
		triadAVX512(n, dst, &arrays[1][0], &arrays[2][0])
	}
}
