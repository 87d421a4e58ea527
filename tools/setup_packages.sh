#!/usr/bin/env bash
# Installs the Debian packages that the build needs; does nothing, quickly and without network, when none is
# missing. Commands are looked for on PATH, so that a cmake or cargo from elsewhere serves as well.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

[[ ${IOLITE_SYSTEM_READY:-} == 1 ]] && exit 0

missing=()

# at_least FOUND WANTED: by version.
at_least() { [[ -n $1 && $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n1) == "$2" ]]; }
version_of() { "$@" 2>/dev/null | head -n1 | grep -oE '[0-9]+(\.[0-9]+)+' | head -n1 || true; }
need_command() { command -v "$1" >/dev/null || missing+=("${@:2}"); }

need_command g++ g++
need_command ninja ninja-build
need_command git git
need_command npm npm
need_command ccache ccache
need_command clang-format-14 clang-format-14
need_command clang-tidy-14 clang-tidy-14
need_command python3 python3
if command -v g++ >/dev/null && ! at_least "$(g++ -dumpfullversion)" 12; then missing+=(g++-12); fi
at_least "$(version_of cmake --version)" 3.25 || missing+=(cmake)
# The cargo on PATH, or else Debian's newer one beside it; Debian's plain `cargo` is too old, and rustup's is
# none without a toolchain.
has_cargo() {
  at_least "$(version_of cargo --version)" 1.85 || at_least "$(version_of /usr/bin/cargo --version)" 1.85
}
has_cargo || missing+=(cargo-web rustc-web)
if command -v python3 >/dev/null; then
  python3 -c 'import pip' 2>/dev/null || missing+=(python3-pip)
  python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
else
  missing+=(python3-pip python3-venv)
fi

mapfile -t packages < <(sed -n '/"debian": \[/,/\]/p' cmake/dependencies.json | tail -n +2 | grep -oE '"[a-z0-9.+-]+"' | tr -d '"')
if command -v dpkg-query >/dev/null; then
  installed=" $(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null |
    sed -n 's/^installed //p' | tr '\n' ' ' || true) "
  for package in "${packages[@]}"; do
    [[ $installed == *" $package "* ]] || missing+=("$package")
  done
else
  missing+=("${packages[@]}")
fi

((${#missing[@]})) || exit 0

system=unknown
if [[ -r /etc/os-release ]]; then system=$(. /etc/os-release && echo "${ID:-} ${VERSION_ID:-}"); fi
if [[ $system != "debian 12" || $(uname -m) != x86_64 ]]; then
  cat >&2 <<MESSAGE
dev: this is $system on $(uname -m); ./dev setup installs on Debian 12 on x86_64 only.
dev: what Debian calls these is missing here: ${missing[*]}
dev: install them (cmake 3.25, g++ 12 and cargo 1.85 or newer), then run with IOLITE_SYSTEM_READY=1.
MESSAGE
  exit 1
fi

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    cat >&2 <<MESSAGE
dev: packages are missing, and there is neither root nor sudo to install them. Ask for:
  apt-get update && apt-get install --no-install-recommends ${missing[*]}
MESSAGE
    exit 1
  fi
  as_root=(sudo)
  [[ -t 0 ]] || as_root=(sudo -n)
fi

echo "== install ${missing[*]}" >&2
install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get)
if ! { "${install[@]}" update -q && "${install[@]}" install -q -y --no-install-recommends "${missing[@]}"; } </dev/null >&2; then
  echo "dev: apt-get could not install: ${missing[*]}; its reason stands above. ./dev setup goes on from here." >&2
  exit 1
fi
has_cargo || { echo "dev: there is still no cargo 1.85 or newer on PATH or in /usr/bin; get one, from rustup for example" >&2; exit 1; }
