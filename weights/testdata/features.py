"""Writes a network's weights, and its features of a picture as PyTorch computes them.

features.py random NAME OUT        random weights: OUT.pth, OUT.legacy.pth, OUT.json
features.py file NAME FILE OUT     those of a safetensors file: OUT.json

The picture is [1 H W 3] of numbers that follow from their index. The result is, for each layer, its shape [1 H W C] and
some of its numbers, and the same of the gradient of the sum over layers of the features' mean square.
"""
import json
import struct
import sys

import numpy
import torch

CONVOLUTIONS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
HEIGHT, WIDTH = 45, 50


def vgg(name):
    modules, layers, channels = [], {}, 3
    for block, count in enumerate(CONVOLUTIONS[name.removesuffix("_bn")]):
        for i in range(count):
            out = min(64 << block, 512)
            modules.append(torch.nn.Conv2d(channels, out, 3, padding=1))
            if name.endswith("_bn"):
                modules.append(torch.nn.BatchNorm2d(out))
            layers[len(modules)] = "relu%d_%d" % (block + 1, i + 1)
            modules.append(torch.nn.ReLU())
            channels = out
        modules.append(torch.nn.MaxPool2d(2, 2))
    return modules, layers


class Fire(torch.nn.Module):
    def __init__(self, channels, squeeze, expand):
        super().__init__()
        self.squeeze = torch.nn.Conv2d(channels, squeeze, 1)
        self.expand1x1 = torch.nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = torch.nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x):
        x = torch.relu(self.squeeze(x))
        return torch.cat([torch.relu(self.expand1x1(x)), torch.relu(self.expand3x3(x))], 1)


def squeezenet(name):
    pool = torch.nn.MaxPool2d(3, 2, ceil_mode=True)
    fires = [(16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)]
    if name == "squeezenet1_0":
        modules, channels, pools = [torch.nn.Conv2d(3, 96, 7, 2)], 96, (3, 7)
    else:
        modules, channels, pools = [torch.nn.Conv2d(3, 64, 3, 2)], 64, (2, 4)
    modules += [torch.nn.ReLU(), pool]
    layers = {1: "relu1"}
    for i, (squeeze, expand) in enumerate(fires):
        layers[len(modules)] = "fire%d" % (i + 2)
        modules.append(Fire(channels, squeeze, expand))
        channels = 2 * expand
        if i + 1 in pools:
            modules.append(pool)
    return modules, layers


class Network(torch.nn.Module):
    def __init__(self, name):
        super().__init__()
        modules, self.layers = (vgg if name.startswith("vgg") else squeezenet)(name)
        self.features = torch.nn.Sequential(*modules)

    def run(self, x, last):
        out = {}
        for i, m in enumerate(self.features):
            x = m(x)
            if i in self.layers:
                out[self.layers[i]] = x
            if i == last:
                break
        return out


def randomize(net):
    """Random weights that keep features as large as the pictures."""
    torch.manual_seed(1)
    for m in net.modules():
        if isinstance(m, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(m.weight)
            torch.nn.init.normal_(m.bias, std=0.1)
        if isinstance(m, torch.nn.BatchNorm2d):
            for v in (m.weight, m.running_var):
                torch.nn.init.uniform_(v, 0.5, 1.5)
            for v in (m.bias, m.running_mean):
                torch.nn.init.normal_(v, std=0.3)


def safetensors(path):
    with open(path, "rb") as f:
        header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        data = f.read()
    types = {"F16": "<f2", "F32": "<f4"}
    tensors = {}
    for name, e in header.items():
        if name != "__metadata__":
            begin, end = e["data_offsets"]
            a = numpy.frombuffer(data[begin:end], types[e["dtype"]]).reshape(e["shape"])
            tensors[name] = torch.from_numpy(a.astype("<f4"))
    return tensors, header["__metadata__"]["preprocess"]


def picture():
    i = torch.arange(HEIGHT * WIDTH * 3, dtype=torch.float64)
    return (0.5 + 0.5 * torch.sin(i * i * 0.01)).float().reshape(1, HEIGHT, WIDTH, 3).requires_grad_()


def prepare(x, preprocess):
    x = x.permute(0, 3, 1, 2)
    if preprocess.startswith("caffe"):
        return x.flip(1) * 255 - torch.tensor([103.939, 116.779, 123.68]).reshape(1, 3, 1, 1)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return (x - mean.reshape(1, 3, 1, 1)) / std.reshape(1, 3, 1, 1)


def some(x):
    flat = x.flatten()
    step = max(1, len(flat) // 4999)
    return {"shape": list(x.shape), "step": step, "values": flat[::step].tolist()}


def main():
    torch.set_num_threads(1)
    net, out, preprocess = Network(sys.argv[2]).eval(), sys.argv[-1], "torchvision"
    last = len(net.features) - 1
    if sys.argv[1] == "random":
        randomize(net)
        torch.save(net.state_dict(), out + ".pth")
        torch.save(net.state_dict(), out + ".legacy.pth", _use_new_zipfile_serialization=False)
    else:
        tensors, preprocess = safetensors(sys.argv[3])
        net.load_state_dict(tensors, strict=False)
        last = max(int(n.split(".")[1]) for n in tensors if n.startswith("features.")) + 1
    x = picture()
    features = net.run(prepare(x, preprocess), last)
    sum((f * f).mean() for f in features.values()).backward()
    result = {"gradient": some(x.grad)}
    for layer, f in features.items():
        result[layer] = some(f.detach().permute(0, 2, 3, 1).contiguous())
    with open(out + ".json", "w") as f:
        json.dump(result, f)


main()
