"""Records ↔ Avro bytes, in Confluent's wire format: `0x00`, the writer schema's id in 4 bytes big-endian, the body."""
