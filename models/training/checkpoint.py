"""The state of a run on disk: written beside and renamed, so that a kill at any moment leaves the last whole one."""

import os
from pathlib import Path

import torch


def save(path: Path, state: dict):
    part = path.with_suffix(".part")
    with open(part, "wb") as f:
        torch.save(state, f)
        f.flush()
        os.fsync(f.fileno())
    os.replace(part, path)


def load(path: Path):
    return torch.load(path, map_location="cpu") if path.exists() else None
