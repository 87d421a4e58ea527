"""The tools that say whether all is well, on what is well and what is not."""

import importlib
import io
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

setup_dependencies = importlib.import_module("setup_dependencies")
test_summary = importlib.import_module("test_summary")
tree_rules = importlib.import_module("tree_rules")
shape = importlib.import_module("shape")


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="iolite-tools-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, data):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path


class Summary(Folder):
    CASES = {
        "passed": '<testcase name="a" status="run"><system-out/></testcase>',
        "failed": '<testcase name="b" status="fail"><failure message=""/></testcase>',
        "skipped": '<testcase name="c" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/></testcase>',
    }

    def summarize(self, *kinds):
        cases = "".join(self.CASES[kind] for kind in kinds)
        report = self.write("tests.xml", f"<testsuite>{cases}</testsuite>")
        done = subprocess.run([sys.executable, ROOT / "tools/test_summary.py", report],
                              capture_output=True, text=True)
        return done.returncode, done.stdout.splitlines()[-1], (self.folder / "tests-summary").read_text()

    def test_counts_are_the_last_line_and_kept(self):
        self.assertEqual(self.summarize("passed", "passed"), (0, "2 passed, 0 failed", "2 passed, 0 failed\n"))
        self.assertEqual(self.summarize("passed", "skipped")[:2], (0, "1 passed, 0 failed, 1 skipped"))

    def test_a_failure_fails(self):
        self.assertEqual(self.summarize("passed", "failed")[:2], (1, "1 passed, 1 failed"))

    def test_no_test_at_all_fails(self):
        self.assertEqual(self.summarize()[0], 1)
        done = subprocess.run([sys.executable, ROOT / "tools/test_summary.py", self.folder / "none.xml"],
                              capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (1, "0 passed, 1 failed\n"))


class ContinuousIntegration(Folder):
    """.ci/run in a checkout whose ./dev only pretends."""

    def run_ci(self, test, check, older="9 passed, 0 failed\n"):
        self.write(".ci/run", (ROOT / ".ci/run").read_bytes())
        self.write("build/dev/tests-summary", older)
        self.write("dev", f"#!/bin/bash\ncase $1 in test) {test} ;; check) {check} ;; esac\n").chmod(0o755)
        done = subprocess.run(["bash", self.folder / ".ci/run"], cwd="/", stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)
        return done.returncode, done.stdout.splitlines()[-1]

    def test_ends_with_the_summary(self):
        said = "echo '3 passed, 0 failed' | tee build/dev/tests-summary"
        self.assertEqual(self.run_ci(said, "echo ok"), (0, "3 passed, 0 failed"))

    def test_a_failed_test_or_check_fails(self):
        said = "echo '3 passed, 1 failed' | tee build/dev/tests-summary; exit 1"
        self.assertEqual(self.run_ci(said, "true"), (1, "3 passed, 1 failed"))
        said = "echo '3 passed, 0 failed' | tee build/dev/tests-summary"
        self.assertEqual(self.run_ci(said, "echo FAIL; exit 1"), (1, "3 passed, 0 failed"))

    def test_a_build_that_breaks_is_a_failure_and_not_the_last_summary(self):
        self.assertEqual(self.run_ci("exit 1", "true"), (1, "0 passed, 1 failed"))


