#!/usr/bin/env python3
"""Writes what follows from spec/architectures.json: the table in C++ and the reference page.

    tools/generate_architectures.py            writes the files
    tools/generate_architectures.py --check    fails, naming the file, when one differs
"""

import json
import pathlib
import sys

from generated_files import write_or_check

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOTICE = "Generated from spec/architectures.json by tools/generate_architectures.py; edit the specification."


def table(architectures):
    lines = [f"// {NOTICE}"]
    for entry in architectures:
        lines.append(f'{{.model_type = "{entry["model_type"]}", .title = "{entry["title"]}", .plan = {entry["plan"]}}},')
    return "\n".join(lines) + "\n"


def page(architectures):
    lines = [
        f"<!-- {NOTICE} -->", "# Architectures", "",
        "A checkpoint in safetensors runs when `model_type` of its `config.json` is one of these. Any other encoder",
        "runs from a `model.onnx` in its folder, and static embeddings in model2vec's layout need no program at all.",
        "",
        "Each gives text embeddings; with a head in its checkpoint also the score of a pair (rerank), labels of a",
        "text (classification) or labels of each token (entities).", "",
        "| model_type | architecture | positions | remarks | such as |", "|---|---|---|---|---|",
    ]
    for entry in architectures:
        lines.append(f"| `{entry['model_type']}` | {entry['title']} | {entry['positions']} | {entry['notes']} | "
                     f"{entry['examples']} |")
    return "\n".join(lines) + "\n"


def main():
    architectures = json.loads((ROOT / "spec/architectures.json").read_text())["architectures"]
    return write_or_check({
        ROOT / "src/iolite/models/architectures_generated.inc": table(architectures),
        ROOT / "docs/reference/architectures.md": page(architectures),
    })


if __name__ == "__main__":
    sys.exit(main())
