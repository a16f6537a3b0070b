"""The jobs of `atelier bench` done by PyTorch, step by step on request.

Protocol (bench/serve.go): a request is a line of words on standard input, the answer a line of JSON.

    open NAME [LAYOUT]   readies a job; without LAYOUT (nchw, channels_last) tries both and keeps the faster. In bfloat16
                         it is followed by +bf16; with --precision auto both are tried. For jobs with a loader the number
                         of its workers comes last, as in nchw/1; 0, 1 and 2 are tried
    step COUNT           runs the job that often and tells the mean time
    close                frees the job, and tells the losses of a painting and the peak memory of the process so far

By hand: python3 peer_torch.py --threads 2 gemm=512 style=256   measures these jobs and prints one line each.
"""
import argparse
import gc
import json
import math
import random
import re
import signal
import statistics
import sys
import time

import torch
import torch.nn.functional as F

from peer_style import STYLE_LAYERS, STYLE_TARGETS, VGG19, gram, paint

LAYOUTS = {"nchw": torch.contiguous_format, "channels_last": torch.channels_last}

# What --precision lets a layout be followed by.
PRECISIONS = {"float32": [""], "bf16": ["+bf16"], "auto": ["", "+bf16"]}


def he(shape):
    """Weights of a layer followed by a relu (He et al. 2015). shape: O I KH KW."""
    return torch.randn(shape) * math.sqrt(2 / (shape[1] * shape[2] * shape[3]))


def mixed(dtype):
    """Training in bfloat16 is PyTorch's automatic mixed precision: weights and losses stay float32."""
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == torch.bfloat16)


def gemm(n, layout, dtype):
    """C = A·B; matrices have no layout."""
    a, b = torch.randn(n, n).to(dtype), torch.randn(n, n).to(dtype)

    def step():
        with torch.no_grad():
            torch.mm(a, b)

    return step


def conv_step(x, k, dy, padding, direction):
    """One convolution forward, or one of its two gradients alone."""
    if direction == "forward":
        def step():
            with torch.no_grad():
                F.conv2d(x, k, padding=padding)
        return step
    mask = [direction == "dx", direction == "dk", False]

    def step():
        torch.ops.aten.convolution_backward(
            dy, x, k, None, [1, 1], [padding, padding], [1, 1], False, [0, 0], 1, mask)
    return step


def vggconv(size, layout, dtype, layer, direction):
    """A convolution of VGG-19 for one picture."""
    _, cin, cout, halvings = next(l for l in VGG19 if l[0] == layer)
    side = size >> halvings
    x = torch.randn(1, cin, side, side).to(dtype, memory_format=layout)
    k = he((cout, cin, 3, 3)).to(dtype, memory_format=layout)
    dy = torch.randn(1, cout, side, side).to(dtype, memory_format=layout)
    return conv_step(x, k, dy, 1, direction)


def style(size, layout, dtype):
    """VGG-19 up to conv3_4, Gram losses, and the gradient of the picture; in bfloat16 all but the losses."""
    layers = []
    for name, cin, cout, halvings in VGG19[:STYLE_LAYERS]:
        kernel = he((cout, cin, 3, 3)).to(dtype, memory_format=layout)
        target = torch.randn(cout, cout) * 0.1 if name in STYLE_TARGETS else None
        layers.append((kernel, (torch.randn(cout) * 0.1).to(dtype), target, halvings))
    picture = torch.randn(1, 3, size, size).to(dtype, memory_format=layout).requires_grad_()

    def step():
        h, loss, halved = picture, 0.0, 0
        for kernel, bias, target, halvings in layers:
            if halvings > halved:
                h, halved = F.max_pool2d(h, 2), halvings
            h = F.relu(F.conv2d(h, kernel, bias, padding=1), inplace=True)
            if target is not None:
                loss = loss + F.mse_loss(gram(h).float(), target)
        torch.autograd.grad(loss, picture)

    return step


class Block(torch.nn.Module):
    """The basic residual block of He et al. 2016."""

    def __init__(self, cin, cout, stride):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(cout)
        self.conv2 = torch.nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = torch.nn.BatchNorm2d(cout)
        self.shortcut = torch.nn.Sequential()
        if stride != 1 or cin != cout:
            self.shortcut = torch.nn.Sequential(
                torch.nn.Conv2d(cin, cout, 1, stride, bias=False), torch.nn.BatchNorm2d(cout))

    def forward(self, x):
        h = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(h)) + self.shortcut(x), inplace=True)


