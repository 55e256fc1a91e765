"""Asks the hub's own ONNX runtime (node, `run.ts`) what a file makes of a picture."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent


def run(model: Path, image):
    """`image` `[side, side, 3]` bytes. Returns the outputs by name."""
    path = f"{PROJECT / 'node_modules' / '.bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    node = shutil.which("node", path=path)
    if node is None:
        raise SystemExit("node is needed to compare with the hub's runtime")
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "picture.u8"
        np.ascontiguousarray(image).tofile(picture)
        call = [node, str(HERE / "run.ts"), str(model), str(picture), str(image.shape[0]), folder]
        made = json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout)
        read = lambda i, m: np.fromfile(Path(folder) / f"{i}.f32", np.float32).reshape(m["dims"])
        return {m["name"]: read(i, m) for i, m in enumerate(made)}


def test_picture(side: int):
    """Blocks of colour and a gradient: what no picture of the data is, and the same every time."""
    rng = np.random.default_rng(1)
    block = 16
    tiles = rng.integers(0, 256, (side // block, side // block, 3)).repeat(block, 0).repeat(block, 1)
    slope = np.linspace(0, 80, side)[:, None, None]
    return (tiles * 0.7 + slope).clip(0, 255).astype(np.uint8)
