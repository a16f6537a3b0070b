// Package nn is layers of convolutional networks as GoMLX graphs: they differentiate any number of times, and are made
// of operations that a backend can fuse.
//
// Pictures are [N H W C]: batch, height, width, channels. Convolution kernels are [KH KW in/groups out]; PyTorch's
// weights [out in/groups KH KW] become that, and those of its transposed convolutions [in out/groups KH KW] what
// [ConvTranspose2D] wants, by transposing the axes to (2, 3, 1, 0).
//
// A layer is a struct of settings whose zero fields mean the documented defaults. Apply builds it from nodes only;
// layers with weights also have Layer, which keeps them as variables of a scope, named as in PyTorch:
//
//	func block(scope *model.Scope, x *graph.Node) *graph.Node {
//		x = nn.Conv2D{Channels: 64, Kernel: nn.Side(3), Padding: nn.Same}.Layer(scope.In("conv"), x)
//		x = nn.BatchNorm{}.Layer(scope.In("norm"), x)
//		return nn.ReLU(x)
//	}
//
// # Modes
//
// The scope's store says whether a graph is training (model.Scope.IsTraining): BatchNorm and Dropout do different things
// then. A third mode, [ParamCalibrate], measures the statistics of batch norms over a data set.
//
// # Gradients
//
// Importing this package installs the gradient rules of package autodiff, whose documentation lists what they do at
// points without a derivative.
//
// # Errors
//
// Functions that take nodes panic, as GoMLX's do, with a message that starts with "nn:", names the layer and gives the
// shapes; graph.Exec and model.Exec return that as an error.
//
// # Numbers that are not finite
//
// NaN and infinities go through every layer as IEEE 754 says and touch only the outputs that depend on them: padding,
// pooling and upsampling never multiply by zero what an output does not depend on.
package nn
