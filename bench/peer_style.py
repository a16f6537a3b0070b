"""Paintings with PyTorch, for peer_torch.py: what package style does, with the same weights, pictures, sizes and numbers of
iterations, on a network of the usual modules.

L-BFGS and its line search are those of style/lbfgs.go, so that both sides evaluate the loss as often: torch.optim.LBFGS
spends evaluations on a first step that it makes too short at each scale. Adam is PyTorch's.
"""
import math

import torch
import torch.nn.functional as F

# Convolutions of VGG-19: name, input channels, output channels, how often the picture was halved before.
VGG19 = [
    ("conv1_1", 3, 64, 0), ("conv1_2", 64, 64, 0),
    ("conv2_1", 64, 128, 1), ("conv2_2", 128, 128, 1),
    ("conv3_1", 128, 256, 2), ("conv3_2", 256, 256, 2), ("conv3_3", 256, 256, 2), ("conv3_4", 256, 256, 2),
    ("conv4_1", 256, 512, 3), ("conv4_2", 512, 512, 3), ("conv4_3", 512, 512, 3), ("conv4_4", 512, 512, 3),
    ("conv5_1", 512, 512, 4), ("conv5_2", 512, 512, 4), ("conv5_3", 512, 512, 4), ("conv5_4", 512, 512, 4),
]
STYLE_LAYERS = 8
STYLE_TARGETS = {"conv1_1", "conv2_1", "conv3_1", "conv3_4"}
CONTENT_TARGET = "conv3_3"

# Settings of bench/paint.go, and of style/lbfgs.go and style/adam.go.
ITERATIONS = [6, 5, 4, 3, 2]
SMALLEST = 128
CONTENT_WEIGHT, STYLE_WEIGHT, TV = 1, 10, 20
HISTORY, FIRST_STEP, MAX_SEARCH, OUTSIDE = 10, 0.01, 12, 100
DECREASE, CURVATURE = 1e-4, 0.9
RATE, AVERAGE, BETAS, EPS = 0.02, 0.9, (0.9, 0.99), 1e-8
TINY = 1e-12


def hashed(seed, *shape):
    """Uniform numbers in [0, 1), those of bench/hashed.go."""
    mask = 0xffffffff
    x = torch.arange(math.prod(shape), dtype=torch.int64) + (seed * 0x1e3779b1 & mask) & mask
    x = x ^ (x >> 16)
    x = x * 0x7feb352d & mask
    x = x ^ (x >> 15)
    x = x * 0x46ca68b5 & mask
    x = x ^ (x >> 16)
    return ((x >> 8).double() / (1 << 24)).reshape(shape)


def hashed_picture(seed, h, w, cells):
    """Noise with structure [1 3 H W], as bench/hashed.go makes it."""
    sums, strength, total = torch.zeros(h, w, 3, dtype=torch.float64), 1.0, 0.0
    for octave in range(4):
        n = cells << octave
        corners = hashed(seed + 100 * (octave + 1), n + 1, n + 1, 3)
        (top, down), (left, right) = [cell(size, n) for size in (h, w)]
        down, right = down[:, None, None], right[None, :, None]
        a, b = [corners[row][:, left] * (1 - right) + corners[row][:, left + 1] * right for row in (top, top + 1)]
        sums += strength * (a * (1 - down) + b * down)
        total += strength
        strength /= 2
    return ((sums / total * 255 + 0.5).floor() / 255).float().permute(2, 0, 1)[None]


def cell(size, n):
    """The cells of n that the middles of pixels lie in, and where in them."""
    v = (torch.arange(size, dtype=torch.float64) + 0.5) * n / size
    return v.long(), v - v.floor()


