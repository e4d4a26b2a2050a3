#!/usr/bin/env bash
# Make or refresh .venv from the frozen constraints.txt, and install system parts where that is allowed.
#
#   ./setup.sh [EXTRA,...]          Python part; EXTRA is an extra of pyproject.toml (test, book, ...)
#   ./setup.sh --system PKG...      Debian packages, where apt-get and root (or password-less sudo) are there
#
# Nothing is installed twice: a stamp per extra holds the checksum of what it was made from.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
unset PYTHONDONTWRITEBYTECODE                     # without byte code every import costs four times as much
TINYSOUNDFONT=tinysoundfont==0.3.7                # installed without its PyAudio dependency, which needs a compiler

say() { printf 'setup: %s\n' "$*" >&2; }

find_python() {                                   # the first that fits; 3.13 lacks a module that sf2utils needs
    local candidate
    for candidate in "${PYTHON:-python3}" python3.11 python3.12; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null; then
            echo "$candidate"; return
        fi
    done
    say "expected Python 3.11 or 3.12 on the PATH, found neither; name one with PYTHON=/path/to/python3"
    exit 1
}

has_uv() { [ -x .venv/uv/bin/uv ] || { python3 -m venv .venv/uv && .venv/uv/bin/python -m pip install -q uv; } >/dev/null 2>&1; }

cpu_torch() {                                     # the plain wheel for Linux brings gigabytes of CUDA that nothing here loads
    [ "$(uname -s)" = Linux ] && ! .venv/bin/python -c 'import torch' 2>/dev/null && has_uv || return 0
    .venv/uv/bin/uv pip install -q --python .venv/bin/python --torch-backend cpu --no-deps \
        "$(grep '^torch==' constraints.txt)" 2>/dev/null || true
}

make_venv() {
    say "making .venv"
    local python; python=$(find_python)
    "$python" -m venv .venv && return
    say "$python could not make a virtual environment; on Debian and Ubuntu: sudo apt-get install python3-venv"
    exit 1
}

pip_install() {                                   # uv where it can be had, else pip
    if has_uv; then
        UV_FIND_LINKS="${PIP_FIND_LINKS:-}" .venv/uv/bin/uv pip install -q --python .venv/bin/python --compile-bytecode "$@"
    else
        .venv/bin/python -m pip install -q "$@"
    fi
}

python_part() {
    local extras=${1:-} spec=. stamp sum
    [ -z "$extras" ] || spec=".[$extras]"
    stamp=.venv/stamp-${extras:-base}
    sum=$(cat pyproject.toml constraints.txt setup.sh | cksum)
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ]; then return; fi
    [ -x .venv/bin/python ] || make_venv
    say "installing latentsampler${extras:+ with $extras} into .venv: about 3 GB on this disk, some minutes, from the"
    say "network or from a folder of wheels named by PIP_FIND_LINKS; pip unpacks below ${TMPDIR:-/tmp} (1 GB)"
    cpu_torch
    pip_install -c constraints.txt -e "$spec"
    pip_install --no-deps "$TINYSOUNDFONT"
    echo "$sum" >"$stamp"
}

missing_packages() {
    local package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
    done
}

system_part() {
    if ! command -v apt-get >/dev/null; then
        say "no apt-get here. Install by hand, then run again:"
        say "  Debian, Ubuntu: sudo apt-get install $*"
        say "  Fedora:         sudo dnf install gcc-c++ cmake make json-devel zlib-devel puredata puredata-devel fluid-soundfont-gm"
        say "  Arch:           sudo pacman -S base-devel cmake nlohmann-json zlib puredata soundfont-fluid"
        say "  macOS:          xcode-select --install; brew install cmake nlohmann-json; brew install --cask pd; a .sf2 by SOUNDFONT=FILE"
        return 1
    fi
    local missing sudo=()
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        if sudo -n true 2>/dev/null; then sudo=(sudo -n); else
            say "missing: ${missing[*]}. Without root, ask for: sudo apt-get install ${missing[*]}"
            return 1
        fi
    fi
    say "installing ${missing[*]}"
    local log; log=$(mktemp)
    if ! { "${sudo[@]}" apt-get update -qq && DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
        tail -n 5 "$log" >&2
        say "apt-get could not install ${missing[*]} (its whole output: $log)"
        return 1
    fi
    rm -f "$log"
}

if [ "${1:-}" = --system ]; then shift; system_part "$@"; else python_part "$@"; fi
