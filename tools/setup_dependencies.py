#!/usr/bin/env python3
"""Installs the pinned archives of cmake/dependencies.json, and builds the tokenizers' library.

    tools/setup_dependencies.py --into .deps --digest DIGEST

Each archive is fetched by its registry's own client, kept in a cache under the user's cache folder by its
SHA-256, verified, unpacked beside its place and renamed into it. A stamp per archive says what is installed,
so only what changed is done again. DIGEST is written last, for the caller to see that all is done.
"""

import argparse
import concurrent.futures
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHIM = ROOT / "src/iolite/models/tokenizers_shim"
REQUIREMENTS = ROOT / "cmake/python_requirements.txt"
LIBRARY = "libiolite_tokenizers.a"


class SetupError(Exception):
    """A sentence for the person who runs the setup."""


def say(text):
    print(f"== {text}", file=sys.stderr, flush=True)


def run(command, **options):
    """Runs a command; SetupError with the end of what it printed when it fails."""
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, errors="replace", **options)
    if result.returncode:
        tail = "\n".join(result.stdout.splitlines()[-15:])
        raise SetupError(f"`{' '.join(map(str, command))}` failed with {result.returncode}:\n{tail}")


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def run_cargo(arguments, home):
    """Runs the cargo on PATH, or Debian's when that one does not work here (rustup's without a toolchain)."""
    environment = {**os.environ, "CARGO_HOME": str(home)}
    works = subprocess.run(["cargo", "--version"], capture_output=True, env=environment).returncode == 0 \
        if shutil.which("cargo") else False
    if not works:
        environment["RUSTC"] = "/usr/bin/rustc"
    run(["cargo" if works else "/usr/bin/cargo", *arguments], env=environment)


def cargo_home(otherwise):
    home = os.environ.get("HOME")
    return pathlib.Path(os.environ.get("CARGO_HOME") or pathlib.Path(home or otherwise) / ".cargo")


# ---- fetching ---------------------------------------------------------------------------------------


def cache_folder(into):
    """Where archives are kept; beside the dependencies when there is no home to write to."""
    home = os.environ.get("HOME")
    base = os.environ.get("XDG_CACHE_HOME") or (home and os.path.join(home, ".cache"))
    for folder in filter(None, (base and pathlib.Path(base) / "iolite-downloads", into / ".downloads")):
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            if os.access(folder, os.W_OK):
                return folder
    raise SetupError(f"there is no folder to keep downloads in: neither a cache folder nor {into} can be written")


def fetch_from_pypi(archive, folder):
    # The wheel is data to us: which Python runs pip does not matter.
    run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
         "--only-binary=:all:", "--python-version", "311", "--implementation", "cp", "--abi", "cp311",
         "--platform", "manylinux_2_28_x86_64", "--dest", folder,
         f"{archive['package']}=={archive['version']}"])


def fetch_from_npm(archive, folder):
    run(["npm", "pack", "--silent", "--pack-destination", folder,
         f"{archive['package']}@{archive['version']}"], cwd=folder)


def fetch_from_crates(archive, folder):
    """Lets cargo fetch a package that depends on the crate, and takes the crate from cargo's cache."""
    (folder / "src").mkdir()
    (folder / "src/lib.rs").touch()
    (folder / "Cargo.toml").write_text(
        '[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n'
        f'[dependencies]\n{archive["package"]} = "={archive["version"]}"\n')
    home = cargo_home(folder)
    run_cargo(["fetch", "--quiet", "--manifest-path", folder / "Cargo.toml"], home)
    for crate in home.glob(f"registry/cache/*/{archive['file']}"):
        shutil.copy(crate, folder / archive["file"])


FETCHERS = {"pypi": fetch_from_pypi, "npm": fetch_from_npm, "crates": fetch_from_crates}


def fetch(archive, cache):
    """The verified archive's path, from the cache or from its registry."""
    kept = cache / archive["sha256"] / archive["file"]
    if kept.exists() and sha256_of(kept) == archive["sha256"]:
        return kept
    say(f"fetch {archive['package']} {archive['version']}")
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        FETCHERS[archive["registry"]](archive, pathlib.Path(folder))
        fetched = pathlib.Path(folder) / archive["file"]
        if not fetched.exists():
            there = ", ".join(sorted(os.listdir(folder))) or "nothing"
            raise SetupError(f"{archive['package']} {archive['version']} came without {archive['file']}: got {there}")
        found = sha256_of(fetched)
        if found != archive["sha256"]:
            raise SetupError(f"{archive['file']} has SHA-256 {found}, and cmake/dependencies.json wants "
                             f"{archive['sha256']}: it is not installed")
        kept.parent.mkdir(exist_ok=True)
        os.replace(fetched, kept)
    return kept


# ---- unpacking --------------------------------------------------------------------------------------


def place_of(name, take):
    """Where an archive's member goes, or None when nobody asked for it."""
    for prefix, target in take.items():
        if name == prefix:
            return pathlib.PurePosixPath(target)
        if name.startswith(prefix + "/"):
            place = pathlib.PurePosixPath(target, name[len(prefix) + 1:])
            if ".." in place.parts or place.is_absolute():
                raise SetupError(f"the archive holds the unsafe path {name}")
            return place
    return None


