#!/usr/bin/python3
"""A mean of two runs that began at the same weights: `blend.py EARLIER.pt LATER.pt OUT.pt --share 0.5`; export.py takes the result."""

import argparse
import hashlib
from pathlib import Path

import checkpoint


def main():
    p = argparse.ArgumentParser(description="Mixes the averaged weights of two checkpoints, number by number.")
    p.add_argument("earlier", type=Path)
    p.add_argument("later", type=Path)
    p.add_argument("out", type=Path)
    p.add_argument("--share", type=float, default=0.5, help="of the later one, 0..1")
    args = p.parse_args()
    earlier, later = checkpoint.load(args.earlier), checkpoint.load(args.later)
    mixed = {}
    for name, value in later["average"].items():
        before = earlier["average"][name]
        mixed[name] = before.lerp(value, args.share) if value.dtype.is_floating_point else value
    sources = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (args.earlier, args.later)}
    blend = {"share": args.share, "of": list(sources.values())}
    provenance = {**later["provenance"], "blend": blend}
    checkpoint.save(args.out, {"average": mixed, "step": earlier["step"] + later["step"], "provenance": provenance})


if __name__ == "__main__":
    main()
