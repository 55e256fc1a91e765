"""A running mean of the weights, which is what gets exported: it is better and calmer than the weights of the last step."""

import copy
import math

import torch


class Average:
    def __init__(self, model, decay=0.998):
        self.decay, self.steps = decay, 0
        self.model = copy.deepcopy(model).eval()
        for p in self.model.parameters():
            p.requires_grad_(False)

    @torch.no_grad()
    def update(self, model):
        self.steps += 1
        decay = self.decay * (1 - math.exp(-self.steps / 300))
        source = model.state_dict()
        for name, mine in self.model.state_dict().items():
            if mine.dtype.is_floating_point:
                mine.lerp_(source[name], 1 - decay)
            else:
                mine.copy_(source[name])
