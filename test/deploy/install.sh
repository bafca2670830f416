#!/usr/bin/env bash
# Installs what the tests of deploy/ need that no package manager of this repository brings: containers, what
# Kubernetes runs on, and Python for the tool that checks manifests. Does nothing where all of it is there.
set -euo pipefail
declare -A wanted=(
  [docker]=docker.io [dockerd]=docker.io [debootstrap]=debootstrap [iptables]=iptables [python3]=python3 [pip3]=python3-pip
  [etcd]=etcd-server [containerd]=containerd [runc]=runc [conntrack]=conntrack [/usr/lib/cni/bridge]=containernetworking-plugins
  [docker-registry]=docker-registry [openssl]=openssl [ip]=iproute2
)
packages=()
for program in "${!wanted[@]}"; do
  PATH="$PATH:/usr/sbin:/sbin" command -v "$program" >/dev/null || packages+=("${wanted[$program]}")
done
if [ ${#packages[@]} -gt 0 ]; then
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}") >/dev/null
fi
