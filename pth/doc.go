// Package pth reads the tensors of PyTorch's files of weights, which torch.save writes: .pth, .pt, .bin.
//
//	f, err := pth.Open("vgg19-dcbb9e9d.pth")
//	if err != nil {
//		return err
//	}
//	defer f.Close()
//	t, err := f.Tensor("features.0.weight") // t.Shape [64 3 3 3]
//	if err != nil {
//		return err
//	}
//	values, err := t.Float32()
//
// # Formats
//
// The zip archives that PyTorch writes since version 1.6, and the older files of pickles in a row. What a file is is seen
// from its first bytes. A file has a dictionary of tensors, or dictionaries of these, whose names are joined by dots:
// "state_dict.features.0.weight". What else they have, such as numbers of epochs, is passed over.
//
// # Pickles
//
// A pickle is a program, and Python's own reader lets it call any function of any module. This one has no functions: it
// makes numbers, texts, tuples, lists and dictionaries, and knows a short list of names, those by which PyTorch describes
// tensors. A file with any other instruction or name is refused by an error that says which, and wraps [ErrFormat]. A
// whole model, saved with its code, is such a file: save model.state_dict() instead.
//
// No file, however damaged or hostile, makes the package take more memory than the size of a tensor that is really there,
// and at most some hundred bytes for each byte of its pickle, of which 4 MiB are read and no more. What a pickle puts
// together from one part many times is bounded too, and with it the time: a million entries of dictionaries, names of
// 64 MiB together. [Open] reads the description of the tensors and checks that each lies within the file; [File.Tensor]
// then reads one.
package pth
