{{/* The pod of a kind of process. Arguments: root, kind, and for indexers group. */}}
{{- define "proximadb.pod" -}}
{{- $values := .root.Values }}
{{- $mine := index $values .kind }}
{{- $isIndexer := eq .kind "indexer" }}
{{- $name := include "proximadb.fullname" .root }}
{{- $restPort := ternary 5698 (dig "service" "restPort" 0 $mine) $isIndexer | int }}
{{- $grpcPort := ternary 5699 (dig "service" "grpcPort" 0 $mine) $isIndexer | int }}
serviceAccountName: {{ include "proximadb.serviceAccount" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with $values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- with $mine.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- /* Others take over, calls under way end, the last checkpoint is written; by force only after that. */}}
{{- $stopMs := add (int $mine.graceMs) (int (dig "leaveMs" 0 $mine)) }}
terminationGracePeriodSeconds: {{ add (div (add $stopMs 999) 1000) (int $mine.preStopSeconds) (ternary 40 10 $isIndexer) }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- with $mine.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $mine.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- include "proximadb.spread" . }}
containers:
  - name: {{ .kind }}
    image: {{ include "proximadb.image" .root | quote }}
    imagePullPolicy: {{ $values.image.pullPolicy }}
    args: [{{ .kind }}]
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities: { drop: [ALL] }
    env: {{- include "proximadb.env" . | nindent 6 }}
    ports:
      - { name: rest, containerPort: {{ $restPort }}, protocol: TCP }
      - { name: grpc, containerPort: {{ $grpcPort }}, protocol: TCP }
    {{- /* Ports open when log and catalog are: what a start waits for. */}}
    startupProbe:
      httpGet: { path: /health/live, port: rest }
      periodSeconds: 2
      timeoutSeconds: 2
      failureThreshold: 150
    livenessProbe:
      httpGet: { path: /health/live, port: rest }
      periodSeconds: 10
      timeoutSeconds: 5
      failureThreshold: 6
    {{- /* Of an indexer: when its shards have reached what the log had at the start. */}}
    readinessProbe:
      httpGet: { path: /health/ready, port: rest }
      periodSeconds: 3
      timeoutSeconds: 3
      failureThreshold: 2
    {{- if gt (int $mine.preStopSeconds) 0 }}
    {{- /* New calls come until every node has heard that this is no endpoint any more; only then SIGTERM. */}}
    lifecycle:
      preStop:
        exec: { command: [sleep, {{ $mine.preStopSeconds | toString | quote }}] }
    {{- end }}
    resources: {{- toYaml $mine.resources | nindent 6 }}
    volumeMounts:
      - { name: config, mountPath: /etc/proximadb/config, readOnly: true }
      - { name: tmp, mountPath: /tmp }
      {{- if $isIndexer }}
      - { name: data, mountPath: /data }
      {{- end }}
      {{- if $values.kafka.tls.caSecret }}
      - { name: kafka-ca, mountPath: /etc/proximadb/kafka-ca, readOnly: true }
      {{- end }}
      {{- if $values.kafka.tls.clientSecret }}
      - { name: kafka-client, mountPath: /etc/proximadb/kafka-client, readOnly: true }
      {{- end }}
      {{- if $values.trustedCertificates.configMap }}
      - { name: trusted, mountPath: /etc/proximadb/trusted, readOnly: true }
      {{- end }}
volumes:
  - name: config
    configMap: { name: {{ $name }}-{{ .kind }} }
  - name: tmp
    emptyDir: { sizeLimit: 64Mi }
  {{- with $values.kafka.tls.caSecret }}
  - name: kafka-ca
    secret: { secretName: {{ . }} }
  {{- end }}
  {{- with $values.kafka.tls.clientSecret }}
  - name: kafka-client
    secret: { secretName: {{ . }}, defaultMode: 0440 }
  {{- end }}
  {{- with $values.trustedCertificates.configMap }}
  - name: trusted
    configMap: { name: {{ . }} }
  {{- end }}
{{- end }}

{{- define "proximadb.env" -}}
{{- $values := .root.Values }}
{{- $mine := index $values .kind }}
- { name: POD_NAME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
- { name: PROXIMADB_ID, value: $(POD_NAME) }
- { name: PROXIMADB_CONFIG, value: /etc/proximadb/config/{{ .kind }}.json }
{{- if eq .kind "indexer" }}
- { name: PROXIMADB_GROUP, value: {{ .group | toString | quote }} }
{{- if gt (int $mine.groups) 1 }}
- { name: PROXIMADB_LEAVE_MS, value: {{ int $mine.leaveMs | toString | quote }} }
{{- end }}
- { name: PROXIMADB_ADVERTISE, value: "$(POD_NAME).{{ include "proximadb.indexers" .root }}.{{ .root.Release.Namespace }}.svc.{{ $values.clusterDomain }}:5699" }
{{- else }}
- { name: POD_IP, valueFrom: { fieldRef: { fieldPath: status.podIP } } }
- { name: PROXIMADB_ADVERTISE, value: "$(POD_IP):{{ int $mine.service.grpcPort }}" }
{{- end }}
{{- with $values.kafka.sasl }}
{{- if .mechanism }}
- { name: PROXIMADB_KAFKA_PASSWORD, valueFrom: { secretKeyRef: { name: {{ .existingSecret }}, key: {{ .passwordKey }} } } }
{{- with .usernameKey }}
- { name: PROXIMADB_KAFKA_USERNAME, valueFrom: { secretKeyRef: { name: {{ $values.kafka.sasl.existingSecret }}, key: {{ . }} } } }
{{- end }}
{{- end }}
{{- end }}
{{- with $values.registry }}
{{- if .existingSecret }}
- { name: PROXIMADB_REGISTRY_URL, valueFrom: { secretKeyRef: { name: {{ .existingSecret }}, key: {{ .urlKey }} } } }
{{- end }}
{{- end }}
{{- with $values.redis }}
{{- if .existingSecret }}
- { name: PROXIMADB_REDIS_URL, valueFrom: { secretKeyRef: { name: {{ .existingSecret }}, key: {{ .urlKey }} } } }
{{- end }}
{{- end }}
{{- if and (eq .kind "indexer") $values.blobs.existingSecret }}
- { name: AWS_ACCESS_KEY_ID, valueFrom: { secretKeyRef: { name: {{ $values.blobs.existingSecret }}, key: {{ $values.blobs.accessKeyIdKey }} } } }
- { name: AWS_SECRET_ACCESS_KEY, valueFrom: { secretKeyRef: { name: {{ $values.blobs.existingSecret }}, key: {{ $values.blobs.secretAccessKeyKey }} } } }
{{- end }}
{{- with $values.trustedCertificates }}
{{- if .configMap }}
- { name: NODE_EXTRA_CA_CERTS, value: /etc/proximadb/trusted/{{ .key }} }
{{- end }}
{{- end }}
{{- with $mine.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Pods of a kind on different nodes and zones, as far as that goes; indexers of all groups apart, as they hold the same partitions. */}}
{{- define "proximadb.spread" -}}
{{- $mine := index .root.Values .kind }}
{{- with $mine.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- else }}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "proximadb.selector" .root | nindent 14 }}
              app.kubernetes.io/component: {{ .kind }}
{{- end }}
topologySpreadConstraints:
{{- with $mine.topologySpreadConstraints }}
  {{- toYaml . | nindent 2 }}
{{- else }}
{{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "proximadb.selector" $.root | nindent 8 }}
        app.kubernetes.io/component: {{ $.kind }}
{{- end }}
{{- end }}
{{- end }}
