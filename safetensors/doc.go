// Package safetensors reads and writes safetensors files, the format in which most published weights come: a header in
// JSON that says where each tensor is, and the tensors' bytes (https://huggingface.co/docs/safetensors).
//
//	f, err := safetensors.Open("model.safetensors")
//	if err != nil {
//		return err
//	}
//	defer f.Close()
//	t, err := f.Tensor("features.0.weight") // t.Shape [64 3 3 3]
//	if err != nil {
//		return err
//	}
//	weights, err := t.Float32()
//
// # The format
//
// The length of the header as 8 bytes, then the header, then the data. Numbers are little-endian, tensors row-major. The
// header is a JSON object, from name to {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, with offsets
// in bytes from the start of the data, and "__metadata__", optional, to an object of strings. Spaces may follow it.
//
// # Reading
//
// [Open] checks all that the format promises before it returns: a file is refused whose header is longer than 100 MB or
// than the file, is no JSON or has a name twice; where a dtype is unknown; where shape, dtype and offsets do not fit
// together; where tensors overlap or bytes belong to none; and where the file is longer or shorter than its header
// says. Errors name the file and the tensor, and wrap [ErrFormat]. Only the header is read then; each [File.Tensor] reads
// one tensor. No file, however damaged, makes the package take more memory than a small multiple of the file's size.
//
// # Writing
//
// [Save] and [Write] write tensors as the format's own library does: those of the widest elements first, then by
// name, the data at a multiple of 8 bytes, so that programs that map the file find every tensor aligned. The same tensors
// and metadata give the same bytes, in whatever order they come.
package safetensors
