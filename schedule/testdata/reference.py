"""Runs PyTorch's schedulers for torch_test.go.

Reads from standard input a JSON list of {"scheduler", "args", "steps", "lr", "metrics"} and writes a list of
{"lr", "momentum"}: what the optimizer has at each step. A scheduler is stepped after each step, with the next metric
where it wants one.
"""

import json
import sys
import warnings

import torch
from torch.optim import lr_scheduler

warnings.simplefilter("ignore")  # the optimizer is never stepped


def run(case):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=case["lr"], momentum=0.9)
    scheduler = getattr(lr_scheduler, case["scheduler"])(optimizer, **case["args"])
    lr, momentum = [], []
    for step in range(case["steps"]):
        lr.append(optimizer.param_groups[0]["lr"])
        momentum.append(optimizer.param_groups[0]["momentum"])
        if case.get("metrics"):
            scheduler.step(case["metrics"][step])
        elif step + 1 < case["steps"]:
            scheduler.step()
    return {"lr": lr, "momentum": momentum}


json.dump([run(case) for case in json.load(sys.stdin)], sys.stdout)
