//go:build !noasm

package pool

var (
	avx2   = kernels{max: windowMaxAVX2, sum: windowSumAVX2, scatterMax: scatterMaxAVX2}
	avx512 = kernels{max: windowMaxAVX512, sum: windowSumAVX512, scatterMax: scatterMaxAVX512}
)
