"""What the other tools ask about this checkout: its files, its rooms, and what changed."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
CLANG_FORMAT = "clang-format-14"
CLANG_TIDY = "clang-tidy-14"


def git(*arguments):
    """Lines of what git prints; none when git fails."""
    result = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    return result.stdout.splitlines() if result.returncode == 0 else []


def files():
    """Every file that is, or would be, part of the repository."""
    names = git("ls-files", "--cached", "--others", "--exclude-standard")
    return sorted(name for name in set(names) if (ROOT / name).is_file())


def sources():
    """C++ files."""
    return [name for name in files()
            if re.match(r"(src|include|tests|examples|benchmarks)/.*\.(cc|h)$", name)]


def merge_base():
    """Where the work at hand began: the upstream's or the trunk's last common commit."""
    for trunk in ("@{upstream}", "main", "master"):
        base = git("merge-base", "HEAD", trunk)
        if base:
            return base[0]
    return "HEAD"


def changed_files():
    """Files that differ from merge_base(), or are not tracked."""
    names = set(git("diff", "--name-only", merge_base()))
    names.update(git("ls-files", "--others", "--exclude-standard"))
    return sorted(name for name in names if (ROOT / name).is_file())


def rooms():
    """Each room's name and the rooms it uses, as its CMakeLists.txt declares them."""
    uses = {}
    for path in sorted((ROOT / "src/iolite").glob("*/CMakeLists.txt")):
        declared = re.search(r"iolite_room\(\s*(\w+)([^)]*)", path.read_text())
        if declared:
            words = re.search(r"\bUSES\s+([a-z_\s]*)", declared.group(2))
            uses[declared.group(1)] = words.group(1).split() if words else []
    return uses


def with_rooms_above(changed):
    """`changed` and every room that uses one of them, however far up."""
    uses = rooms()
    reached = {room for room in changed if room in uses}
    while True:
        above = {room for room, used in uses.items() if room not in reached and reached & set(used)}
        if not above:
            return [room for room in uses if room in reached]
        reached |= above
