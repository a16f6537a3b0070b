"""Networks that torchvision does not have, in plain PyTorch, for families_test.go.

They follow their authors' code (fastai's wrn_22 and Darknet, Page's ResNet-9, timm's Inception-ResNet) or their papers
(pre-activation blocks: He et al., 2016b; the stem of ResNet-D: He et al., 2019). Modules have the names of package zoo.
"""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F


def conv(inputs, outputs, kernel=3, stride=1):
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)


class ConvNorm(nn.Module):
    def __init__(self, inputs, outputs, kernel=3, stride=1, eps=1e-5, activation=F.relu):
        super().__init__()
        kernel = kernel if isinstance(kernel, tuple) else (kernel, kernel)
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=(kernel[0] // 2, kernel[1] // 2), bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps)
        self.activation = activation

    def forward(self, x):
        return self.activation(self.bn(self.conv(x)))


class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


class ConcatPool(nn.Module):
    def forward(self, x):
        return torch.cat([x.amax((2, 3)), x.mean((2, 3))], 1)


class Eighth(nn.Module):
    def forward(self, x):
        return x / 8


# Pre-activation blocks.


class PreAct(nn.Module):
    """fastai's has the input behind the first norm and relu always, and a fifth of the result."""

    def __init__(self, inputs, width, stride, fastai=False):
        super().__init__()
        self.outputs, self.fastai = width, fastai
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), conv(inputs, width, 3, stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(width), conv(width, width)
        if stride != 1 or inputs != width:
            self.shortcut = nn.Sequential(conv(inputs, width, 1, stride))

    def forward(self, x):
        a = F.relu(self.bn1(x))
        r = self.shortcut(a) if hasattr(self, "shortcut") else a if self.fastai else x
        h = self.conv2(F.relu(self.bn2(self.conv1(a))))
        return h * 0.2 + r if self.fastai else h + r


class FastaiPreAct(PreAct):
    def __init__(self, inputs, width, stride):
        super().__init__(inputs, width, stride, fastai=True)


class PreActBottleneck(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.outputs = 4 * width
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), conv(inputs, width, 1)
        self.bn2, self.conv2 = nn.BatchNorm2d(width), conv(width, width, 3, stride)
        self.bn3, self.conv3 = nn.BatchNorm2d(width), conv(width, 4 * width, 1)
        if stride != 1 or inputs != 4 * width:
            self.shortcut = nn.Sequential(conv(inputs, 4 * width, 1, stride))

    def forward(self, x):
        a = F.relu(self.bn1(x))
        r = self.shortcut(a) if hasattr(self, "shortcut") else x
        h = self.conv2(F.relu(self.bn2(self.conv1(a))))
        return self.conv3(F.relu(self.bn3(h))) + r


def preact(block, inputs, widths, depths):
    layers = []
    for i, (width, depth) in enumerate(zip(widths, depths)):
        blocks = []
        for k in range(depth):
            blocks.append(block(inputs, width, 2 if i > 0 and k == 0 else 1))
            inputs = blocks[-1].outputs
        layers.append((f"layer{i + 1}", nn.Sequential(*blocks)))
    return layers + [("bn", nn.BatchNorm2d(inputs)), ("relu", nn.ReLU())]


# Darknet and ResNet-9.


def leaky(inputs, outputs, kernel=3, stride=1):
    return ConvNorm(inputs, outputs, kernel, stride, activation=lambda x: F.leaky_relu(x, 0.1))


def darknet(start, depths, halve):
    layers = [("stem", leaky(3, start))]
    for i, depth in enumerate(depths):
        c = start * 2 ** (i + 1)
        down = leaky(c // 2, c, 3, 1 if i == 1 and not halve else 2)
        blocks = [Residual(leaky(c, c // 2, 1), leaky(c // 2, c)) for _ in range(depth)]
        layers.append((f"layer{i + 1}", nn.Sequential(down, *blocks)))
    return layers


class PageStage(ConvNorm):
    def __init__(self, inputs, outputs, residual):
        super().__init__(inputs, outputs)
        self.res = Residual(ConvNorm(outputs, outputs), ConvNorm(outputs, outputs)) if residual else nn.Identity()

    def forward(self, x):
        return self.res(F.max_pool2d(super().forward(x), 2))


def resnet9(start, classes):
    stages = [(f"layer{i + 1}", PageStage(start << i, start << i + 1, residual=i != 1)) for i in range(3)]
    last = [("pool", nn.AdaptiveMaxPool2d(1)), ("flat", nn.Flatten()), ("fc", nn.Linear(8 * start, classes, bias=False))]
    return cifar(start) + stages + last + [("divided", Eighth())]


# Inception-ResNet for small pictures: every window is padded, and "mixed_5b" is one convolution.


def inception_conv(inputs, outputs, kernel=3, stride=1):
    return ConvNorm(inputs, outputs, kernel, stride, eps=1e-3)


class Branches(nn.Module):
    """Branches are lists of (outputs, kernel, stride); where they halve the size, there is a maximum beside them."""

    def __init__(self, inputs, *branches, pooled=False):
        super().__init__()
        self.number, self.pooled = len(branches), pooled
        self.outputs = sum(b[-1][0] for b in branches) + (inputs if pooled else 0)
        for i, units in enumerate(branches):
            channels = [inputs] + [u[0] for u in units]
            convolutions = [inception_conv(c, *u) for c, u in zip(channels, units)]
            setattr(self, f"branch{i}", convolutions[0] if len(units) == 1 else nn.Sequential(*convolutions))

    def forward(self, x):
        outputs = [getattr(self, f"branch{i}")(x) for i in range(self.number)]
        return torch.cat(outputs + ([F.max_pool2d(x, 3, 2, 1)] if self.pooled else []), 1)


class InceptionBlock(Branches):
    def __init__(self, inputs, scale, *branches, relu=True):
        super().__init__(inputs, *branches)
        self.scale, self.relu = scale, relu
        self.conv2d = nn.Conv2d(self.outputs, inputs, 1)

    def forward(self, x):
        y = x + self.scale * self.conv2d(super().forward(x))
        return F.relu(y) if self.relu else y


def inception_resnet(a, b, c, q):
    """q gives the channels that there are for those published."""

    def block35():
        return InceptionBlock(
            q(320), 0.17, [(q(32), 1)], [(q(32), 1), (q(32), 3)], [(q(32), 1), (q(48), 3), (q(64), 3)])

    def block17(inputs):
        return InceptionBlock(inputs, 0.1, [(q(192), 1)], [(q(128), 1), (q(160), (1, 7)), (q(192), (7, 1))])

    def block8(inputs, scale, relu=True):
        three = [(q(192), 1), (q(224), (1, 3)), (q(256), (3, 1))]
        return InceptionBlock(inputs, scale, [(q(192), 1)], three, relu=relu)

    six = Branches(q(320), [(q(384), 3, 2)], [(q(256), 1), (q(256), 3), (q(384), 3, 2)], pooled=True)
    seven = Branches(
        six.outputs, [(q(256), 1), (q(384), 3, 2)], [(q(256), 1), (q(288), 3, 2)],
        [(q(256), 1), (q(288), 3), (q(320), 3, 2)], pooled=True)
    return [
        ("conv2d_1a", inception_conv(3, 32, 3, 2)), ("conv2d_2a", inception_conv(32, 32)),
        ("conv2d_2b", inception_conv(32, 64)), ("pool0", nn.MaxPool2d(3, 2, 1)),
        ("conv2d_3b", inception_conv(64, 80, 1)), ("conv2d_4a", inception_conv(80, 192)),
        ("mixed_5b", inception_conv(192, q(320), 1)),
        ("repeat", nn.Sequential(*[block35() for _ in range(a)])),
        ("mixed_6a", six), ("repeat_1", nn.Sequential(*[block17(six.outputs) for _ in range(b)])),
        ("mixed_7a", seven), ("repeat_2", nn.Sequential(*[block8(seven.outputs, 0.2) for _ in range(c - 1)])),
        ("block8", block8(seven.outputs, 1, relu=False)), ("conv2d_7b", inception_conv(seven.outputs, q(1536), 1)),
    ]


# Stems and heads.


def plain(c):
    return [("conv1", conv(3, c))]


def cifar(c):
    return [("conv1", conv(3, c)), ("bn1", nn.BatchNorm2d(c)), ("relu1", nn.ReLU())]


def factored(c):
    seven = nn.Sequential(ConvNorm(3, c, (1, 7), (1, 2)), ConvNorm(c, c, (7, 1), (2, 1)))
    return [("stem", seven), ("pool0", nn.MaxPool2d(3, 2, 1))]


def resnet_d(c):
    three = nn.Sequential(ConvNorm(3, c // 2, 3, 2), ConvNorm(c // 2, c // 2), ConvNorm(c // 2, c))
    return [("stem", three), ("pool0", nn.MaxPool2d(3, 2, 1))]


def patchify(c):
    return [("conv1", nn.Conv2d(3, c, 4, 4, bias=False)), ("bn1", nn.BatchNorm2d(c))]


def average(c, classes, name="fc"):
    return [("pool", nn.AdaptiveAvgPool2d(1)), ("flat", nn.Flatten()), (name, nn.Linear(c, classes))]


def maximum(c, classes):
    return [("pool", nn.AdaptiveMaxPool2d(1)), ("flat", nn.Flatten()), ("fc", nn.Linear(c, classes))]


def concat(c, classes):
    return [("pool", ConcatPool()), ("fc", nn.Linear(2 * c, classes))]


def fastai(c, classes, features):
    dense = OrderedDict(
        bn1=nn.BatchNorm1d(2 * c), drop1=nn.Dropout(0.25), fc1=nn.Linear(2 * c, features), relu=nn.ReLU(),
        bn2=nn.BatchNorm1d(features), drop2=nn.Dropout(0.5), fc2=nn.Linear(features, classes))
    return [("pool", ConcatPool()), ("head", nn.Sequential(dense))]


NETWORKS = {
    "wrn_22": lambda n: plain(16) + preact(FastaiPreAct, 16, [96, 192, 384], [3, 3, 3]) + average(384, n),
    "preact18": lambda n: plain(64) + preact(PreAct, 64, [64, 128, 256, 512], [2, 2, 2, 2]) + average(512, n),
    "preact-bottleneck-8x2-16x2":
        lambda n: plain(8) + preact(PreActBottleneck, 8, [8, 16], [2, 2]) + average(64, n),
    "darknet-8-1x2x1": lambda n: darknet(8, [1, 2, 1], halve=False) + average(64, n),
    "darknet-8-1x2x1-halve": lambda n: darknet(8, [1, 2, 1], halve=True) + average(64, n),
    "resnet9-16": lambda n: resnet9(16, n),
    "inception+inception-resnet-25-1x2x2":
        lambda n: inception_resnet(1, 2, 2, lambda c: c // 4) + average(384, n, "classif"),
    "factored+preact-8x1-12x1+max": lambda n: factored(8) + preact(PreAct, 8, [8, 12], [1, 1]) + maximum(12, n),
    "resnet-d+preact-8x2-12x1+concat": lambda n: resnet_d(8) + preact(PreAct, 8, [8, 12], [2, 1]) + concat(12, n),
    "patchify+preact-8x1-12x1+fastai-16": lambda n: patchify(8) + preact(PreAct, 8, [8, 12], [1, 1]) + fastai(12, n, 16),
    "leaky+preact-8x1-12x1":
        lambda n: [("stem", leaky(3, 8))] + preact(PreAct, 8, [8, 12], [1, 1]) + average(12, n),
}


def build(name, classes):
    return nn.Sequential(OrderedDict(NETWORKS[name](classes)))