class VGG(torch.nn.Module):
    """VGG-19 up to relu3_4 with hashed weights, for float32 pictures as torchvision prepares them. In bfloat16 its weights
    and features are; losses, the picture and what moves it stay float32."""

    def __init__(self, layout, dtype):
        super().__init__()
        convs = []
        for i, (_, cin, cout, _) in enumerate(VGG19[:STYLE_LAYERS]):
            conv = torch.nn.Conv2d(cin, cout, 3, padding=1)
            bound = math.sqrt(6 / (cin * 9))
            conv.weight.data = ((hashed(10 + 2 * i, cout, cin, 3, 3) - 0.5) * 2 * bound).float()
            conv.bias.data = ((hashed(11 + 2 * i, cout) - 0.5) * 0.2).float()
            convs.append(conv)
        self.convs = torch.nn.ModuleList(convs).to(dtype, memory_format=layout).requires_grad_(False)
        self.dtype = dtype
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))

    def forward(self, x, until=STYLE_LAYERS):
        """The features behind each relu, by the convolution's name."""
        h, halved, features = ((x - self.mean) / self.std).to(self.dtype), 0, {}
        for (name, _, _, halvings), conv in zip(VGG19[:until], self.convs):
            if halvings > halved:
                h, halved = F.max_pool2d(h, 2), halvings
            h = F.relu(conv(h), inplace=True)
            features[name] = h
        return features


def gram(x):
    """FᵀF divided by the number of positions. x: 1 C H W."""
    _, c, h, w = x.shape
    f = x.reshape(c, h * w) if x.is_contiguous() else x.permute(0, 2, 3, 1).reshape(h * w, c).t()
    return f @ f.t() / (h * w)


def total_variation(x):
    """2·(dx²/3 + dy²/3 + d↘²/12 + d↗²/12), as style/tv.go. x: 1 3 H W."""
    a = (x[..., 1:] - x[..., :-1]).square().sum() + (x[..., 1:, :] - x[..., :-1, :]).square().sum()
    b = (x[..., 1:, 1:] - x[..., :-1, :-1]).square().sum() + (x[..., 1:, :-1] - x[..., :-1, 1:]).square().sum()
    return (2 / 3 * a + 2 / 12 * b) / x.numel()


class Objective:
    """The loss of a picture of one size, and its gradient."""

    def __init__(self, net, content, style):
        self.net = net
        with torch.no_grad():
            features = net(style)
            self.grams = {name: gram(features[name]).float() for name in sorted(STYLE_TARGETS)}
            self.energies = {name: g.square().sum() + TINY for name, g in self.grams.items()}
            del features
            until = [name for name, *_ in VGG19].index(CONTENT_TARGET) + 1
            self.content = net(content, until)[CONTENT_TARGET].float()
            self.content_energy = self.content.square().sum() + TINY

    def __call__(self, x):
        x = x.detach().requires_grad_()
        features = self.net(x)
        loss = CONTENT_WEIGHT * (features[CONTENT_TARGET].float() - self.content).square().sum() / self.content_energy
        for name, target in self.grams.items():
            loss = loss + STYLE_WEIGHT * (gram(features[name]).float() - target).square().sum() / self.energies[name]
        loss = loss + TV * total_variation(x)
        gradient, = torch.autograd.grad(loss, x)
        return loss.item(), gradient


