"""Runs a network of torchvision on weights from a safetensors file, for torch_test.go.

Usage: torchvision_logits.py NETWORK WEIGHTS PICTURES CLASSES. WEIGHTS is a safetensors file of all weights, PICTURES one
with a tensor "pictures" [N 3 H W]. Writes the logits, in inference mode and in float64, as JSON to standard output.
"""

import json
import struct
import sys

import torch
import torchvision


def read(path):
    with open(path, "rb") as f:
        (size,) = struct.unpack("<Q", f.read(8))
        header = json.loads(f.read(size))
        data = bytearray(f.read())
    tensors = {}
    for name, t in header.items():
        if name == "__metadata__":
            continue
        assert t["dtype"] == "F32", t
        begin, end = t["data_offsets"]
        tensors[name] = torch.frombuffer(data[begin:end], dtype=torch.float32).reshape(t["shape"])
    return tensors


network, weights, pictures, classes = sys.argv[1:]
model = getattr(torchvision.models, network)(num_classes=int(classes))
wrong = model.load_state_dict(read(weights), strict=False)
missing = [k for k in wrong.missing_keys if not k.endswith("num_batches_tracked")]
assert not missing and not wrong.unexpected_keys, (missing, wrong.unexpected_keys)
with torch.no_grad():
    print(json.dumps(model.double().eval()(read(pictures)["pictures"].double()).tolist()))
