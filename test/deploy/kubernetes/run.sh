#!/usr/bin/env bash
# Kubernetes on one machine: every part of it, and containerd, as process 1 of a namespace, with which all of it ends. The program is
# main.go's. Variables name places and ports; see kubernetes.ts.
set -euo pipefail
cd "$FOLDER"
mkdir -p cni logs

openssl genrsa -out accounts.key 2048 2>/dev/null
openssl rsa -in accounts.key -pubout -out accounts.pub 2>/dev/null
echo "$TOKEN,admin,admin,system:masters" >tokens.csv

cat >containerd.toml <<END
version = 2
root = "$STORE"
state = "$FOLDER/containerd"
[grpc]
  address = "$FOLDER/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$PAUSE_IMAGE"
  # Root may not be allowed to favour a process when memory runs out.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$FOLDER/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
END
cat >cni/pods.conflist <<END
{"cniVersion": "1.0.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "$BRIDGE", "isGateway": true, "ipMasq": true, "hairpinMode": true, "ipam": {
    "type": "host-local", "dataDir": "$FOLDER/addresses", "ranges": [[{"subnet": "$PODS"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
END
cat >kubelet.yaml <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
address: $NODE_ADDRESS
port: $PORT_KUBELET
readOnlyPort: 0
healthzPort: 0
cgroupDriver: cgroupfs
containerRuntimeEndpoint: unix://$FOLDER/containerd.sock
clusterDNS: ["$DNS_ADDRESS"]
clusterDomain: cluster.local
failSwapOn: false
failCgroupV1: false
imageGCHighThresholdPercent: 100
evictionHard: {imagefs.available: "1%", nodefs.available: "1%"}
END
cat >proxy.yaml <<END
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: "$KUBECONFIG"}
clusterCIDR: $PODS
hostnameOverride: node
healthzBindAddress: 127.0.0.1:$PORT_PROXY_HEALTH
metricsBindAddress: 127.0.0.1:$PORT_PROXY_METRICS
mode: iptables
END
cat >Corefile <<END
.:$PORT_DNS {
  bind $NODE_ADDRESS
  errors
  kubernetes cluster.local {
    kubeconfig $KUBECONFIG
  }
  forward . /etc/resolv.conf
}
END

part() {
  local name=$1
  shift
  "$@" >"logs/$name.log" 2>&1 &
}

part etcd etcd --data-dir etcd --unsafe-no-fsync --listen-client-urls "http://127.0.0.1:$PORT_ETCD" --advertise-client-urls "http://127.0.0.1:$PORT_ETCD" \
  --listen-peer-urls "http://127.0.0.1:$PORT_ETCD_PEERS" --initial-advertise-peer-urls "http://127.0.0.1:$PORT_ETCD_PEERS" \
  --initial-cluster "default=http://127.0.0.1:$PORT_ETCD_PEERS"
part apiserver "$PROGRAM" kube-apiserver --etcd-servers "http://127.0.0.1:$PORT_ETCD" --secure-port "$PORT_API" --bind-address 127.0.0.1 --advertise-address "$NODE_ADDRESS" \
  --cert-dir certificates --token-auth-file tokens.csv --service-account-issuer https://kubernetes.default.svc --service-account-key-file accounts.pub \
  --service-account-signing-key-file accounts.key --service-cluster-ip-range 10.96.0.0/16 --authorization-mode RBAC \
  --feature-gates MutatingAdmissionPolicy=true --runtime-config admissionregistration.k8s.io/v1beta1=true --kubelet-preferred-address-types InternalIP
until "$PROGRAM" kubectl get --raw /readyz >/dev/null 2>&1; do sleep 0.2; done
part containerd containerd --config containerd.toml
part controllers "$PROGRAM" kube-controller-manager --kubeconfig "$KUBECONFIG" --service-account-private-key-file accounts.key --leader-elect=false --secure-port 0
part scheduler "$PROGRAM" kube-scheduler --kubeconfig "$KUBECONFIG" --leader-elect=false --secure-port 0
until [ -S containerd.sock ]; do sleep 0.1; done
# containerd takes connections before it answers kubelet, which then ends, and is started again, as by systemd.
part kubelet bash -c 'for _ in {1..20}; do "$@"; sleep 0.5; done' kubelet "$PROGRAM" kubelet --config kubelet.yaml --kubeconfig "$KUBECONFIG" --root-dir "$FOLDER/kubelet" --cert-dir "$FOLDER/kubelet-certificates" \
  --hostname-override node --node-ip "$NODE_ADDRESS" --node-labels topology.kubernetes.io/zone=here
part proxy "$PROGRAM" kube-proxy --config proxy.yaml
part dns "$PROGRAM" coredns -conf Corefile
# Whatever ends first is the reason why this does.
wait -n || echo "a part ended with exit code $?"
tail --lines 5 logs/*.log
exit 1
