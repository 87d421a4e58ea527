"""Asks the magika package about some texts, for the tests of models that read bytes.

Needed once, to make the references; tests read the file only. In an environment of its own:

    pip install magika
    python tests/reference/magika_bytes.py

magika.json has each text (as Latin-1, a character a byte) with the label and score of the package's model alone:
without the thresholds and special cases that the package adds.
"""

import json
import pathlib

from magika import Magika

TEXTS = [
    b"#include <stdio.h>\n\nint main(void) {\n  printf(\"hello\\n\");\n  return 0;\n}\n",
    b"import os\n\n\ndef main():\n    print(os.getcwd())\n\n\nif __name__ == '__main__':\n    main()\n",
    b"   \n\t{\"name\": \"value\", \"list\": [1, 2, 3], \"nested\": {\"a\": null}}   \n",
    b"<!DOCTYPE html>\n<html><head><title>t</title></head><body><p>words</p></body></html>\n",
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde",
    b"SELECT id, name FROM papers WHERE year > 2000 ORDER BY name;\n" * 60,
    b"Call me Ishmael. Some years ago, never mind how long precisely, having little or no money. " * 80,
    bytes(range(256)) * 40,
]


def main():
    magika = Magika()
    found = []
    for text in TEXTS:
        prediction = magika.identify_bytes(text).prediction
        found.append({"text": text.decode("latin-1"), "label": str(prediction.dl.label),
                      "score": round(float(prediction.score), 6)})
    path = pathlib.Path(__file__).parent / "magika.json"
    path.write_text(json.dumps(found, indent=0) + "\n")


if __name__ == "__main__":
    main()
