"""Runs layers with PyTorch for torch_test.go.

Reads from standard input a JSON list of cases {"op", "args", "inputs": [{"dims", "data"}]} with pictures [N H W C] and
kernels [KH KW I O] in float64, and writes a list of {"value", "grads"}: the layer's value and the gradients of
sum(w * value), w[i] = sin(0.37 i) + 0.2, with respect to every input, in the same layouts; null where PyTorch has none.
"""

import json
import sys

import torch
import torch.nn.functional as F


def nchw(x):
    return x.permute(0, 3, 1, 2).contiguous()


def nhwc(x):
    return x.permute(0, 2, 3, 1)


def oihw(k):
    return k.permute(3, 2, 0, 1).contiguous()


def pad(x, args):
    mode = {"zeros": "constant"}.get(args["mode"], args["mode"])
    return nhwc(F.pad(nchw(x), args["pad"], mode=mode))


def conv2d(a, x, k, b):
    if a["pad"] == "same":
        return nhwc(F.conv2d(nchw(x), oihw(k), b, padding="same", dilation=a["dilation"], groups=a["groups"]))
    return nhwc(F.conv2d(nchw(pad(x, a)), oihw(k), b, stride=a["stride"], dilation=a["dilation"], groups=a["groups"]))


def conv_transpose2d(a, x, k, b):
    return nhwc(F.conv_transpose2d(nchw(x), oihw(k), b, stride=a["stride"], padding=a["padding"],
                                   output_padding=a["output_padding"], groups=a["groups"], dilation=a["dilation"]))


def max_pool2d(a, x):
    return nhwc(F.max_pool2d(nchw(x), a["kernel"], a["stride"], a["padding"], ceil_mode=a["ceil"]))


def avg_pool2d(a, x):
    return nhwc(F.avg_pool2d(nchw(x), a["kernel"], a["stride"], a["padding"], ceil_mode=a["ceil"],
                             count_include_pad=a["include"]))


def lp_pool2d(a, x):
    return nhwc(F.lp_pool2d(nchw(x), 2, a["kernel"], a["stride"]))


def adaptive_concat_pool2d(a, x):
    x, size = nchw(x), a["size"]
    return nhwc(torch.cat([F.adaptive_max_pool2d(x, size), F.adaptive_avg_pool2d(x, size)], 1))


def by_channels(f):
    """f works on channels second; vectors are [N C] in both layouts."""
    def run(x):
        return nhwc(f(nchw(x))) if x.dim() == 4 else f(x)
    return run


def batch_norm_infer(a, x, scale, offset, mean, var):
    return by_channels(lambda x: F.batch_norm(x, mean.detach(), var.detach().exp(), scale, offset, eps=a["eps"]))(x)


def pixel_norm(a, x):
    return x * (x.square().mean(-1, keepdim=True) + a["eps"]).rsqrt()


def gram(a, x):
    f = x.reshape(x.shape[0], -1, x.shape[-1])
    return f.transpose(1, 2) @ f / a["div"]


def cross_entropy(reduction):
    def run(a, x):
        return F.cross_entropy(x, torch.tensor(a["labels"]), label_smoothing=a["smoothing"], reduction=reduction)
    return run


OPS = {
    "conv2d": conv2d,
    "conv_transpose2d": conv_transpose2d,
    "pad": lambda a, x: pad(x, a),
    "max_pool2d": max_pool2d,
    "avg_pool2d": avg_pool2d,
    "lp_pool2d": lp_pool2d,
    "adaptive_max_pool2d": lambda a, x: nhwc(F.adaptive_max_pool2d(nchw(x), a["size"])),
    "adaptive_avg_pool2d": lambda a, x: nhwc(F.adaptive_avg_pool2d(nchw(x), a["size"])),
    "adaptive_concat_pool2d": adaptive_concat_pool2d,
    "nearest": lambda a, x: nhwc(F.interpolate(nchw(x), scale_factor=a["factor"], mode="nearest")),
    "bilinear": lambda a, x: nhwc(F.interpolate(nchw(x), size=a["size"], mode="bilinear", align_corners=a["align"])),
    "batch_norm": lambda a, x, s, o: by_channels(
        lambda x: F.batch_norm(x, None, None, s, o, training=True, eps=a["eps"]))(x),
    "batch_norm_infer": batch_norm_infer,
    "instance_norm": lambda a, x: nhwc(F.instance_norm(nchw(x), eps=a["eps"])),
    "pixel_norm": pixel_norm,
    "gelu": lambda a, x: F.gelu(x),
    "relu": lambda a, x: F.relu(x),
    "leaky_relu": lambda a, x: F.leaky_relu(x, a["slope"]),
    "gram": gram,
    "linear": lambda a, x, w, b: F.linear(x, w.t(), b),
    "cross_entropy": cross_entropy("mean"),
    "cross_entropy_each": cross_entropy("none"),
}


def tensor(t):
    return torch.tensor(t["data"], dtype=torch.float64).reshape(t["dims"])


def plain(t):
    return t if t is None else {"dims": list(t.shape), "data": t.detach().reshape(-1).tolist()}


def run(case):
    inputs = [tensor(t).requires_grad_() for t in case["inputs"]]
    y = OPS[case["op"]](case["args"] or {}, *inputs)
    w = torch.sin(0.37 * torch.arange(y.numel(), dtype=torch.float64)) + 0.2
    grads = torch.autograd.grad((w * y.reshape(-1)).sum(), inputs, allow_unused=True)
    return {"value": plain(y), "grads": [plain(g) for g in grads]}


json.dump([run(c) for c in json.load(sys.stdin)], sys.stdout)
