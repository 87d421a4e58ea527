"""Writes WordNet's glosses as a CSV: id, words, part_of_speech, gloss.

WordNet 3.0 comes with Debian's wordnet-base. A line of its data files (wndb(5WN)) is
`offset lex_file type word_count word lex_id … | gloss; "example"`.

    python3 demo/wordnet.py OUT.csv [noun verb adj adv]
"""

import csv
import sys
from pathlib import Path

FOLDER = Path("/usr/share/wordnet")
PARTS = {"noun": "noun", "verb": "verb", "adj": "adjective", "adv": "adverb"}


def synsets(part):
    with open(FOLDER / f"data.{part}", encoding="latin-1") as lines:
        for line in lines:
            if line.startswith("  "):  # the licence
                continue
            head, _, gloss = line.partition(" | ")
            fields = head.split()
            count = int(fields[3], 16)
            words = [fields[4 + 2 * i].split("(")[0].replace("_", " ") for i in range(count)]
            definition = gloss.split('; "')[0].strip()
            yield f"{part}-{fields[0]}", ", ".join(words), PARTS[part], definition


def main():
    out, parts = Path(sys.argv[1]), sys.argv[2:] or list(PARTS)
    rows = 0
    with open(out, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "words", "part_of_speech", "gloss"])
        for part in parts:
            for row in synsets(part):
                writer.writerow(row)
                rows += 1
    print(f"{rows} glosses in {out}", file=sys.stderr)


if __name__ == "__main__":
    main()
