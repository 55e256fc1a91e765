#!/usr/bin/python3
"""Writes the card of the model: `card.py MODEL_DIR EXPORT.json --version 1.0.0`, then again with `--report REPORT.json`."""

import argparse
import hashlib
import json
import textwrap
from pathlib import Path

from detector import LABELS

TEMPLATE = Path(__file__).resolve().parent / "card.template.yaml"


def main():
    p = argparse.ArgumentParser(description="Fills card.template.yaml with thresholds, figures and the file's sha256.")
    p.add_argument("model", type=Path, help="folder with model.onnx; model.yaml is written there")
    p.add_argument("export", type=Path, help="what export.py printed")
    p.add_argument("--version", required=True)
    p.add_argument("--report", type=Path, help="what evaluate.py printed; without it the card is a draft that evaluate.py can work with")
    args = p.parse_args()
    export = json.loads(args.export.read_text())
    report = json.loads(args.report.read_text()) if args.report else None
    chosen = report["thresholds"] if report else dict.fromkeys(LABELS, 0.5)
    said = measured(report, export) if report else {"nothing": "a draft, not measured yet"}
    data = (args.model / "model.onnx").read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 != export["sha256"]:
        raise SystemExit("model.onnx is not the file that was exported")
    values = {
        "version": args.version,
        "sha256": sha256,
        "side": str(export["side"]),
        "thresholds": "\n".join(f"  {k}: {v}" for k, v in chosen.items()),
        "measured": "\n".join(f"  {k}: >-\n{fold(v)}" for k, v in said.items()),
    }
    text = TEMPLATE.read_text()
    for name, value in values.items():
        text = text.replace(f"<{name}>", value)
    (args.model / "model.yaml").write_text(text)


def fold(text):
    return textwrap.fill(text, 130, initial_indent="    ", subsequent_indent="    ", break_long_words=False)


def span(entry, key):
    return f"{entry[key]:.2f} ({entry['low']:.2f} to {entry['high']:.2f})"


def measured(r, export):
    """What can be said, each with the numbers it rests on."""
    ap = ", ".join(f"{name} {span(r['ap50'][name], 'ap')}" for name in LABELS)
    at = r["at_thresholds"]
    boxes = ", ".join(f"{n} {at[n]['box_precision']:.2f}/{at[n]['box_recall']:.2f}" for n in LABELS[1:])
    alarms = ", ".join(f"{n} {at[n]['false_alarms_per_1000_negatives']:.0f}" for n in LABELS)
    recall = ", ".join(f"{n} {at[n]['image_recall']:.2f}" for n in LABELS)
    share = lambda v: "nothing to find" if v is None else f"found {v:.2f}"
    carried = lambda v: f"{v['threshold']:.2f}, there {share(v['image_recall'])}, raised {v['raised_per_1000']:.0f}"
    each = lambda e: ", ".join(f"{n} {carried(v)}" for n, v in e.items())
    left = "; ".join(f"without {s} - {each(e)}" for s, e in r["left_out"].items())
    seen = lambda v: f"shown {v['shown']} found {v['found']} raised wrongly {v['raised']}"
    anew = r.get("fire_redrawn")
    again = f"; against boxes drawn anew (fire-boxes-val.tsv) {span(anew['iou50'], 'ap')}, at IoU 0.3 {span(anew['iou30'], 'ap')}" if anew else ""
    videos = "; ".join(f"{s} - " + ", ".join(f"{n} {seen(v[n])}" for n in LABELS[:2]) for s, v in r["by_source"].items())
    return {
        "data": f"the {r['pictures']} validation pictures, split by video and photo source; intervals are 95 of 100 draws of pictures, "
        "and too narrow for fire and smoke, whose frames come from two videos and one. Thresholds were chosen on the same pictures",
        "ap50": f"{ap}; fire at IoU 0.3 {span(r['fire_ap30'], 'ap')}. The fire boxes of this split cover glow or miss parts, so its AP "
        "says little" + again,
        "by picture": f"AUC of fire {span(r['auc']['fire'], 'auc')}, smoke {span(r['auc']['smoke'], 'auc')}, against pictures that show neither",
        "at thresholds": f"pictures found of those that show it - {recall}; false alarms in 1,000 pictures that do not - {alarms}; "
        f"precision/recall of boxes at IoU 0.5 - {boxes}",
        "by video": videos,
        "left out": f"threshold chosen without a source, then measured on it (share found, raised wrongly in 1,000) - {left}",
        "speed": f"one thread of a shared two-core server, {r['ms_p50']:.0f} ms a 416 x 416 JPEG to detections while others used it",
        "export": f"{export['bytes'] / 1e6:.1f} MB; torch and ONNX Runtime differ by at most {export['pixels_off']:.2f} pixels and "
        f"{export['score_off']:.4f} in score; {export['steps']} steps of the last run, seed {export['settings']['seed']}, torch {export['versions']['torch']}",
    }


if __name__ == "__main__":
    main()
