"""airbench94's training (Jordan, 2024; its version with SGD) in PyTorch, in float32, a step at a time.

The first line of the standard input is the task, each other one a batch; each is answered by a line. All lines are JSON:

    {"weights": FILE, "batch": 1024, "total": 476, "per_epoch": 48, "freeze_epochs": 3, "lookahead_start": 3}
    {"batch": FILE, "shape": [N, H, W, C]}    the file has the pixels (float32) and the labels (int32)

The weights are a safetensors file with the names and shapes of PyTorch's modules. A step is on the sum of the batch's
losses, as in the original.
"""
import argparse
import json
import math
import sys
import time

import numpy
import torch
import torch.nn.functional as F

LR, MOMENTUM, WEIGHT_DECAY, BIAS_FACTOR = 11.5, 0.85, 0.0153, 64
SMOOTHING = 0.2
START, PEAK, END = 0.2, 0.23, 0.07  # of the learning rate, and where it is highest
EVERY, DECAY, POWER = 5, 0.95, 3  # of the slow weights


def read_safetensors(path):
    """All tensors of a file, float32."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        content = file.read()
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        assert entry["dtype"] == "F32", name
        begin, end = entry["data_offsets"]
        values = numpy.frombuffer(content[begin:end], dtype="<f4").reshape(entry["shape"])
        tensors[name] = torch.from_numpy(values.copy())
    return tensors


class Network:
    """The network as a function of its tensors."""

    def __init__(self, tensors, layout):
        self.tensors = {
            name: t.to(memory_format=layout) if t.dim() == 4 else t.clone() for name, t in tensors.items()}
        for name, t in self.tensors.items():
            t.requires_grad_("running" not in name and name != "whiten.weight")

    def norm(self, x, name):
        t = self.tensors
        x = F.batch_norm(x, t[name + ".running_mean"], t[name + ".running_var"], None, t[name + ".bias"],
                         training=True, momentum=0.4, eps=1e-12)
        return F.gelu(x)

    def __call__(self, x):
        t = self.tensors
        x = F.gelu(F.conv2d(x, t["whiten.weight"], t["whiten.bias"]))
        for layer in ("layer1", "layer2", "layer3"):
            x = F.max_pool2d(F.conv2d(x, t[layer + ".conv1.weight"], padding=1), 2)
            x = self.norm(x, layer + ".norm1")
            x = F.conv2d(x, t[layer + ".conv2.weight"], padding=1)
            x = self.norm(x, layer + ".norm2")
        return F.linear(x.amax((2, 3)), t["fc.weight"]) / 9


class Trainer:
    def __init__(self, task, layout):
        self.task, self.layout, self.steps, self.slow = task, layout, 0, None
        self.network = Network(read_safetensors(task["weights"]), layout)
        # Gradients that stay the same make steps this many times as large.
        scale = 1024 * (1 + 1 / (1 - MOMENTUM))
        rate, decay = LR / scale, WEIGHT_DECAY * task["batch"] / scale
        biases, others = [], []
        for name, t in self.network.tensors.items():
            if t.requires_grad:
                (biases if ".norm" in name else others).append(t)
        self.optimizer = torch.optim.SGD([
            {"params": biases, "lr": rate * BIAS_FACTOR, "weight_decay": decay / (rate * BIAS_FACTOR)},
            {"params": others, "lr": rate, "weight_decay": decay / rate},
        ], lr=rate, momentum=MOMENTUM, nesterov=True)
        for group in self.optimizer.param_groups:
            group["highest"] = group["lr"]

    def factor(self):
        """What the learning rates are multiplied by in the next step."""
        total = self.task["total"]
        peak = int(PEAK * total)
        if self.steps < peak:
            return START + (1 - START) * self.steps / peak
        return 1 + (END - 1) * (self.steps - peak) / (total - peak)

    def step(self, pictures, labels):
        per_epoch = self.task["per_epoch"]
        epoch = self.steps // per_epoch
        bias = self.network.tensors["whiten.bias"]
        if epoch >= self.task["freeze_epochs"] and bias.requires_grad:
            bias.requires_grad_(False)
            bias.grad = None
        for group in self.optimizer.param_groups:
            group["lr"] = group["highest"] * self.factor()
        self.optimizer.zero_grad(set_to_none=True)
        losses = F.cross_entropy(self.network(pictures), labels, label_smoothing=SMOOTHING, reduction="none")
        losses.sum().backward()
        self.optimizer.step()
        self.steps += 1
        if epoch >= self.task["lookahead_start"] and self.steps % EVERY == 0:
            if self.slow is None:
                self.slow = {name: t.detach().clone() for name, t in self.network.tensors.items()}
            else:
                self.look(DECAY ** EVERY * (self.steps / self.task["total"]) ** POWER)
        if self.slow is not None and (self.steps % per_epoch == 0 or self.steps == self.task["total"]):
            self.look(1.0)
        return losses.mean().item()

    @torch.no_grad()
    def look(self, remember):
        """Moves the slow weights and statistics, and sets the others to them."""
        for name, t in self.network.tensors.items():
            self.slow[name].lerp_(t, 1 - remember)
            t.copy_(self.slow[name])

    def read(self, request):
        shape = request["shape"]
        size = math.prod(shape)
        with open(request["batch"], "rb") as file:
            content = file.read()
        pixels = numpy.frombuffer(content, dtype="<f4", count=size).reshape(shape)
        labels = numpy.frombuffer(content, dtype="<i4", offset=4 * size)
        pictures = torch.from_numpy(pixels.copy()).permute(0, 3, 1, 2).contiguous(memory_format=self.layout)
        return pictures, torch.from_numpy(labels.astype("int64"))


LAYOUTS = {"nchw": torch.contiguous_format, "channels_last": torch.channels_last}


def faster_layout(task):
    """The layout in which a step on noise takes less time."""
    times = {}
    for name, layout in LAYOUTS.items():
        trainer = Trainer(task, layout)
        pictures = torch.randn(task["batch"], 3, 32, 32).contiguous(memory_format=layout)
        labels = torch.arange(task["batch"]) % 10
        for _ in range(2):  # the first is for warming up
            start = time.perf_counter()
            trainer.step(pictures, labels)
            times[name] = time.perf_counter() - start
    return min(times, key=times.get)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    torch.set_num_threads(parser.parse_args().threads)
    torch.manual_seed(1)

    def answer(**values):
        print(json.dumps(values), flush=True)

    trainer = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if trainer is None:
                layout = faster_layout(request)
                trainer = Trainer(request, LAYOUTS[layout])
                answer(layout=layout)
                continue
            batch = trainer.read(request)
            start = time.perf_counter()
            loss = trainer.step(*batch)
            answer(loss=loss, seconds=time.perf_counter() - start)
        except Exception as e:  # the other side prints it
            answer(error=f"{type(e).__name__}: {e}")


if __name__ == "__main__":
    main()