class ResNet(torch.nn.Module):
    """A ResNet with the stem for 32×32 pictures: one 3×3 convolution and no pooling."""

    def __init__(self, channels, widths, depths):
        super().__init__()
        cin = widths[0]
        self.stem = torch.nn.Sequential(
            torch.nn.Conv2d(channels, cin, 3, 1, 1, bias=False), torch.nn.BatchNorm2d(cin), torch.nn.ReLU(inplace=True))
        blocks = []
        for i, (cout, depth) in enumerate(zip(widths, depths)):
            for k in range(depth):
                blocks.append(Block(cin, cout, 2 if i > 0 and k == 0 else 1))
                cin = cout
        self.blocks = torch.nn.Sequential(*blocks)
        self.head = torch.nn.Linear(cin, 10)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)).mean((2, 3)))


RESNET18 = (3, [64, 128, 256, 512], [2, 2, 2, 2])


def resnet18(batch, layout, dtype):
    """A training step: forward, backward, SGD with Nesterov momentum and weight decay."""
    return fixed_step(ResNet(*RESNET18), 0.1, torch.randn(batch, 3, 32, 32), layout, dtype)


def sgd(model, rate):
    return torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9, nesterov=True, weight_decay=5e-4)


def fixed_step(model, rate, pictures, layout, dtype):
    """A training step on the same pictures again and again."""
    model = model.to(memory_format=layout).train()
    pictures = pictures.to(memory_format=layout)
    labels = torch.arange(len(pictures)) % 10
    optimizer = sgd(model, rate)

    def step():
        optimizer.zero_grad(set_to_none=True)
        with mixed(dtype):
            loss = F.cross_entropy(model(pictures), labels)
        loss.backward()
        optimizer.step()

    return step


# Networks of the training loops: the side of the pictures, then what ResNet wants.
LOOPS = {"resnet18": (32, *RESNET18), "small": (28, 1, [16, 32, 64], [1, 1, 1])}
LOOP_PICTURES = 4096
LOOP_PAD = 4


class Noise(torch.utils.data.Dataset):
    """Pictures of noise, cut at random out of mirrored borders, flipped half of the time, and normalised. The borders
    are made once, not picture by picture."""

    def __init__(self, side, channels):
        self.side = side
        pixels = torch.randint(0, 256, (LOOP_PICTURES, channels, side, side)).float()
        self.pixels = F.pad(pixels, (LOOP_PAD,) * 4, mode="reflect").to(torch.uint8)

    def __len__(self):
        return LOOP_PICTURES

    def __getitem__(self, i):
        y, x, flip = random.randint(0, 2 * LOOP_PAD), random.randint(0, 2 * LOOP_PAD), random.random() < 0.5
        picture = self.pixels[i, :, y:y + self.side, x:x + self.side]
        if flip:
            picture = picture.flip(-1)
        return picture.float().div_(255).sub_(0.5).div_(0.25), i % 10


def forever(loader):
    while True:
        yield from loader


def trainloop(batch, layout, dtype, task, part, workers=0):
    """A training step with its pictures from a loader, and the loss and the accuracy read as a loop does that shows
    them; or, as part "step", on a fixed batch."""
    side, channels, widths, depths = LOOPS[task]
    model = ResNet(channels, widths, depths)
    if part == "step":
        return fixed_step(model, 0.01, torch.randn(batch, channels, side, side), layout, dtype)
    model = model.to(memory_format=layout).train()
    optimizer = sgd(model, 0.01)
    batches = forever(torch.utils.data.DataLoader(
        Noise(side, channels), batch_size=batch, shuffle=True, drop_last=True, num_workers=workers,
        persistent_workers=workers > 0))

    def step():
        pictures, labels = next(batches)
        pictures = pictures.contiguous(memory_format=layout)
        optimizer.zero_grad(set_to_none=True)
        with mixed(dtype):
            logits = model(pictures)
            loss = F.cross_entropy(logits, labels)
        loss.backward()
        optimizer.step()
        loss.item(), (logits.argmax(1) == labels).sum().item()

    return step


