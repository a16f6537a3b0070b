// Package optim is update rules for the parameters of models on GoMLX graphs: [SGD], [RMSProp], [Adam], [AdamW],
// [LARS], [LARC], [LAMB], [Muon], each alone or under [Lookahead], for groups of parameters with hyper-parameters of their own.
//
// An [Updater] binds a [Config] to variables. Its Apply builds the update into the graph of a training step; its Input
// makes, for each step, the tensor with that step's learning rates, momenta and weight decays:
//
//	u, err := optim.New(store, optim.Config{Optimizer: optim.SGD{Nesterov: true}}, groups, optim.CarryAuto)
//	step, err := model.NewExec(backend, store, func(scope *model.Scope, x, labels, hyper *graph.Node) *graph.Node {
//		loss := lossOf(scope, x, labels)
//		u.Apply(hyper, u.Gradients(loss))
//		return loss
//	})
//	for k := range steps {
//		hyper, err := u.Input([]optim.Hyper{{LR: rate.At(k, steps), Momentum: 0.9}})
//		loss, err := step.Call1(x, labels, hyper)
//	}
//
// # Hyper-parameters
//
// [Hyper] holds what may change from step to step; it enters the compiled step as an input, so changing it compiles
// nothing. What depends on it alone, such as Adam's bias correction, is computed on the host in float64. The settings
// of the optimizers' structs are part of the compiled step.
//
// # State
//
// All state is in the store, in variables below /optim that are not trainable: the slots of the optimizers
// (/optim/adam/exp_avg/<path of the parameter>), and for each parameter a clock of three float64. [Updater.State] lists
// them. Restoring these variables restores the updater: it has no other state, and no hyper-parameter is part of it.
//
// # Errors
//
// Settings and arguments that make no sense are errors before any compute; all that are found are in one error.
// Functions that take nodes panic, as GoMLX's do, and executors return that as an error.
package optim
