"""Trains a small network with PyTorch's optimizers for torch_test.go.

Reads from standard input a JSON object {"x", "labels", "weights", "cases"}: pictures [N in], class numbers [N], weights
[w1 [in hidden], b1, w2 [hidden out], b2], and a list of cases {"optimizer", "args", "clip", "steps"}, where steps has for
each step the hyper-parameters of both layers. Writes for each case the weights after all steps, in float64. The network
is softmax cross-entropy of tanh(x w1 + b1) w2 + b2.
"""

import json
import sys

import torch


def set_hyper(group, h):
    group["lr"] = h["lr"]
    group["weight_decay"] = h["weight_decay"]
    if "momentum" in group:
        group["momentum"] = h["momentum"]
    if "betas" in group:
        group["betas"] = (h["momentum"], h["beta2"])
    if "alpha" in group:
        group["alpha"] = h["beta2"]


def clip(weights, limits):
    if "value" in limits:
        torch.nn.utils.clip_grad_value_(weights, limits["value"])
    for w in weights if "norm" in limits else []:
        torch.nn.utils.clip_grad_norm_([w], limits["norm"])
    if "global_norm" in limits:
        torch.nn.utils.clip_grad_norm_(weights, limits["global_norm"])


def train(job, case):
    x, labels = torch.tensor(job["x"], dtype=torch.float64), torch.tensor(job["labels"])
    w = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in job["weights"]]
    momentum = {"momentum": 0.9} if case["optimizer"] in ("SGD", "RMSprop") else {}
    optimizer = getattr(torch.optim, case["optimizer"])([{"params": w[:2]}, {"params": w[2:]}], lr=0.1, **momentum, **case["args"])
    for step in case["steps"]:
        for group, h in zip(optimizer.param_groups, step):
            set_hyper(group, h)
        optimizer.zero_grad()
        logits = torch.tanh(x @ w[0] + w[1]) @ w[2] + w[3]
        torch.nn.functional.cross_entropy(logits, labels).backward()
        clip(w, case["clip"])
        optimizer.step()
    return [v.flatten().tolist() for v in w]


job = json.load(sys.stdin)
json.dump([train(job, case) for case in job["cases"]], sys.stdout)
