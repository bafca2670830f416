#!/usr/bin/env bash
# Installs what the tests of deploy/ need that no package manager of this repository brings: a container engine, and Python for the
# tools that run a compose file and check manifests. Does nothing where all of it is there.
set -euo pipefail
declare -A wanted=(
  [docker]=docker.io [dockerd]=docker.io [debootstrap]=debootstrap [iptables]=iptables [python3]=python3 [pip3]=python3-pip
)
packages=()
for program in "${!wanted[@]}"; do
  command -v "$program" >/dev/null || packages+=("${wanted[$program]}")
done
if [ ${#packages[@]} -gt 0 ]; then
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}") >/dev/null
fi
