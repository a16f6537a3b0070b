package conv

import (
	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/kernel/gemm"
)

// panel is the product of m rows of A and a panel of NR columns of B, as gemm.Micro.Run, for any m. All NR columns of
// c are written.
func panel(g *gemm.Micro, m, k int, a []float32, rsa, csa int, b []float32, ldb int, c []float32, ldc int, accumulate bool) {
	if m <= 0 {
		return
	}
	if k <= 0 {
		panic("conv: panel: no sum")
	}
	_, _, _ = a[(m-1)*rsa+(k-1)*csa], b[(k-1)*ldb+g.NR-1], c[(m-1)*ldc+g.NR-1]
	i := 0
	if g.ISA != isa.Portable && m >= g.MR {
		i = m / g.MR * g.MR
		panelAsm(g.ISA, m/g.MR, k, &a[0], rsa, csa, &b[0], ldb, &c[0], ldc, accumulate)
	}
	for ; i < m; i += g.MR {
		g.Run(min(g.MR, m-i), k, &a[i*rsa], rsa, csa, &b[0], ldb, &c[i*ldc], ldc, accumulate)
	}
}

// product is gemm.Micro.Block, panel by panel: for blocks of A that are in a cache.
func product(g *gemm.Micro, m, n, k int, a []float32, rsa, csa int, packed, c []float32, ldc int, accumulate bool) {
	whole := n / g.NR * g.NR
	for j := 0; j < whole; j += g.NR {
		panel(g, m, k, a, rsa, csa, packed[j*k:], g.NR, c[j:], ldc, accumulate)
	}
	if whole < n {
		g.Block(m, n-whole, k, a, rsa, csa, packed[whole*k:], c[whole:], ldc, accumulate)
	}
}
