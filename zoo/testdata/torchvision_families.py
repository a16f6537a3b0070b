"""Runs networks of torchvision and others on weights that follow from their names, for families_test.go.

Reads JSON from standard input: {"pictures": [1 3 H W], "classes": C, "networks": [names]}; a name is "timm:" and timm's,
"plain:" and one of plain_networks.py, or torchvision's. Writes the logits of each, in inference mode, as JSON to standard output.
"""

import json
import math
import sys
import zlib

import numpy
import torch


def uniform(name, n):
    """Numbers in 0 to 1: a hash of position and name."""
    x = numpy.arange(n, dtype=numpy.uint32)
    x *= numpy.uint32(2654435761)
    x += numpy.uint32(zlib.crc32(name.encode()))
    x ^= x >> numpy.uint32(15)
    x *= numpy.uint32(2246822519)
    x ^= x >> numpy.uint32(13)
    return x.astype(numpy.float32) / numpy.float32(2**32)


def value(name, shape):
    u = uniform(name, math.prod(shape))
    if len(shape) > 1:
        u = (u - numpy.float32(0.5)) * numpy.float32(math.sqrt(24 / math.prod(shape[1:])))
    elif name.endswith(("weight", "running_var")):
        u += numpy.float32(0.5)
    else:
        u -= numpy.float32(0.5)
    return torch.from_numpy(u.reshape(shape))


def build(network, classes):
    if network.startswith("timm:"):
        import timm

        return timm.create_model(network[len("timm:"):], num_classes=classes)
    if network.startswith("plain:"):
        import plain_networks

        return plain_networks.build(network[len("plain:"):], classes)
    import torchvision

    return getattr(torchvision.models, network)(num_classes=classes)


job = json.load(sys.stdin)
pictures = torch.tensor(job["pictures"])
torch.nn.init.kaiming_normal_ = torch.nn.init.kaiming_uniform_ = lambda t, *a, **k: t  # all weights are replaced
logits = []
with torch.no_grad():
    for network in job["networks"]:
        model = build(network, job["classes"]).eval()
        for name, t in model.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                t.copy_(value(name, tuple(t.shape)))
        logits.append(model(pictures).tolist())
print(json.dumps(logits))
