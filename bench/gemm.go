package bench

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
)

// gemmJobs is C = A·B for square float32 matrices.
func gemmJobs(n int) []Job {
	return []Job{{
		Name:  fmt.Sprintf("gemm=%d", n),
		FLOPs: flops(gemmMACs(n)),
		Quick: n == 512 || n == 2048,
		build: func(b compute.Backend) (program, error) { return buildGemm(b, n) },
	}}
}

func buildGemm(b compute.Backend, n int) (program, error) {
	lhs, err := normals(b, 1, 1, n, n)
	if err != nil {
		return nil, err
	}
	rhs, err := normals(b, 2, 1, n, n)
	if err != nil {
		return nil, err
	}
	exec, err := graph.NewExec(b, func(lhs, rhs *graph.Node) *graph.Node { return graph.MatMul(lhs, rhs) })
	if err != nil {
		return nil, err
	}
	return &pure{exec, []any{lhs, rhs}}, nil
}
