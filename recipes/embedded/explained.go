package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/data"
)

// explained is the part of the variance of the teacher's features that the student explains, layer by layer:
//
//	1 - Σ(f - f*)²/Σ(f* - mean of f*)²
//
// over the channels and places of patches of photos, the means being the channels'.
func (s *student) explained(ctx context.Context, backend compute.Backend, store *model.Store, teach *teacher, photos *data.Loader) ([]float64, error) {
	exec, err := model.NewExec(backend, store, func(scope *model.Scope, x *Node) []*Node {
		got, want := s.whole(scope, x), relus(teach.build(x))
		var results []*Node
		for i := range layers {
			results = append(results, ReduceMean(Square(Sub(got[i], want[i])), 0, 1, 2), ReduceMean(want[i], 0, 1, 2), ReduceMean(Square(want[i]), 0, 1, 2))
		}
		return results
	})
	if err != nil {
		return nil, err
	}
	defer exec.Finalize()
	totals := make([][]float64, 3*len(layers))
	batches := 0.0
	stream := photos.OpenEpoch(ctx, 0)
	defer stream.Close()
	for {
		b, err := stream.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		results, err := exec.Call(tensors.FromFlatDataAndDimensions(b.Pixels, b.N, b.H, b.W, b.C))
		if err != nil {
			return nil, err
		}
		for i, r := range results {
			totals[i] = sum(totals[i], r)
			r.FinalizeAll()
		}
		batches++
		stream.Release(b)
	}
	var all []float64
	for i, l := range layers {
		wrong, variance := 0.0, 0.0
		for c := range l.out {
			mean := totals[3*i+1][c] / batches
			wrong += totals[3*i][c] / batches
			variance += totals[3*i+2][c]/batches - mean*mean
		}
		all = append(all, 1-wrong/variance)
	}
	return all, nil
}

// report prints what the student explains.
func (s *student) report(ctx context.Context, backend compute.Backend, store *model.Store, teach *teacher, photos *data.Loader, w io.Writer) error {
	explained, err := s.explained(ctx, backend, store, teach, photos)
	for i, e := range explained {
		fmt.Fprintf(w, "%s: explained variance %.5f\n", layers[i].relu(), e)
	}
	return err
}