class Dependencies(Folder):
    def archive(self, path, **more):
        return {"name": "thing", "registry": "pypi", "package": "thing", "version": "1", "file": path.name,
                "sha256": setup_dependencies.sha256_of(path), "into": "thing", "take": {"pkg/lib": "lib"}, **more}

    def wheel(self, members):
        path = self.folder / "thing-1.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            for name, data in members.items():
                wheel.writestr(name, data)
        return path

    def install(self, archive, source):
        """Installs with a registry that answers with `source`; returns how often it was asked."""
        into = self.folder / "deps"
        cache = self.folder / "cache"
        cache.mkdir(exist_ok=True)
        asked = []

        def fetcher(_, folder):
            asked.append(1)
            shutil.copy(source, folder)

        original = setup_dependencies.FETCHERS["pypi"]
        setup_dependencies.FETCHERS["pypi"] = fetcher
        try:
            into.mkdir(exist_ok=True)
            setup_dependencies.install(archive, into, cache, setup_dependencies.Stamps(into))
        finally:
            setup_dependencies.FETCHERS["pypi"] = original
        return len(asked)

    def test_takes_what_is_named_and_nothing_else(self):
        path = self.wheel({"pkg/lib/a.so": "a", "pkg/lib/deep/b.so": "b", "pkg/library.py": "c", "other": "d"})
        self.assertEqual(self.install(self.archive(path, links={"lib/x.so": "a.so"}), path), 1)
        installed = sorted(str(p.relative_to(self.folder / "deps/thing"))
                           for p in (self.folder / "deps/thing").rglob("*") if not p.is_dir())
        self.assertEqual(installed, ["lib/a.so", "lib/deep/b.so", "lib/x.so"])
        self.assertEqual((self.folder / "deps/thing/lib/x.so").read_text(), "a")

    def test_a_second_run_asks_nobody_and_a_lost_folder_comes_from_the_cache(self):
        path = self.wheel({"pkg/lib/a.so": "a"})
        archive = self.archive(path)
        self.assertEqual(self.install(archive, path), 1)
        self.assertEqual(self.install(archive, path), 0)
        shutil.rmtree(self.folder / "deps/thing")
        self.assertEqual(self.install(archive, path), 0)
        self.assertTrue((self.folder / "deps/thing/lib/a.so").exists())

    def test_an_archive_with_another_checksum_is_refused_and_leaves_what_was_there(self):
        path = self.wheel({"pkg/lib/a.so": "a"})
        self.install(self.archive(path), path)
        other = self.archive(path, sha256="0" * 64, version="2")
        with self.assertRaisesRegex(setup_dependencies.SetupError, "cmake/dependencies.json wants 000"):
            self.install(other, path)
        self.assertEqual((self.folder / "deps/thing/lib/a.so").read_text(), "a")
        self.assertEqual([p.name for p in (self.folder / "deps").glob(".fresh-*")], [])

    def test_a_damaged_cache_is_fetched_again(self):
        path = self.wheel({"pkg/lib/a.so": "a"})
        archive = self.archive(path)
        self.install(archive, path)
        (self.folder / "cache" / archive["sha256"] / path.name).write_text("torn")
        shutil.rmtree(self.folder / "deps")
        self.assertEqual(self.install(archive, path), 1)

    def test_a_new_version_replaces_the_old_one_whole(self):
        first = self.wheel({"pkg/lib/old.so": "a"})
        self.install(self.archive(first), first)
        second = self.wheel({"pkg/lib/new.so": "b"})
        self.assertEqual(self.install(self.archive(second, version="2"), second), 1)
        self.assertEqual([p.name for p in (self.folder / "deps/thing/lib").iterdir()], ["new.so"])

    def test_an_archive_without_what_was_named_is_refused(self):
        path = self.wheel({"pkg/library.py": "c"})
        with self.assertRaisesRegex(setup_dependencies.SetupError, "does not hold what becomes lib"):
            self.install(self.archive(path), path)
        self.assertFalse((self.folder / "deps/thing").exists())

    def test_a_path_that_climbs_is_refused(self):
        path = self.wheel({"pkg/lib/../../../evil": "c"})
        with self.assertRaisesRegex(setup_dependencies.SetupError, "unsafe path"):
            self.install(self.archive(path), path)

    def test_an_archive_inside_an_archive_is_opened(self):
        def tar(name, data):
            buffer = io.BytesIO()
            with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
            return buffer.getvalue()

        path = self.write("thing-1.crate", tar("thing-1/src.tar.gz", tar("pkg/lib/a.h", b"a")))
        self.install(self.archive(path, inside="thing-1/src.tar.gz"), path)
        self.assertEqual((self.folder / "deps/thing/lib/a.h").read_text(), "a")


class Tree(unittest.TestCase):
    def found(self, text, name="src/iolite/base/a.cc"):
        return [reason for _, reason in tree_rules.breaches(name, text)]

    def test_good_lines_pass(self):
        self.assertEqual(self.found('#include "iolite/base/a.h"\n// Waits for now + timeout.\nint todo_count;\n'), [])

    def test_each_kind_is_found(self):
        for text in ("// TO" + "DO: later", "// FIX" + "ME", "// good enough for " + "now",
                     'Open("/wo' + 'rk/x")', 'Open("/ro' + 'ot/x")', "https://py" + "pi.org/x",
                     "https://registry.np" + "mjs.org/x", "a \t \nb"):
            self.assertEqual(len(self.found(text)), 1, text)


class Shape(unittest.TestCase):
    def test_functions_are_measured(self):
        text = "namespace a {\nint F(int x) {\n  if (x) {\n  }\n  return x;\n}\nclass B {\n  void G() {\n  }\n};\n}\n"
        self.assertEqual(shape.functions(text), [(5, "int F(int x)"), (2, "void G()")])


class Setup(unittest.TestCase):
    def run_packages(self, path, **environment):
        return subprocess.run(["bash", ROOT / "tools/setup_packages.sh"], capture_output=True, text=True,
                              env={"PATH": path, "HOME": "/nonexistent", **environment})

    def test_where_everything_came_another_way_nothing_is_looked_for(self):
        self.assertEqual(self.run_packages("/usr/bin:/bin", IOLITE_SYSTEM_READY="1").returncode, 0)


if __name__ == "__main__":
    unittest.main()
