// Package data makes batches of labelled pictures: datasets, the order in which training sees them, random transforms,
// and a loader that does all of it in parallel with the training step.
//
//	train, err := data.FashionMNIST("", true)
//	loader := &data.Loader{
//		Dataset:    train,
//		Batch:      128,
//		Shuffle:    true,
//		DropLast:   true,
//		Transforms: []data.Transform{data.RandomCrop{Pad: 2}, data.Flip{}},
//		Normalise:  data.Normalise{Mean: []float64{0.2860}, Std: []float64{0.3530}},
//	}
//	stream := loader.Open(ctx, 0)
//	defer stream.Close()
//	for {
//		batch, err := stream.Next()
//		// train on batch.Pixels, [N H W C]
//		stream.Release(batch)
//	}
//
// # Determinism
//
// Batch b of a loader is a function of the loader's fields and of b. A stream opened at b gives the same bits as one that
// was opened at 0 and arrived there, for any number of workers. So a run that stops and goes on needs to remember b alone.
//
// # Errors
//
// A picture that cannot be read is an error with its name; with [Skip] the next good one takes its place and is counted.
// Everything else that is wrong (settings, labels, sizes that differ within a batch) is an error that says where.
// Nothing here panics for wrong data or settings, and Next never waits for a worker that has failed.
package data