class LBFGS:
    """style/lbfgs.go in single precision, on flat vectors; like it, it forgets at a new scale."""

    def start(self, x):
        self.like, self.x, self.s, self.y, self.f = x, x.reshape(-1).clone(), [], [], None

    def evaluate(self, objective, x):
        """The loss, the same with what it costs to be outside of 0 to 1, and the gradient of that."""
        loss, gradient = objective(x.view(self.like.shape).to(memory_format=memory_format(self.like)))
        outside = x - x.clamp(0, 1)
        cost = OUTSIDE / x.numel() * outside.square().sum().item()
        return loss, loss + cost, gradient.reshape(-1).add(outside, alpha=2 * OUTSIDE / x.numel())

    def iterate(self, objective):
        if self.f is None:
            self.loss, self.f, self.g = self.evaluate(objective, self.x)
        if not self.search(objective) and self.s:
            self.s, self.y = [], []
            self.search(objective)
        return self.loss

    def search(self, objective):
        """Moves to a better picture, if there is one on the way."""
        d = self.direction()
        t = 1 if self.s else FIRST_STEP * d.numel() / d.abs().sum().item()
        wolfe = MoreThuente(self.f, self.g.dot(d).item(), t)
        for _ in range(MAX_SEARCH):
            x = self.x + wolfe.t * d
            loss, f, g = self.evaluate(objective, x)
            if wolfe.done(f, g.dot(d).item()):
                break
        if not f < self.f:
            return False
        s, y = x - self.x, g - self.g
        if s.dot(y) > 1e-10 * y.dot(y):
            self.s, self.y = (self.s + [s])[-HISTORY:], (self.y + [y])[-HISTORY:]
        self.x, self.loss, self.f, self.g = x, loss, f, g
        return True

    def direction(self):
        """Minus the inverse Hessian times the gradient."""
        q, a = self.g.neg(), []
        for s, y in zip(reversed(self.s), reversed(self.y)):
            a.append(s.dot(q) / s.dot(y))
            q = q - a[-1] * y
        if self.s:
            q *= self.s[-1].dot(self.y[-1]) / self.y[-1].dot(self.y[-1])
        for s, y in zip(self.s, self.y):
            q += (a.pop() - y.dot(q) / s.dot(y)) * s
        return q

    def picture(self):
        return self.x.view(self.like.shape).clamp(0, 1)


def memory_format(x):
    return torch.contiguous_format if x.is_contiguous() else torch.channels_last


class MoreThuente:
    """The line search of Moré and Thuente (1994) for the strong Wolfe conditions, as gonum has it: of a function of t with
    value f0 and slope g0 < 0 at 0."""

    def __init__(self, f0, g0, t):
        self.f0, self.g0, self.t = f0, g0, t
        self.best = self.other = (0, f0, g0)  # the ends of the interval: t, value, slope
        self.low, self.high = 0, 5 * t
        self.bracketed, self.first_stage = False, True
        self.widths = [1e20, 2e20]

    def done(self, f, g):
        """Takes value and slope at t; false if there is another t to try."""
        t, slope = self.t, DECREASE * self.g0
        enough = f <= self.f0 + t * slope
        if self.bracketed and not (self.low < t < self.high and self.high - self.low > 1e-10 * self.high):
            return True
        if enough and abs(g) <= -CURVATURE * self.g0:
            return True
        if enough and g >= 0:
            self.first_stage = False
        if self.first_stage and not enough and f <= self.best[1]:
            # Until there is enough decrease, of the function less the decrease that is asked for.
            def lower(p, by):
                return p[0], p[1] - by * p[0] * slope, p[2] - by * slope
            self.best, self.other = lower(self.best, 1), lower(self.other, 1)
            self.update(*lower((t, f, g), 1))
            self.best, self.other = lower(self.best, -1), lower(self.other, -1)
        else:
            self.update(t, f, g)
        self.bound()
        return False

    def update(self, t, f, g):
        """The next t, and the interval with this one as an end."""
        x, fx, gx = self.best
        here, turned = (t, f, g), g * gx < 0
        linear = t + g / (g - gx) * (x - t) if g != gx else math.inf
        cubic = cubic_minimum(here, self.best)
        if f > fx:
            cubic = cubic_minimum(self.best, here)
            square = x + gx / ((fx - f) / (t - x) + gx) / 2 * (t - x)
            self.t = cubic if abs(cubic - x) < abs(square - x) else (cubic + square) / 2
        elif turned:
            self.t = max(cubic, linear, key=lambda c: abs(c - t))
        elif abs(g) < abs(gx):
            if (cubic - t) * (t - x) <= 0:
                cubic = self.high if t > x else self.low
            if self.bracketed:
                nearer, limit = min(cubic, linear, key=lambda c: abs(c - t)), t + 2 / 3 * (self.other[0] - t)
                self.t = min(limit, nearer) if t > x else max(limit, nearer)
            else:
                self.t = max(self.low, min(max(cubic, linear, key=lambda c: abs(c - t)), self.high))
        elif self.bracketed:
            self.t = cubic_minimum(here, self.other)
        else:
            self.t = self.high if t > x else self.low
        self.bracketed = f > fx or turned
        if f > fx:
            self.other = here
        else:
            self.best, self.other = here, self.best if turned else self.other

    def bound(self):
        """Keeps t within the interval, and that getting smaller."""
        a, b = self.best[0], self.other[0]
        if not self.bracketed:
            self.low, self.high = self.t + 1.1 * (self.t - a), self.t + 4 * (self.t - a)
            return
        if abs(b - a) >= 2 / 3 * self.widths[1]:
            self.t = (a + b) / 2
        self.widths = [abs(b - a), self.widths[0]]
        self.low, self.high = min(a, b), max(a, b)
        if not (self.low < self.t < self.high and self.high - self.low > 1e-10 * self.high):
            self.t = a


