{{/*
The configuration file of a kind of process, in JSON. Arguments: root, kind. What the chart knows comes first, the values' `config` over it;
secrets are not in it.
*/}}
{{- define "proximadb.config" -}}
{{- $values := .root.Values }}
{{- $mine := index $values .kind }}
{{- $kafka := dict "brokers" $values.kafka.brokers "replicationFactor" ($values.kafka.replicationFactor | int) "tls" $values.kafka.tls.enabled }}
{{- if not (kindIs "invalid" $values.kafka.minInsyncReplicas) }}{{ $_ := set $kafka "minInsyncReplicas" ($values.kafka.minInsyncReplicas | int) }}{{ end }}
{{- with $values.kafka.tls }}
{{- if .caSecret }}{{ $_ := set $kafka "caFile" (printf "/etc/proximadb/kafka-ca/%s" .caKey) }}{{ end }}
{{- if .clientSecret }}
{{- $_ := set $kafka "certFile" (printf "/etc/proximadb/kafka-client/%s" .certKey) }}
{{- $_ := set $kafka "keyFile" (printf "/etc/proximadb/kafka-client/%s" .keyKey) }}
{{- end }}
{{- end }}
{{- with $values.kafka.sasl }}
{{- if .mechanism }}{{ $_ := set $kafka "saslMechanism" .mechanism }}{{ end }}
{{- if and .mechanism (not .usernameKey) }}{{ $_ := set $kafka "username" .username }}{{ end }}
{{- end }}
{{- $redis := dict "ttlMs" ($values.redis.ttlMs | int) }}
{{- if not $values.redis.existingSecret }}{{ $_ := set $redis "url" $values.redis.url }}{{ end }}
{{- $config := dict
  "installation" (default (printf "%s.%s" .root.Release.Namespace .root.Release.Name) $values.installation)
  "logLevel" $values.logLevel "host" $values.host "graceMs" ($mine.graceMs | int)
  "kafka" $kafka "redis" $redis }}
{{- if not $values.registry.existingSecret }}{{ $_ := set $config "registry" (dict "url" $values.registry.url) }}{{ end }}
{{- if eq .kind "indexer" }}
{{- $blobs := dict "url" $values.blobs.url }}
{{- with $values.blobs.endpoint }}{{ $_ := set $blobs "endpoint" . }}{{ end }}
{{- with $values.blobs.region }}{{ $_ := set $blobs "region" . }}{{ end }}
{{- $_ := set $config "blobs" $blobs }}
{{- $_ := set $config "data" "/data" }}
{{- $_ := set $config "restPort" 5698 }}
{{- $_ := set $config "grpcPort" 5699 }}
{{- $_ := set $config "indexer" (dict "threads" ($mine.threads | int)) }}
{{- else }}
{{- $_ := set $config "restPort" ($mine.service.restPort | int) }}
{{- $_ := set $config "grpcPort" ($mine.service.grpcPort | int) }}
{{- end }}
{{- mustMergeOverwrite $config (deepCopy $mine.config) | toPrettyJson }}
{{- end }}

{{/* What has to be given, said at once and by name. */}}
{{- define "proximadb.required" -}}
{{- $values := .Values }}
{{- if not $values.kafka.brokers }}{{ fail "kafka.brokers: host:port of some brokers has to be given" }}{{ end }}
{{- if not (or $values.registry.url $values.registry.existingSecret) }}{{ fail "registry.url (or registry.existingSecret) has to be given" }}{{ end }}
{{- if not (or $values.redis.url $values.redis.existingSecret) }}{{ fail "redis.url (or redis.existingSecret) has to be given" }}{{ end }}
{{- if not $values.blobs.url }}{{ fail "blobs.url: where snapshots are kept has to be given, e.g. s3://bucket/proximadb" }}{{ end }}
{{- with $values.kafka.sasl }}
{{- if and .mechanism (not .existingSecret) }}{{ fail "kafka.sasl.existingSecret: the Secret with the password has to be given" }}{{ end }}
{{- if and .mechanism (not (or .username .usernameKey)) }}{{ fail "kafka.sasl.username (or usernameKey) has to be given" }}{{ end }}
{{- end }}
{{- if and (or $values.kafka.tls.caSecret $values.kafka.tls.clientSecret) (not $values.kafka.tls.enabled) }}
{{- fail "kafka.tls has Secrets but is not enabled" }}
{{- end }}
{{- range $values.rollout.groups }}
{{- if ge (int .) (int $values.indexer.groups) }}{{ fail (printf "rollout.groups: there is no group %v" .) }}{{ end }}
{{- end }}
{{- end }}
