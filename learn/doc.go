// Package learn trains models in phases.
//
// A [Phase] is a stretch of training with its own optimizer, data, frozen layers and a schedule for every
// hyper-parameter. All phases of a run are checked together before anything is computed, and become a [Plan]: a pure
// function from the number of a step to everything that step trains with. The plan drives the run, draws it
// ([Plan.Figure]) and prints it ([Plan.WriteCSV]); nothing else knows the schedule.
//
//	learner, err := learn.New(learn.Config{
//		Backend: backend,
//		Model:   learn.Model{Forward: forward},
//		Data:    &learn.Data{Train: train, Valid: valid},
//		Phases:  learn.OneCycle(6, schedule.OneCycle{Max: 0.4}, 0.95, 0.85, learn.Phase{}),
//		Metrics: []learn.Metric{learn.Accuracy{}},
//		Dir:     "out",
//	})
//	result, err := learner.Run(ctx)
//
// # Position and resuming
//
// Everything that varies in a run is a function of its seed and the number of the step (the order of the data,
// augmentation, dropout, hyper-parameters) or is in the checkpoint (weights, the optimizer's state, averages, smoothed
// losses, metrics so far, patience). A run that was killed at any moment and resumed therefore gives the same bits as
// one that was not, with the same backend on the same kind of processor.
//
// # Conventions
//
// Step k of a phase of n steps trains with schedule.At(k, n), so the end value of a schedule is reached by no step
// (fastai's convention); the finder reaches both ends. Losses are means over a step's examples. An epoch is a pass
// over a phase's training data.
package learn
