#!/usr/bin/env bash
# As the image of Apache Kafka does: settings come from variables, KAFKA_A_B is a.b; an empty disk is formatted.
set -euo pipefail
settings=/opt/kafka/config/server.properties
: >"$settings"
while IFS='=' read -r name value; do
  case "$name" in KAFKA_HEAP_OPTS | KAFKA_OPTS) continue ;; esac
  key=${name#KAFKA_}
  echo "$(echo "${key,,}" | tr _ .)=$value" >>"$settings"
done < <(env | grep '^KAFKA_')
cd /opt/kafka
classpath="/opt/kafka/lib/*"
java -cp "$classpath" -Dlog4j2.configurationFile=log4j2.properties kafka.tools.StorageTool format --ignore-formatted --cluster-id "$CLUSTER_ID" --config "$settings"
# shellcheck disable=SC2086
exec java ${KAFKA_HEAP_OPTS:--Xmx1g} -XX:+UseSerialGC -cp "$classpath" -Dlog4j2.configurationFile=log4j2.properties kafka.Kafka "$settings"
