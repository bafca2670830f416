#!/usr/bin/env bash
# Builds the image, and runs it, docker-compose.yml and the chart for real. Not a part of `npm test`: it takes minutes, and the ports that pages show, and needs
# root on Linux. Dependencies of the repository are installed already. Arguments: names of test/deploy/containers; all without any.
set -euo pipefail
cd "$(dirname "$0")/../.."
bash test/deploy/install.sh

node24() {
  if [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 24 ]; then
    node "$@"
  else
    # npx runs a shell line: the arguments travel quoted.
    npx --yes --package=node@24 -c "node $(printf '%q ' "$@")"
  fi
}

files=()
for name in "${@:-*}"; do
  for file in test/deploy/containers/$name.ts; do files+=("$file"); done
done
node24 --no-warnings test/deploy/prepare.ts
node24 --no-warnings --test --test-concurrency=1 --test-timeout=1500000 "${files[@]}"
