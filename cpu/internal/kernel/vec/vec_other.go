//go:build !amd64 || noasm

package vec

func avx2Kernels() Kernels { return portable32() }

func avx512Kernels() Kernels { return portable32() }