def cubic_minimum(p, q):
    """Where the cubic through two points (t, value, slope) has its minimum."""
    (t, f, g), (u, fu, gu) = p, q
    theta = 3 * (f - fu) / (u - t) + g + gu
    gamma = math.copysign(math.sqrt(max(0, theta * theta - g * gu)), u - t)
    return t + (gamma - g + theta) / (2 * gamma - g + gu) * (u - t)


class Adam:
    """PyTorch's Adam with what style/adam.go adds: pixels within 0 to 1, moments resized with the picture, averages."""

    optimizer = None

    def start(self, x):
        old, self.x = self.optimizer, x.clone().requires_grad_()
        self.optimizer = torch.optim.Adam([self.x], lr=RATE, betas=BETAS, eps=EPS)
        if old is not None:
            state, = old.state.values()
            ratio = state["exp_avg"].numel() / x.numel()
            m, v = [resized(state[name], *x.shape[2:], mode) for name, mode in (("exp_avg", "bicubic"), ("exp_avg_sq", "bilinear"))]
            self.optimizer.state[self.x] = {
                "step": state["step"], "exp_avg": m * ratio, "exp_avg_sq": v.clamp_(min=0) * ratio * ratio}
        self.average, self.averaged = torch.zeros_like(x), 0

    def iterate(self, objective):
        loss, self.x.grad = objective(self.x)
        self.average.lerp_(self.x.detach(), 1 - AVERAGE)
        self.averaged += 1
        self.optimizer.step()
        self.x.data.clamp_(0, 1)
        return loss

    def picture(self):
        return (self.average / (1 - AVERAGE ** self.averaged)).clamp_(0, 1)


METHODS = {"lbfgs": LBFGS, "adam": Adam}


def resized(x, h, w, mode="bicubic"):
    """x [1 3 H W] at another size, with antialiasing; PyTorch resizes contiguous pictures only."""
    if x.shape[2:] == (h, w):
        return x
    return F.interpolate(x.contiguous(), (h, w), mode=mode, antialias=True, align_corners=False)


def shape(size):
    """A landscape of 4 by 3."""
    return (size * 3 + 2) // 4, size


def sizes(size):
    """Long sides by factors of √2, the smallest first."""
    longs = [size]
    while True:
        long = math.floor(size / 2 ** (len(longs) / 2) + 0.5)
        if long < SMALLEST:
            return longs[::-1]
        longs.append(long)


def paint(size, layout, dtype, optimizer):
    """The step paints a picture, and returns the losses at its iterations."""
    net = VGG(layout, dtype)
    content, style = hashed_picture(1, *shape(size), 4), hashed_picture(2, *shape(size), 32)

    def step():
        method, losses, x = METHODS[optimizer](), [], None
        for i, long in enumerate(sizes(size)):
            at = [resized(p, *shape(long)).clamp(0, 1) for p in (content, style, content if x is None else x)]
            target, like, x = [p.contiguous(memory_format=layout) for p in at]
            objective = Objective(net, target, like)
            method.start(x)
            losses += [method.iterate(objective) for _ in range(ITERATIONS[min(i, len(ITERATIONS) - 1)])]
            x = method.picture()
        return losses

    return step