def build(name, layout):
    """The step of a job."""
    m = (re.fullmatch(r"(gemm|style|resnet18)=(\d+)", name)
         or re.fullmatch(r"(paint)=(\d+)/(lbfgs|adam)", name)
         or re.fullmatch(r"(vggconv)=(\d+)/(\w+)/(forward|dx|dk)", name)
         or re.fullmatch(r"(trainloop)=(\d+)/(resnet18|small)/(loop|step)", name))
    if not m:
        raise ValueError(f"no job {name}")
    torch.manual_seed(1)
    make = {"gemm": gemm, "style": style, "resnet18": resnet18, "vggconv": vggconv, "trainloop": trainloop,
            "paint": paint}[m[1]]
    layout, _, workers = layout.partition("/")
    layout, _, precision = layout.partition("+")
    dtype = {"": torch.float32, "bf16": torch.bfloat16}[precision]
    more = {"workers": int(workers)} if workers else {}
    return make(int(m[2]), LAYOUTS[layout], dtype, *m.groups()[2:], **more)


def timed(step, count=1):
    """The mean time in seconds."""
    start = time.perf_counter()
    for _ in range(count):
        step()
    return (time.perf_counter() - start) / count


def speed(name, layout):
    """The best of a few steps: three, or as many as fit in a quarter of a second."""
    step = build(name, layout)
    step()
    times = []
    while len(times) < 3 or sum(times) < 0.25:
        times.append(timed(step))
        if sum(times) > 10:
            break
    del step
    gc.collect()
    return min(times)


def faster_layout(name, precisions):
    """The layout in which a job is faster, of those with one of the precisions."""
    layouts = [layout + precision for layout in LAYOUTS for precision in precisions]
    if name.startswith("gemm"):
        layouts = layouts[:len(precisions)]
    # What paintings consist of is enough to tell.
    name = re.sub(r"paint=(\d+)/.*", r"style=\1", name)
    layout = layouts[0]
    if len(layouts) > 1:
        layout = min(layouts, key=lambda layout: speed(name, layout))
    if name.endswith("/loop"):
        layout = min((f"{layout}/{workers}" for workers in range(3)), key=lambda layout: speed(name, layout))
    return layout


def peak_memory():
    """The most resident memory of this process so far in bytes, 0 where the system does not say."""
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) << 10
    except OSError:
        pass
    return 0


class Server:
    """Holds the open job."""

    def __init__(self, precisions):
        self.precisions = precisions
        self.step = self.losses = None

    def handle(self, request):
        if request[:1] == ["open"] and len(request) in (2, 3):
            self.step = self.losses = None
            gc.collect()
            layout = request[2] if len(request) == 3 else faster_layout(request[1], self.precisions)
            start = time.perf_counter()
            self.step = build(request[1], layout)
            self.losses = self.step()
            seconds = time.perf_counter() - start
            return {"seconds": seconds, "layout": layout}
        if request[:1] == ["step"] and len(request) == 2:
            return {"seconds": timed(self.step, int(request[1]))}
        if request == ["close"]:
            self.step = None
            gc.collect()
            return {"peak_memory": peak_memory(), "losses": self.losses}
        raise ValueError("request %r is not one of: open NAME [LAYOUT], step COUNT, close" % " ".join(request))


def serve(precisions):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process at the other end closes our input
    server = Server(precisions)
    for line in sys.stdin:
        try:
            answer = server.handle(line.split())
        except Exception as e:  # a failed job must not end the process
            answer = {"error": f"{type(e).__name__}: {e}"}
        print(json.dumps(answer), flush=True)


def measure(name, n, precisions):
    layout = faster_layout(name, precisions)
    step = build(name, layout)
    step()
    times = [timed(step) for _ in range(n)]
    print(json.dumps({"job": name, "layout": layout, "n": n, "median": statistics.median(times), "min": min(times),
                      "max": max(times), "peak_memory": peak_memory()}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=PRECISIONS, default="float32")
    parser.add_argument("--n", type=int, default=10)
    parser.add_argument("job", nargs="*")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    if not args.job:
        serve(PRECISIONS[args.precision])
    for name in args.job:
        measure(name, args.n, PRECISIONS[args.precision])


if __name__ == "__main__":
    main()
