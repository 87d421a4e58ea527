"""What does not belong into a file of the repository, wherever it stands."""

import re

# Put together from pieces, so that this file passes its own rules.
RULES = [
    (re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b"), "an unfinished thought: finish it, or open an issue"),
    (re.compile(r"(?i)\bfor " r"now\b(?! \+)"), "a promise to come back: finish it, or say what is so"),
    (re.compile(r"(?<![\w.@~-])/(wo" r"rk|ro" r"ot)/"), "a path of one machine"),
    (re.compile(r"py" r"pi\.org|pythonho" r"sted\.org|npm" r"js\.(org|com)|(static|index)\.crates" r"\.io|"
                r"deb\.deb" r"ian\.org|proxy\.gol" r"ang\.org"), "the address of a registry"),
    (re.compile(r"[ \t]+$"), "white space at the end of the line"),
    (re.compile(r"^(<{7} |>{7} |={7}$)"), "the mark of a merge conflict"),
]
TEXT = re.compile(r"(^|/)(dev|run|CMakeLists\.txt|[^/]*\.(cc|h|inc|py|sh|cmake|json|md|toml|rs|proto|sql|txt|yml))$")


def breaches(name, text):
    """(line number, reason) for each line of a file that breaks a rule."""
    if not TEXT.search(name):
        return []
    return [(number, reason) for number, line in enumerate(text.splitlines(), 1)
            for pattern, reason in RULES if pattern.search(line)]