def write_member(source, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    with source, open(path, "wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)


def unpack_zip(path, take, folder):
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            place = None if member.is_dir() else place_of(member.filename, take)
            if place:
                write_member(archive.open(member), folder / place)


def unpack_tar(file, take, folder):
    with tarfile.open(fileobj=file, mode="r|gz") as archive:
        for member in archive:
            place = place_of(member.name, take) if member.isfile() else None
            if place:
                write_member(archive.extractfile(member), folder / place)


def unpack(archive, path, folder):
    if path.suffix == ".whl":
        unpack_zip(path, archive["take"], folder)
    elif "inside" in archive:
        with tarfile.open(path) as outer:
            unpack_tar(outer.extractfile(archive["inside"]), archive["take"], folder)
    else:
        with open(path, "rb") as file:
            unpack_tar(file, archive["take"], folder)
    for name, target in archive.get("links", {}).items():
        (folder / name).symlink_to(target)
    for target in archive["take"].values():
        if not any((folder / target).iterdir() if (folder / target).is_dir() else [(folder / target).exists()]):
            raise SetupError(f"{archive['file']} does not hold what becomes {target}")


def replace_folder(fresh, place):
    """Renames `fresh` to `place`; what stood there goes afterwards."""
    place.parent.mkdir(parents=True, exist_ok=True)
    old = fresh.with_name(fresh.name + ".old")
    if place.exists():
        os.rename(place, old)
    os.rename(fresh, place)
    shutil.rmtree(old, ignore_errors=True)


# ---- installing --------------------------------------------------------------------------------------


class Stamps:
    """What is installed, one small file for each thing."""

    def __init__(self, into):
        self.folder = into / ".stamps"
        self.folder.mkdir(parents=True, exist_ok=True)

    def is_fresh(self, name, content, place):
        stamp = self.folder / name
        return place.exists() and stamp.exists() and stamp.read_text() == content

    def write(self, name, content):
        draft = self.folder / f".{name}"
        draft.write_text(content)
        os.replace(draft, self.folder / name)


def install(archive, into, cache, stamps):
    content = hashlib.sha256(json.dumps(archive, sort_keys=True).encode()).hexdigest()
    place = into / archive["into"]
    if stamps.is_fresh(archive["name"], content, place):
        return
    path = fetch(archive, cache)
    fresh = pathlib.Path(tempfile.mkdtemp(prefix=".fresh-", dir=into))
    try:
        fresh.chmod(0o755)
        unpack(archive, path, fresh)
        replace_folder(fresh, place)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    stamps.write(archive["name"], content)
    say(f"installed {archive['name']} {archive['version']}")


def shim_digest():
    digest = hashlib.sha256()
    for path in sorted(SHIM.rglob("*")):
        if path.is_file() and "target" not in path.relative_to(SHIM).parts:
            digest.update(f"{path.relative_to(SHIM)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def build_tokenizers(into, stamps):
    """Builds the static library of the crate in src/iolite/models/tokenizers_shim, when it is there."""
    if not (SHIM / "Cargo.toml").exists():
        return
    content = shim_digest()
    place = into / "tokenizers/lib" / LIBRARY
    if stamps.is_fresh("tokenizers", content, place):
        return
    say("build the tokenizers' library")
    target = into / ".cargo-target"
    run_cargo(["build", "--release", "--locked", "--manifest-path", SHIM / "Cargo.toml", "--target-dir", target],
              cargo_home(into))
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name("." + LIBRARY)
    shutil.copyfile(target / "release" / LIBRARY, draft)
    os.replace(draft, place)
    stamps.write("tokenizers", content)


def install_python(into, stamps):
    """A virtual environment with the libraries that the tests read result tables with."""
    content = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    place = into / "python"
    if stamps.is_fresh("python", content, place / "bin/python"):
        return
    say("install the foreign readers' libraries")
    shutil.rmtree(place, ignore_errors=True)
    run([sys.executable, "-m", "venv", place])
    run([place / "bin/python", "-m", "pip", "install", "--quiet", "--only-binary=:all:", "--require-hashes",
         "--disable-pip-version-check", "-r", REQUIREMENTS])
    stamps.write("python", content)


@contextlib.contextmanager
def alone(into):
    """One setup at a time for one place."""
    with open(into / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say(f"another setup works in {into}; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install_all(into):
    archives = json.loads((ROOT / "cmake/dependencies.json").read_text())["archives"]
    cache = cache_folder(into)
    stamps = Stamps(into)
    for litter in into.glob(".fresh-*"):
        shutil.rmtree(litter, ignore_errors=True)
    failures = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        # The longest first: compiling goes on while the rest is fetched.
        work = {pool.submit(build_tokenizers, into, stamps): "tokenizers"}
        work[pool.submit(install_python, into, stamps)] = "python"
        work.update({pool.submit(install, archive, into, cache, stamps): archive["name"] for archive in archives})
        for done in concurrent.futures.as_completed(work):
            if error := done.exception():
                failures.append(f"{work[done]}: {error}")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", required=True, type=pathlib.Path)
    parser.add_argument("--digest", required=True)
    options = parser.parse_args()
    into = options.into.resolve()
    into.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    with alone(into):
        failures = install_all(into)
        if failures:
            for failure in failures:
                print(f"dev: {failure}", file=sys.stderr)
            print("dev: the setup is not complete; ./dev setup goes on from here", file=sys.stderr)
            return 1
        Stamps(into).write("setup", options.digest)
    say(f"dependencies are in {into} ({time.monotonic() - start:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
