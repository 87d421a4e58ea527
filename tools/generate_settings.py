#!/usr/bin/env python3
"""Writes what follows from spec/settings.json: the typed struct, its table, and the reference page.

    tools/generate_settings.py            writes the files
    tools/generate_settings.py --check    fails, naming the file, when one differs
"""

import json
import pathlib
import sys
import textwrap

from generated_files import write_or_check

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOTICE = "Generated from spec/settings.json by tools/generate_settings.py; edit the specification."
INT64_MAX = 2**63 - 1
CPP_TYPES = {
    "integer": "int64_t",
    "bytes": "int64_t",
    "duration_ms": "int64_t",
    "number": "double",
    "boolean": "bool",
    "string": "std::string",
    "path": "std::string",
    "url": "std::string",
    "enumeration": "std::string",
}
ACCESSORS = {"int64_t": "integer", "double": "number", "bool": "boolean", "std::string": "text"}
TYPE_WORDS = {
    "integer": "integer",
    "bytes": "bytes",
    "duration_ms": "duration",
    "number": "number",
    "boolean": "boolean",
    "string": "text",
    "path": "path",
    "url": "http or https address",
}


def pascal(words):
    return "".join(word.capitalize() for word in words.split("_"))


def quoted(text):
    return json.dumps(text)


def cpp_default(setting):
    value = setting["default"]
    if isinstance(value, bool):
        return "true" if value else "false"
    return quoted(value) if isinstance(value, str) else str(value)


def binary_bytes(count):
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count and count % size == 0:
            return f"{count // size}{unit}"
    return str(count)


def shown(setting, value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if setting["type"] == "bytes" and isinstance(value, int):
        return binary_bytes(value)
    return str(value)


def sections(settings):
    grouped = {}
    for setting in settings:
        section, name = setting["key"].split(".")
        grouped.setdefault(section, []).append((name, setting))
    return grouped


def verify(settings):
    keys = [setting["key"] for setting in settings]
    for key in keys:
        if keys.count(key) > 1:
            sys.exit(f"spec/settings.json: {key} stands there twice")
    for setting in settings:
        if setting["type"] not in CPP_TYPES:
            sys.exit(f"spec/settings.json: {setting['key']} has the unknown type {setting['type']}")
        for needed in ("default", "description", "example"):
            if needed not in setting:
                sys.exit(f"spec/settings.json: {setting['key']} lacks {needed}")
        if (setting["type"] == "enumeration") != ("values" in setting):
            sys.exit(f"spec/settings.json: {setting['key']}: values belong to an enumeration")


def header(settings):
    lines = ["#pragma once", "", f"// {NOTICE}", "", "#include <cstddef>", "#include <cstdint>",
             "#include <string>", "", "namespace iolite {", "",
             "/// Every setting by section and name. See docs/reference/settings.md.",
             "struct SettingValues {"]
    grouped = sections(settings)
    for section, members in grouped.items():
        lines.append(f"  struct {pascal(section)} {{")
        for name, setting in members:
            for line in textwrap.wrap(setting["description"], 92):
                lines.append(f"    /// {line}")
            default = "" if setting["default"] == "" else f" = {cpp_default(setting)}"
            lines.append(f"    {CPP_TYPES[setting['type']]} {name}{default};")
        lines += [f"  }} {section};", ""]
    lines[-1] = "};"
    lines += ["", f"inline constexpr size_t kSettingCount = {len(settings)};", "",
              "}  // namespace iolite", ""]
    return "\n".join(lines)


def table(settings):
    lines = ["// clang-format off", f"// {NOTICE}", "// Included by settings_table.cc only.", ""]
    for setting in settings:
        section, name = setting["key"].split(".")
        cpp_type = CPP_TYPES[setting["type"]]
        values = ", ".join(quoted(value) for value in setting.get("values", []))
        lines += [
            "{",
            f"  .key = {quoted(setting['key'])},",
            f"  .environment = {quoted(f'IOLITE_{section}__{name}'.upper())},",
            f"  .type = SettingType::k{pascal(setting['type'])},",
            f"  .min = {setting.get('min', 0)},",
            f"  .max = {setting.get('max', INT64_MAX)},",
            f"  .values = {{{values}}},",
            f"  .description = {quoted(setting['description'])},",
            f"  .example = {quoted(shown(setting, setting['example']))},",
            f"  .{ACCESSORS[cpp_type]} = [](SettingValues& settings) -> {cpp_type}& "
            f"{{ return settings.{setting['key']}; }},",
            "},",
        ]
    lines.append("")
    return "\n".join(lines)


def kind(setting):
    if setting["type"] == "enumeration":
        return ", ".join(f"`{value}`" for value in setting["values"])
    text = TYPE_WORDS[setting["type"]]
    if "max" in setting:
        return f"{text}, {setting.get('min', 0)} to {setting['max']}"
    if "min" in setting:
        return f"{text}, at least {setting['min']}"
    return text


def page(settings):
    lines = [f"<!-- {NOTICE} -->", "# Settings", "", textwrap.dedent("""\
        A database reads `iolite.toml` in its folder, and the environment: the key `section.name` is
        `IOLITE_SECTION__NAME` there, and the environment wins. `iolite settings list` prints what is in
        force and where it came from. A key that does not exist, or a value that does not fit, is an
        error that names it.

        ```toml
        # iolite.toml
        [memory]
        budget_bytes = "8GiB"        # or 8589934592; B, KB, MB, GB, TB count by 1000, KiB ... by 1024

        [models]
        offline = true
        ```

        ```sh
        IOLITE_THREADS__COUNT=2 iolite embed papers --model M
        ```

        A path may begin with `~/`. A relative path starts at the folder of `iolite.toml` when it stands
        there, and at the working folder when it comes from the environment.""")]
    for section, members in sections(settings).items():
        lines += ["", f"## {section}", "", "| key | value | default | meaning | example |",
                  "|---|---|---|---|---|"]
        for _, setting in members:
            default = shown(setting, setting["default"])
            default = f"`{default}`" if default else "empty"
            lines.append(f"| `{setting['key']}` | {kind(setting)} | {default} | "
                         f"{setting['description']} | `{shown(setting, setting['example'])}` |")
    lines.append("")
    return "\n".join(lines)


def main():
    settings = json.loads((ROOT / "spec/settings.json").read_text())["settings"]
    verify(settings)
    return write_or_check({
        ROOT / "src/iolite/base/settings_generated.h": header(settings),
        ROOT / "src/iolite/base/settings_generated.inc": table(settings),
        ROOT / "docs/reference/settings.md": page(settings),
    })


if __name__ == "__main__":
    sys.exit(main())
