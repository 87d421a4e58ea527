"""iolite_room() on small houses: what looks down builds, what does not is refused with its reason."""

import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

HOUSE = """
cmake_minimum_required(VERSION 3.25)
project(house LANGUAGES CXX)
set(CMAKE_CXX_STANDARD 20)
set(IOLITE_BUILD_TESTS OFF)
set(IOLITE_BUILD_BENCHES OFF)
add_library(iolite_flags INTERFACE)
include(@ROOT@/cmake/rooms.cmake)
"""


class House(unittest.TestCase):
    """A project of tiny rooms; each test adds the rooms it needs."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="iolite-house-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.house = HOUSE.replace("@ROOT@", str(ROOT))

    def room(self, name, floor, uses="", includes=(), header="#pragma once\n"):
        folder = self.folder / name
        folder.mkdir()
        (folder / f"{name}.h").write_text(header)
        lines = [f'#include "iolite/{other}/{other}.h"' for other in includes]
        (folder / f"{name}.cc").write_text("\n".join([*lines, f"int {name}_anchor;", ""]))
        (folder / "CMakeLists.txt").write_text(
            f"iolite_room({name} FLOOR {floor} USES {uses} HEADERS {name}.h SOURCES {name}.cc)\n")
        self.house += f"add_subdirectory({name})\n"

    def run_command(self, *command):
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True)

    def configure(self):
        (self.folder / "CMakeLists.txt").write_text(self.house)
        return self.run_command("cmake", "-G", "Ninja", "-S", ".", "-B", "build")

    def build(self, target="all"):
        configured = self.configure()
        self.assertEqual(configured.returncode, 0, configured.stderr)
        return self.run_command("ninja", "-C", "build", "-j", "1", target)

    def assert_refused(self, words):
        configured = self.configure()
        self.assertNotEqual(configured.returncode, 0)
        text = " ".join(configured.stderr.split())  # CMake wraps its messages
        for word in words:
            self.assertIn(word, text)

    def test_a_room_that_looks_down_builds(self):
        self.room("cellar", 0)
        self.room("hall", 1, uses="cellar", includes=["cellar", "hall"])
        self.room("attic", 2, uses="hall", includes=["cellar", "hall"])
        built = self.build()
        self.assertEqual(built.returncode, 0, built.stdout)

    def test_an_upward_edge_is_refused_while_configuring(self):
        self.room("attic", 2)
        self.room("cellar", 0, uses="attic")
        self.assert_refused(["iolite_room(cellar FLOOR 0): USES attic on floor 2", "looks down only"])

    def test_a_sideways_edge_is_refused_while_configuring(self):
        self.room("kitchen", 1)
        self.room("hall", 1, uses="kitchen")
        self.assert_refused(["iolite_room(hall FLOOR 1): USES kitchen on floor 1", "looks down only"])

    def test_a_room_that_nobody_declared_is_refused(self):
        self.room("hall", 1, uses="celar")
        self.assert_refused(["USES celar, which is not declared"])

    def test_a_misspelt_argument_is_refused(self):
        self.house += "iolite_room(hall FLOR 1)\n"
        self.assert_refused(["iolite_room(hall): unknown arguments: FLOR;1"])

    def test_an_include_outside_uses_fails_the_build(self):
        self.room("cellar", 0)
        self.room("pantry", 0)
        self.room("hall", 1, uses="cellar", includes=["pantry"])
        built = self.build()
        self.assertNotEqual(built.returncode, 0)
        self.assertIn("iolite/pantry/pantry.h: No such file", built.stdout)

    def test_an_upward_include_fails_the_build(self):
        self.room("cellar", 0, includes=["hall"])
        self.room("hall", 1, uses="cellar")
        built = self.build()
        self.assertNotEqual(built.returncode, 0)
        self.assertIn("iolite/hall/hall.h: No such file", built.stdout)

    def test_a_header_that_does_not_compile_alone_is_named(self):
        self.room("hall", 1, header="#pragma once\nstd::string name();\n")
        self.assertEqual(self.build().returncode, 0)
        built = self.build("iolite_headers")
        self.assertNotEqual(built.returncode, 0)
        self.assertIn("hall.h", built.stdout)


if __name__ == "__main__":
    unittest.main()
