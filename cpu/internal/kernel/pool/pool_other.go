//go:build !amd64 || noasm

package pool

var avx2, avx512 = portable, portable
