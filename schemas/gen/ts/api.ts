// Generated from avro/ by src/generator/main.ts: do not edit.
import {
  defineEnum, defineMessage, endMessage, FloatCollector, readLong, readMapEntry, readMessage, readPacked, readTag, skipField, writeFloats, writeMap, writeMessage,
  type EnumCodec, type Message,
} from '../../src/wire.ts';

export type Metric = 'cosine' | 'dot' | 'euclidean' | 'manhattan';
export const Metric: EnumCodec<Metric> = defineEnum('Metric', { cosine: 0, dot: 1, euclidean: 2, manhattan: 3 });

export type IndexKind = 'hnsw' | 'flat' | 'ivf';
export const IndexKind: EnumCodec<IndexKind> = defineEnum('IndexKind', { hnsw: 0, flat: 1, ivf: 2 });

export type Quantization = 'f32' | 'bf16' | 'i8' | 'b1';
export const Quantization: EnumCodec<Quantization> = defineEnum('Quantization', { f32: 0, bf16: 1, i8: 2, b1: 3 });

export type StorageKind = 'memory' | 'disk';
export const StorageKind: EnumCodec<StorageKind> = defineEnum('StorageKind', { memory: 0, disk: 1 });

export interface GetSchemaRequest {
  /** VectorRecord, PatchRecord or DeleteRecord. */
  readonly name: string;
  /** Of a stored record, whose writer may have had another schema. Absent: the one to write with. */
  readonly id: number | null;
}
export const GetSchemaRequest: Message<GetSchemaRequest> = defineMessage<GetSchemaRequest>({
  defaults: () => ({ name: '', id: null }),
  write(writer, message) {
    if (message.name !== '') writer.uint32(10).string(message.name);
    if (message.id !== null) writer.uint32(16).int32(message.id);
  },
  read(reader, end) {
    let name: string = '';
    let id: number | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: name = reader.string(true); break;
        case 16: id = reader.int32(); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { name, id };
  },
});

export interface GetSchemaResponse {
  readonly name: string;
  /** Goes into the 5 bytes before each record. */
  readonly id: number;
  /** The Avro schema, as JSON. */
  readonly schema: string;
  /** SHA-256 of the canonical form, in hex. */
  readonly fingerprint: string;
}
export const GetSchemaResponse: Message<GetSchemaResponse> = defineMessage<GetSchemaResponse>({
  defaults: () => ({ name: '', id: 0, schema: '', fingerprint: '' }),
  write(writer, message) {
    if (message.name !== '') writer.uint32(10).string(message.name);
    if (message.id !== 0) writer.uint32(16).int32(message.id);
    if (message.schema !== '') writer.uint32(26).string(message.schema);
    if (message.fingerprint !== '') writer.uint32(34).string(message.fingerprint);
  },
  read(reader, end) {
    let name: string = '';
    let id: number = 0;
    let schema: string = '';
    let fingerprint: string = '';
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: name = reader.string(true); break;
        case 16: id = reader.int32(); break;
        case 26: schema = reader.string(true); break;
        case 34: fingerprint = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { name, id, schema, fingerprint };
  },
});

export interface StatsRequest {
  readonly collection: string;
}
export const StatsRequest: Message<StatsRequest> = defineMessage<StatsRequest>({
  defaults: () => ({ collection: '' }),
  write(writer, message) {
    if (message.collection !== '') writer.uint32(10).string(message.collection);
  },
  read(reader, end) {
    let collection: string = '';
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: collection = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { collection };
  },
});

export interface SegmentStats {
  readonly id: string;
  readonly rows: number;
  readonly dead: number;
  /** It has a graph or lists; else it is searched by codes of all its rows. */
  readonly indexed: boolean;
  /** On disk. */
  readonly bytes: bigint;
  /** Share of the ten nearest that a search finds in it by default, as measured when its index was built; 1 where rows are compared exactly. Absent: nobody measured. */
  readonly recall: number | null;
  /** Candidates its graph is asked for by default, for ten hits. Absent: it is not asked. */
  readonly ef: number | null;
  /** Lists that are read of it by default, for ten hits. Absent: it has none. */
  readonly listsRead: number | null;
  /** Lists it has. */
  readonly lists: number | null;
}
export const SegmentStats: Message<SegmentStats> = defineMessage<SegmentStats>({
  defaults: () => ({ id: '', rows: 0, dead: 0, indexed: false, bytes: 0n, recall: null, ef: null, listsRead: null, lists: null }),
  write(writer, message) {
    if (message.id !== '') writer.uint32(10).string(message.id);
    if (message.rows !== 0) writer.uint32(16).int32(message.rows);
    if (message.dead !== 0) writer.uint32(24).int32(message.dead);
    if (message.indexed) writer.uint32(32).bool(message.indexed);
    if (message.bytes !== 0n) writer.uint32(40).int64(message.bytes);
    if (message.recall !== null) writer.uint32(49).double(message.recall);
    if (message.ef !== null) writer.uint32(56).int32(message.ef);
    if (message.listsRead !== null) writer.uint32(64).int32(message.listsRead);
    if (message.lists !== null) writer.uint32(72).int32(message.lists);
  },
  read(reader, end) {
    let id: string = '';
    let rows: number = 0;
    let dead: number = 0;
    let indexed: boolean = false;
    let bytes: bigint = 0n;
    let recall: number | null = null;
    let ef: number | null = null;
    let listsRead: number | null = null;
    let lists: number | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: id = reader.string(true); break;
        case 16: rows = reader.int32(); break;
        case 24: dead = reader.int32(); break;
        case 32: indexed = reader.bool(); break;
        case 40: bytes = readLong(reader); break;
        case 49: recall = reader.double(); break;
        case 56: ef = reader.int32(); break;
        case 64: listsRead = reader.int32(); break;
        case 72: lists = reader.int32(); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { id, rows, dead, indexed, bytes, recall, ef, listsRead, lists };
  },
});

/** A record of the log that no release applies. */
export interface MalformedRecord {
  readonly offset: bigint;
  readonly reason: string;
}
export const MalformedRecord: Message<MalformedRecord> = defineMessage<MalformedRecord>({
  defaults: () => ({ offset: 0n, reason: '' }),
  write(writer, message) {
    if (message.offset !== 0n) writer.uint32(8).int64(message.offset);
    if (message.reason !== '') writer.uint32(18).string(message.reason);
  },
  read(reader, end) {
    let offset: bigint = 0n;
    let reason: string = '';
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: offset = readLong(reader); break;
        case 18: reason = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { offset, reason };
  },
});

/** What segments take on disk, and what merging costs. */
export interface DiskSpace {
  /** Of each segment's files, indexes included, the share of its live rows. */
  readonly liveBytes: bigint;
  /** The rest of them. */
  readonly deadBytes: bigint;
  /** Bytes on disk for each live one. Absent: nothing lives. */
  readonly spaceAmplification: number | null;
  /** Files of segments that sealing, merges and graphs wrote since the partition was opened here; neither the log nor manifests. */
  readonly writtenBytes: bigint;
  /** Of them, records and vectors that were sealed for the first time. */
  readonly sealedBytes: bigint;
  /** Written bytes for each one that was sealed. Absent: nothing was sealed. */
  readonly writeAmplification: number | null;
}
export const DiskSpace: Message<DiskSpace> = defineMessage<DiskSpace>({
  defaults: () => ({ liveBytes: 0n, deadBytes: 0n, spaceAmplification: null, writtenBytes: 0n, sealedBytes: 0n, writeAmplification: null }),
  write(writer, message) {
    if (message.liveBytes !== 0n) writer.uint32(8).int64(message.liveBytes);
    if (message.deadBytes !== 0n) writer.uint32(16).int64(message.deadBytes);
    if (message.spaceAmplification !== null) writer.uint32(25).double(message.spaceAmplification);
    if (message.writtenBytes !== 0n) writer.uint32(32).int64(message.writtenBytes);
    if (message.sealedBytes !== 0n) writer.uint32(40).int64(message.sealedBytes);
    if (message.writeAmplification !== null) writer.uint32(49).double(message.writeAmplification);
  },
  read(reader, end) {
    let liveBytes: bigint = 0n;
    let deadBytes: bigint = 0n;
    let spaceAmplification: number | null = null;
    let writtenBytes: bigint = 0n;
    let sealedBytes: bigint = 0n;
    let writeAmplification: number | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: liveBytes = readLong(reader); break;
        case 16: deadBytes = readLong(reader); break;
        case 25: spaceAmplification = reader.double(); break;
        case 32: writtenBytes = readLong(reader); break;
        case 40: sealedBytes = readLong(reader); break;
        case 49: writeAmplification = reader.double(); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { liveBytes, deadBytes, spaceAmplification, writtenBytes, sealedBytes, writeAmplification };
  },
});

export interface PartitionStats {
  readonly partition: number;
  /** replaying, serving or stopped. */
  readonly state: string;
  /** Why it stopped. */
  readonly reason: string | null;
  /** The oldest offset that the log keeps. */
  readonly start: bigint;
  /** The next offset of the log. */
  readonly end: bigint;
  /** The next offset to apply. */
  readonly watermark: bigint;
  /** The watermark of the last manifest. */
  readonly durable: bigint;
  /** Rows in memory. */
  readonly growing: number;
  /** Records of the log that no release applies. */
  readonly malformed: bigint;
  readonly segments: readonly SegmentStats[];
  /** The last malformed records, at most 100. */
  readonly ledger: readonly MalformedRecord[];
  /** Absent: nobody serves it. */
  readonly space: DiskSpace | null;
}
export const PartitionStats: Message<PartitionStats> = defineMessage<PartitionStats>({
  defaults: () => ({ partition: 0, state: '', reason: null, start: 0n, end: 0n, watermark: 0n, durable: 0n, growing: 0, malformed: 0n, segments: [], ledger: [], space: null }),
  write(writer, message) {
    if (message.partition !== 0) writer.uint32(8).int32(message.partition);
    if (message.state !== '') writer.uint32(18).string(message.state);
    if (message.reason !== null) writer.uint32(26).string(message.reason);
    if (message.start !== 0n) writer.uint32(32).int64(message.start);
    if (message.end !== 0n) writer.uint32(40).int64(message.end);
    if (message.watermark !== 0n) writer.uint32(48).int64(message.watermark);
    if (message.durable !== 0n) writer.uint32(56).int64(message.durable);
    if (message.growing !== 0) writer.uint32(64).int32(message.growing);
    if (message.malformed !== 0n) writer.uint32(72).int64(message.malformed);
    for (const item of message.segments) writeMessage(writer, 82, SegmentStats, item);
    for (const item of message.ledger) writeMessage(writer, 90, MalformedRecord, item);
    if (message.space !== null) writeMessage(writer, 98, DiskSpace, message.space);
  },
  read(reader, end, depth) {
    let partition: number = 0;
    let state: string = '';
    let reason: string | null = null;
    let start: bigint = 0n;
    let endValue: bigint = 0n;
    let watermark: bigint = 0n;
    let durable: bigint = 0n;
    let growing: number = 0;
    let malformed: bigint = 0n;
    const segments: SegmentStats[] = [];
    const ledger: MalformedRecord[] = [];
    let space: DiskSpace | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: partition = reader.int32(); break;
        case 18: state = reader.string(true); break;
        case 26: reason = reader.string(true); break;
        case 32: start = readLong(reader); break;
        case 40: endValue = readLong(reader); break;
        case 48: watermark = readLong(reader); break;
        case 56: durable = readLong(reader); break;
        case 64: growing = reader.int32(); break;
        case 72: malformed = readLong(reader); break;
        case 82: segments.push(readMessage(reader, SegmentStats, depth)); break;
        case 90: ledger.push(readMessage(reader, MalformedRecord, depth)); break;
        case 98: space = readMessage(reader, DiskSpace, depth); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { partition, state, reason, start, end: endValue, watermark, durable, growing, malformed, segments, ledger, space };
  },
});

export interface StatsResponse {
  readonly collection: string;
  /** Live. */
  readonly records: bigint;
  /** Rows in memory, not yet sealed. */
  readonly growing: bigint;
  /** Live rows in segments. */
  readonly sealed: bigint;
  /** Rows of segments that have a graph. */
  readonly indexed: bigint;
  /** Rows whose graph or merge is under way. */
  readonly building: bigint;
  /** Rows that ended and still take space. */
  readonly dead: bigint;
  /** Records of the log that are not yet applied. */
  readonly lag: bigint;
  readonly diskBytes: bigint;
  /** Vectors and records held in memory. */
  readonly memoryBytes: bigint;
  readonly partitions: readonly PartitionStats[];
  /** Of all partitions. */
  readonly space: DiskSpace | null;
}
export const StatsResponse: Message<StatsResponse> = defineMessage<StatsResponse>({
  defaults: () => ({ collection: '', records: 0n, growing: 0n, sealed: 0n, indexed: 0n, building: 0n, dead: 0n, lag: 0n, diskBytes: 0n, memoryBytes: 0n, partitions: [], space: null }),
  write(writer, message) {
    if (message.collection !== '') writer.uint32(10).string(message.collection);
    if (message.records !== 0n) writer.uint32(16).int64(message.records);
    if (message.growing !== 0n) writer.uint32(24).int64(message.growing);
    if (message.sealed !== 0n) writer.uint32(32).int64(message.sealed);
    if (message.indexed !== 0n) writer.uint32(40).int64(message.indexed);
    if (message.building !== 0n) writer.uint32(48).int64(message.building);
    if (message.dead !== 0n) writer.uint32(56).int64(message.dead);
    if (message.lag !== 0n) writer.uint32(64).int64(message.lag);
    if (message.diskBytes !== 0n) writer.uint32(72).int64(message.diskBytes);
    if (message.memoryBytes !== 0n) writer.uint32(80).int64(message.memoryBytes);
    for (const item of message.partitions) writeMessage(writer, 90, PartitionStats, item);
    if (message.space !== null) writeMessage(writer, 98, DiskSpace, message.space);
  },
  read(reader, end, depth) {
    let collection: string = '';
    let records: bigint = 0n;
    let growing: bigint = 0n;
    let sealed: bigint = 0n;
    let indexed: bigint = 0n;
    let building: bigint = 0n;
    let dead: bigint = 0n;
    let lag: bigint = 0n;
    let diskBytes: bigint = 0n;
    let memoryBytes: bigint = 0n;
    const partitions: PartitionStats[] = [];
    let space: DiskSpace | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: collection = reader.string(true); break;
        case 16: records = readLong(reader); break;
        case 24: growing = readLong(reader); break;
        case 32: sealed = readLong(reader); break;
        case 40: indexed = readLong(reader); break;
        case 48: building = readLong(reader); break;
        case 56: dead = readLong(reader); break;
        case 64: lag = readLong(reader); break;
        case 72: diskBytes = readLong(reader); break;
        case 80: memoryBytes = readLong(reader); break;
        case 90: partitions.push(readMessage(reader, PartitionStats, depth)); break;
        case 98: space = readMessage(reader, DiskSpace, depth); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { collection, records, growing, sealed, indexed, building, dead, lag, diskBytes, memoryBytes, partitions, space };
  },
});

export interface VerifyRequest {
  readonly collection: string;
}
export const VerifyRequest: Message<VerifyRequest> = defineMessage<VerifyRequest>({
  defaults: () => ({ collection: '' }),
  write(writer, message) {
    if (message.collection !== '') writer.uint32(10).string(message.collection);
  },
  read(reader, end) {
    let collection: string = '';
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: collection = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { collection };
  },
});

/** What one replica of a partition holds. */
export interface VerifiedReplica {
  /** The indexer's id. */
  readonly member: string;
  /** Its replica group. */
  readonly group: number;
  /** Why it could not be compared. */
  readonly reason: string | null;
  /** Its sum at the partition's mark. */
  readonly markSum: string | null;
  /** Live at the offset of the comparison. */
  readonly records: bigint;
  /** Over these. */
  readonly sum: string | null;
}
export const VerifiedReplica: Message<VerifiedReplica> = defineMessage<VerifiedReplica>({
  defaults: () => ({ member: '', group: 0, reason: null, markSum: null, records: 0n, sum: null }),
  write(writer, message) {
    if (message.member !== '') writer.uint32(10).string(message.member);
    if (message.group !== 0) writer.uint32(16).int32(message.group);
    if (message.reason !== null) writer.uint32(26).string(message.reason);
    if (message.markSum !== null) writer.uint32(34).string(message.markSum);
    if (message.records !== 0n) writer.uint32(40).int64(message.records);
    if (message.sum !== null) writer.uint32(50).string(message.sum);
  },
  read(reader, end) {
    let member: string = '';
    let group: number = 0;
    let reason: string | null = null;
    let markSum: string | null = null;
    let records: bigint = 0n;
    let sum: string | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: member = reader.string(true); break;
        case 16: group = reader.int32(); break;
        case 26: reason = reader.string(true); break;
        case 34: markSum = reader.string(true); break;
        case 40: records = readLong(reader); break;
        case 50: sum = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { member, group, reason, markSum, records, sum };
  },
});

/** What a replica has under an id. */
export interface HeldVersion {
  readonly member: string;
  /** Absent: it has none. */
  readonly version: string | null;
  /** CRC-32C of the record, in hex. */
  readonly checksum: string | null;
}
export const HeldVersion: Message<HeldVersion> = defineMessage<HeldVersion>({
  defaults: () => ({ member: '', version: null, checksum: null }),
  write(writer, message) {
    if (message.member !== '') writer.uint32(10).string(message.member);
    if (message.version !== null) writer.uint32(18).string(message.version);
    if (message.checksum !== null) writer.uint32(26).string(message.checksum);
  },
  read(reader, end) {
    let member: string = '';
    let version: string | null = null;
    let checksum: string | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: member = reader.string(true); break;
        case 18: version = reader.string(true); break;
        case 26: checksum = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { member, version, checksum };
  },
});

/** A record that the replicas do not hold alike. */
export interface Difference {
  /** Absent if it was replaced everywhere before it could be named. */
  readonly id: string | null;
  /** One a replica that was compared. */
  readonly held: readonly HeldVersion[];
}
export const Difference: Message<Difference> = defineMessage<Difference>({
  defaults: () => ({ id: null, held: [] }),
  write(writer, message) {
    if (message.id !== null) writer.uint32(10).string(message.id);
    for (const item of message.held) writeMessage(writer, 18, HeldVersion, item);
  },
  read(reader, end, depth) {
    let id: string | null = null;
    const held: HeldVersion[] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: id = reader.string(true); break;
        case 18: held.push(readMessage(reader, HeldVersion, depth)); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { id, held };
  },
});

export interface VerifiedPartition {
  readonly partition: number;
  /** differ; agree; alone where only one replica could be compared; unknown where none could. */
  readonly verdict: string;
  /** The last offset at which all of them noted a sum. */
  readonly mark: bigint | null;
  /** The offset at which their views were compared. */
  readonly at: bigint | null;
  readonly replicas: readonly VerifiedReplica[];
  /** The first 100. */
  readonly differences: readonly Difference[];
  /** How many there are at least. */
  readonly differing: bigint;
}
export const VerifiedPartition: Message<VerifiedPartition> = defineMessage<VerifiedPartition>({
  defaults: () => ({ partition: 0, verdict: '', mark: null, at: null, replicas: [], differences: [], differing: 0n }),
  write(writer, message) {
    if (message.partition !== 0) writer.uint32(8).int32(message.partition);
    if (message.verdict !== '') writer.uint32(18).string(message.verdict);
    if (message.mark !== null) writer.uint32(24).int64(message.mark);
    if (message.at !== null) writer.uint32(32).int64(message.at);
    for (const item of message.replicas) writeMessage(writer, 42, VerifiedReplica, item);
    for (const item of message.differences) writeMessage(writer, 50, Difference, item);
    if (message.differing !== 0n) writer.uint32(56).int64(message.differing);
  },
  read(reader, end, depth) {
    let partition: number = 0;
    let verdict: string = '';
    let mark: bigint | null = null;
    let at: bigint | null = null;
    const replicas: VerifiedReplica[] = [];
    const differences: Difference[] = [];
    let differing: bigint = 0n;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: partition = reader.int32(); break;
        case 18: verdict = reader.string(true); break;
        case 24: mark = readLong(reader); break;
        case 32: at = readLong(reader); break;
        case 42: replicas.push(readMessage(reader, VerifiedReplica, depth)); break;
        case 50: differences.push(readMessage(reader, Difference, depth)); break;
        case 56: differing = readLong(reader); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { partition, verdict, mark, at, replicas, differences, differing };
  },
});

export interface VerifyResponse {
  readonly collection: string;
  /** differ if any partition does, else unknown if any is, else alone, else agree. */
  readonly verdict: string;
  readonly partitions: readonly VerifiedPartition[];
}
export const VerifyResponse: Message<VerifyResponse> = defineMessage<VerifyResponse>({
  defaults: () => ({ collection: '', verdict: '', partitions: [] }),
  write(writer, message) {
    if (message.collection !== '') writer.uint32(10).string(message.collection);
    if (message.verdict !== '') writer.uint32(18).string(message.verdict);
    for (const item of message.partitions) writeMessage(writer, 26, VerifiedPartition, item);
  },
  read(reader, end, depth) {
    let collection: string = '';
    let verdict: string = '';
    const partitions: VerifiedPartition[] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: collection = reader.string(true); break;
        case 18: verdict = reader.string(true); break;
        case 26: partitions.push(readMessage(reader, VerifiedPartition, depth)); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { collection, verdict, partitions };
  },
});

export type DiagnoseRequest = Readonly<Record<string, never>>;
export const DiagnoseRequest: Message<DiagnoseRequest> = defineMessage<DiagnoseRequest>({
  defaults: () => ({}),
  write() {},
  read(reader, end) {
    while (reader.pos < end) {
      const tag = readTag(reader);
      skipField(reader, tag);
    }
    endMessage(reader, end);
    return {};
  },
});

/** Something that is wrong. */
export interface Finding {
  /** critical: reads or writes fail, or data is at risk. warning: one more fault would do that. */
  readonly severity: string;
  readonly what: string;
  /** A process, a collection, a partition, or a part outside such as Kafka. */
  readonly where: string;
  /** µs since 1970; absent if nobody saw it begin. */
  readonly since: bigint | null;
  /** Who must act: nobody while it heals by itself, or whose part it is. */
  readonly who: string;
  /** What to do. */
  readonly advice: string;
}
export const Finding: Message<Finding> = defineMessage<Finding>({
  defaults: () => ({ severity: '', what: '', where: '', since: null, who: '', advice: '' }),
  write(writer, message) {
    if (message.severity !== '') writer.uint32(10).string(message.severity);
    if (message.what !== '') writer.uint32(18).string(message.what);
    if (message.where !== '') writer.uint32(26).string(message.where);
    if (message.since !== null) writer.uint32(32).int64(message.since);
    if (message.who !== '') writer.uint32(42).string(message.who);
    if (message.advice !== '') writer.uint32(50).string(message.advice);
  },
  read(reader, end) {
    let severity: string = '';
    let what: string = '';
    let where: string = '';
    let since: bigint | null = null;
    let who: string = '';
    let advice: string = '';
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: severity = reader.string(true); break;
        case 18: what = reader.string(true); break;
        case 26: where = reader.string(true); break;
        case 32: since = readLong(reader); break;
        case 42: who = reader.string(true); break;
        case 50: advice = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { severity, what, where, since, who, advice };
  },
});

/** A process that lives. */
export interface KnownMember {
  readonly id: string;
  readonly kind: string;
  /** Replica group of an indexer. */
  readonly group: number;
  readonly address: string;
}
export const KnownMember: Message<KnownMember> = defineMessage<KnownMember>({
  defaults: () => ({ id: '', kind: '', group: 0, address: '' }),
  write(writer, message) {
    if (message.id !== '') writer.uint32(10).string(message.id);
    if (message.kind !== '') writer.uint32(18).string(message.kind);
    if (message.group !== 0) writer.uint32(24).int32(message.group);
    if (message.address !== '') writer.uint32(34).string(message.address);
  },
  read(reader, end) {
    let id: string = '';
    let kind: string = '';
    let group: number = 0;
    let address: string = '';
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: id = reader.string(true); break;
        case 18: kind = reader.string(true); break;
        case 24: group = reader.int32(); break;
        case 34: address = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { id, kind, group, address };
  },
});

export interface DiagnoseResponse {
  /** The worst first; empty: nothing is known to be wrong. */
  readonly findings: readonly Finding[];
  /** Of a cluster. */
  readonly members: readonly KnownMember[];
}
export const DiagnoseResponse: Message<DiagnoseResponse> = defineMessage<DiagnoseResponse>({
  defaults: () => ({ findings: [], members: [] }),
  write(writer, message) {
    for (const item of message.findings) writeMessage(writer, 10, Finding, item);
    for (const item of message.members) writeMessage(writer, 18, KnownMember, item);
  },
  read(reader, end, depth) {
    const findings: Finding[] = [];
    const members: KnownMember[] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: findings.push(readMessage(reader, Finding, depth)); break;
        case 18: members.push(readMessage(reader, KnownMember, depth)); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { findings, members };
  },
});

export interface ErrorDetail {
  /** Its position in the request. */
  readonly record: number | null;
  readonly field: string | null;
  readonly reason: string;
}
export const ErrorDetail: Message<ErrorDetail> = defineMessage<ErrorDetail>({
  defaults: () => ({ record: null, field: null, reason: '' }),
  write(writer, message) {
    if (message.record !== null) writer.uint32(8).int32(message.record);
    if (message.field !== null) writer.uint32(18).string(message.field);
    if (message.reason !== '') writer.uint32(26).string(message.reason);
  },
  read(reader, end) {
    let record: number | null = null;
    let field: string | null = null;
    let reason: string = '';
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: record = reader.int32(); break;
        case 18: field = reader.string(true); break;
        case 26: reason = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { record, field, reason };
  },
});

/** In gRPC: the trailer proximadb-error-bin. */
export interface Error {
  /** gRPC's name. */
  readonly code: string;
  readonly message: string;
  readonly details: readonly ErrorDetail[];
  readonly retryAfterMs: number | null;
  /** Of a write whose outcome came too late. */
  readonly token: string | null;
}
export const Error: Message<Error> = defineMessage<Error>({
  defaults: () => ({ code: '', message: '', details: [], retryAfterMs: null, token: null }),
  write(writer, message) {
    if (message.code !== '') writer.uint32(10).string(message.code);
    if (message.message !== '') writer.uint32(18).string(message.message);
    for (const item of message.details) writeMessage(writer, 26, ErrorDetail, item);
    if (message.retryAfterMs !== null) writer.uint32(32).int32(message.retryAfterMs);
    if (message.token !== null) writer.uint32(42).string(message.token);
  },
  read(reader, end, depth) {
    let code: string = '';
    let message: string = '';
    const details: ErrorDetail[] = [];
    let retryAfterMs: number | null = null;
    let token: string | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: code = reader.string(true); break;
        case 18: message = reader.string(true); break;
        case 26: details.push(readMessage(reader, ErrorDetail, depth)); break;
        case 32: retryAfterMs = reader.int32(); break;
        case 42: token = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { code, message, details, retryAfterMs, token };
  },
});

/** What a token says; clients pass it on unread, or merge two by maximum. */
export interface ReadToken {
  readonly log: bigint;
  /** One a partition: everything below it is seen. */
  readonly offsets: readonly bigint[];
}
export const ReadToken: Message<ReadToken> = defineMessage<ReadToken>({
  defaults: () => ({ log: 0n, offsets: [] }),
  write(writer, message) {
    if (message.log !== 0n) writer.uint32(8).int64(message.log);
    if (message.offsets.length > 0) {
      writer.uint32(18).fork();
      for (const item of message.offsets) writer.int64(item);
      writer.join();
    }
  },
  read(reader, end) {
    let log: bigint = 0n;
    const offsets: bigint[] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: log = readLong(reader); break;
        case 16: offsets.push(readLong(reader)); break;
        case 18: readPacked(reader, () => { offsets.push(readLong(reader)); }); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { log, offsets };
  },
});

/** What a cursor says. */
export interface Cursor {
  readonly after: string;
  readonly token: ReadToken;
}
export const Cursor: Message<Cursor> = defineMessage<Cursor>({
  defaults: () => ({ after: '', token: ReadToken.create() }),
  write(writer, message) {
    if (message.after !== '') writer.uint32(10).string(message.after);
    writeMessage(writer, 18, ReadToken, message.token);
  },
  read(reader, end, depth) {
    let after: string = '';
    let token: ReadToken | undefined;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: after = reader.string(true); break;
        case 18: token = readMessage(reader, ReadToken, depth); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { after, token: token ?? ReadToken.create() };
  },
});

export interface Hnsw {
  /** Links a node; 0: 16. */
  readonly m: number;
  /** Breadth of the search while building; 0: 128. */
  readonly efConstruction: number;
  /** Absent: what measures best for the metric. */
  readonly quantization: Quantization | null;
}
export const Hnsw: Message<Hnsw> = defineMessage<Hnsw>({
  defaults: () => ({ m: 0, efConstruction: 0, quantization: null }),
  write(writer, message) {
    if (message.m !== 0) writer.uint32(8).int32(message.m);
    if (message.efConstruction !== 0) writer.uint32(16).int32(message.efConstruction);
    if (message.quantization !== null) writer.uint32(24).int32(Quantization.numbers[message.quantization]);
  },
  read(reader, end) {
    let m: number = 0;
    let efConstruction: number = 0;
    let quantization: Quantization | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: m = reader.int32(); break;
        case 16: efConstruction = reader.int32(); break;
        case 24: quantization = Quantization.fromNumber(reader.int32()); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { m, efConstruction, quantization };
  },
});

export interface CreateCollectionRequest {
  /** [A-Za-z0-9][A-Za-z0-9_-]{0,62} */
  readonly name: string;
  /** 1 to 4096. */
  readonly dimension: number;
  /** Absent: cosine. */
  readonly metric: Metric | null;
  /** 1 to 256; 0: the server's default. */
  readonly partitions: number;
  /** hnsw: a graph; ivf: inverted lists; flat: every search is exact. Absent: hnsw. */
  readonly index: IndexKind | null;
  readonly hnsw: Hnsw | null;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Repeat it in a retry: the retry then finds its own collection instead of a name taken. */
  readonly requestId: string | null;
  /** Share of the nearest records that searches should find without being told an ef, more than 0.5 and less than 1; 0: 0.95. */
  readonly recallTarget: number;
  /** memory: vectors are held in memory; disk: they are read from files, for data larger than memory. Absent: memory. */
  readonly storage: StorageKind | null;
}
export const CreateCollectionRequest: Message<CreateCollectionRequest> = defineMessage<CreateCollectionRequest>({
  defaults: () => ({ name: '', dimension: 0, metric: null, partitions: 0, index: null, hnsw: null, description: '', tags: {}, requestId: null, recallTarget: 0, storage: null }),
  write(writer, message) {
    if (message.name !== '') writer.uint32(10).string(message.name);
    if (message.dimension !== 0) writer.uint32(16).int32(message.dimension);
    if (message.metric !== null) writer.uint32(24).int32(Metric.numbers[message.metric]);
    if (message.partitions !== 0) writer.uint32(32).int32(message.partitions);
    if (message.index !== null) writer.uint32(40).int32(IndexKind.numbers[message.index]);
    if (message.hnsw !== null) writeMessage(writer, 50, Hnsw, message.hnsw);
    if (message.description !== '') writer.uint32(58).string(message.description);
    writeMap(writer, 66, message.tags);
    if (message.requestId !== null) writer.uint32(74).string(message.requestId);
    if (!Object.is(message.recallTarget, 0)) writer.uint32(81).double(message.recallTarget);
    if (message.storage !== null) writer.uint32(88).int32(StorageKind.numbers[message.storage]);
  },
  read(reader, end, depth) {
    let name: string = '';
    let dimension: number = 0;
    let metric: Metric | null = null;
    let partitions: number = 0;
    let index: IndexKind | null = null;
    let hnsw: Hnsw | null = null;
    let description: string = '';
    const tags: [string, string][] = [];
    let requestId: string | null = null;
    let recallTarget: number = 0;
    let storage: StorageKind | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: name = reader.string(true); break;
        case 16: dimension = reader.int32(); break;
        case 24: metric = Metric.fromNumber(reader.int32()); break;
        case 32: partitions = reader.int32(); break;
        case 40: index = IndexKind.fromNumber(reader.int32()); break;
        case 50: hnsw = readMessage(reader, Hnsw, depth); break;
        case 58: description = reader.string(true); break;
        case 66: tags.push(readMapEntry(reader)); break;
        case 74: requestId = reader.string(true); break;
        case 81: recallTarget = reader.double(); break;
        case 88: storage = StorageKind.fromNumber(reader.int32()); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { name, dimension, metric, partitions, index, hnsw, description, tags: Object.fromEntries(tags), requestId, recallTarget, storage };
  },
});

export interface Collection {
  readonly name: string;
  readonly dimension: number;
  readonly metric: Metric;
  readonly partitions: number;
  readonly index: IndexKind;
  readonly hnsw: Hnsw;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  /** The number of its log, never used twice. */
  readonly log: bigint;
  /** µs since 1970-01-01 UTC. */
  readonly createdAt: bigint;
  /** Share of the nearest records that searches should find. */
  readonly recallTarget: number;
  readonly storage: StorageKind;
}
export const Collection: Message<Collection> = defineMessage<Collection>({
  defaults: () => ({ name: '', dimension: 0, metric: 'cosine', partitions: 0, index: 'hnsw', hnsw: Hnsw.create(), description: '', tags: {}, log: 0n, createdAt: 0n, recallTarget: 0, storage: 'memory' }),
  write(writer, message) {
    if (message.name !== '') writer.uint32(10).string(message.name);
    if (message.dimension !== 0) writer.uint32(16).int32(message.dimension);
    if (message.metric !== 'cosine') writer.uint32(24).int32(Metric.numbers[message.metric]);
    if (message.partitions !== 0) writer.uint32(32).int32(message.partitions);
    if (message.index !== 'hnsw') writer.uint32(40).int32(IndexKind.numbers[message.index]);
    writeMessage(writer, 50, Hnsw, message.hnsw);
    if (message.description !== '') writer.uint32(58).string(message.description);
    writeMap(writer, 66, message.tags);
    if (message.log !== 0n) writer.uint32(72).int64(message.log);
    if (message.createdAt !== 0n) writer.uint32(80).int64(message.createdAt);
    if (!Object.is(message.recallTarget, 0)) writer.uint32(89).double(message.recallTarget);
    if (message.storage !== 'memory') writer.uint32(96).int32(StorageKind.numbers[message.storage]);
  },
  read(reader, end, depth) {
    let name: string = '';
    let dimension: number = 0;
    let metric: Metric = 'cosine';
    let partitions: number = 0;
    let index: IndexKind = 'hnsw';
    let hnsw: Hnsw | undefined;
    let description: string = '';
    const tags: [string, string][] = [];
    let log: bigint = 0n;
    let createdAt: bigint = 0n;
    let recallTarget: number = 0;
    let storage: StorageKind = 'memory';
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: name = reader.string(true); break;
        case 16: dimension = reader.int32(); break;
        case 24: metric = Metric.fromNumber(reader.int32()); break;
        case 32: partitions = reader.int32(); break;
        case 40: index = IndexKind.fromNumber(reader.int32()); break;
        case 50: hnsw = readMessage(reader, Hnsw, depth); break;
        case 58: description = reader.string(true); break;
        case 66: tags.push(readMapEntry(reader)); break;
        case 72: log = readLong(reader); break;
        case 80: createdAt = readLong(reader); break;
        case 89: recallTarget = reader.double(); break;
        case 96: storage = StorageKind.fromNumber(reader.int32()); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { name, dimension, metric, partitions, index, hnsw: hnsw ?? Hnsw.create(), description, tags: Object.fromEntries(tags), log, createdAt, recallTarget, storage };
  },
});

export interface GetCollectionRequest {
  readonly collection: string;
}
export const GetCollectionRequest: Message<GetCollectionRequest> = defineMessage<GetCollectionRequest>({
  defaults: () => ({ collection: '' }),
  write(writer, message) {
    if (message.collection !== '') writer.uint32(10).string(message.collection);
  },
  read(reader, end) {
    let collection: string = '';
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: collection = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { collection };
  },
});

export type ListCollectionsRequest = Readonly<Record<string, never>>;
export const ListCollectionsRequest: Message<ListCollectionsRequest> = defineMessage<ListCollectionsRequest>({
  defaults: () => ({}),
  write() {},
  read(reader, end) {
    while (reader.pos < end) {
      const tag = readTag(reader);
      skipField(reader, tag);
    }
    endMessage(reader, end);
    return {};
  },
});

export interface ListCollectionsResponse {
  readonly collections: readonly Collection[];
}
export const ListCollectionsResponse: Message<ListCollectionsResponse> = defineMessage<ListCollectionsResponse>({
  defaults: () => ({ collections: [] }),
  write(writer, message) {
    for (const item of message.collections) writeMessage(writer, 10, Collection, item);
  },
  read(reader, end, depth) {
    const collections: Collection[] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: collections.push(readMessage(reader, Collection, depth)); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { collections };
  },
});

export interface Tags {
  readonly entries: Readonly<Record<string, string>>;
}
export const Tags: Message<Tags> = defineMessage<Tags>({
  defaults: () => ({ entries: {} }),
  write(writer, message) {
    writeMap(writer, 10, message.entries);
  },
  read(reader, end) {
    const entries: [string, string][] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: entries.push(readMapEntry(reader)); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { entries: Object.fromEntries(entries) };
  },
});

export interface UpdateCollectionRequest {
  readonly collection: string;
  /** Absent: as it was. */
  readonly description: string | null;
  /** All tags, in place of the old ones. Absent: as they were. */
  readonly tags: Tags | null;
}
export const UpdateCollectionRequest: Message<UpdateCollectionRequest> = defineMessage<UpdateCollectionRequest>({
  defaults: () => ({ collection: '', description: null, tags: null }),
  write(writer, message) {
    if (message.collection !== '') writer.uint32(10).string(message.collection);
    if (message.description !== null) writer.uint32(18).string(message.description);
    if (message.tags !== null) writeMessage(writer, 26, Tags, message.tags);
  },
  read(reader, end, depth) {
    let collection: string = '';
    let description: string | null = null;
    let tags: Tags | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: collection = reader.string(true); break;
        case 18: description = reader.string(true); break;
        case 26: tags = readMessage(reader, Tags, depth); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { collection, description, tags };
  },
});

export interface DeleteCollectionRequest {
  readonly collection: string;
}
export const DeleteCollectionRequest: Message<DeleteCollectionRequest> = defineMessage<DeleteCollectionRequest>({
  defaults: () => ({ collection: '' }),
  write(writer, message) {
    if (message.collection !== '') writer.uint32(10).string(message.collection);
  },
  read(reader, end) {
    let collection: string = '';
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: collection = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { collection };
  },
});

export type DeleteCollectionResponse = Readonly<Record<string, never>>;
export const DeleteCollectionResponse: Message<DeleteCollectionResponse> = defineMessage<DeleteCollectionResponse>({
  defaults: () => ({}),
  write() {},
  read(reader, end) {
    while (reader.pos < end) {
      const tag = readTag(reader);
      skipField(reader, tag);
    }
    endMessage(reader, end);
    return {};
  },
});

/** What is absent or 0 stays as it is; something has to change. */
export interface ReindexCollectionRequest {
  readonly collection: string;
  /** 1 to 256. */
  readonly partitions: number;
  readonly metric: Metric | null;
  readonly index: IndexKind | null;
  readonly hnsw: Hnsw | null;
  /** Repeat it in a retry. */
  readonly requestId: string | null;
  /** More than 0.5 and less than 1. */
  readonly recallTarget: number;
  readonly storage: StorageKind | null;
}
export const ReindexCollectionRequest: Message<ReindexCollectionRequest> = defineMessage<ReindexCollectionRequest>({
  defaults: () => ({ collection: '', partitions: 0, metric: null, index: null, hnsw: null, requestId: null, recallTarget: 0, storage: null }),
  write(writer, message) {
    if (message.collection !== '') writer.uint32(10).string(message.collection);
    if (message.partitions !== 0) writer.uint32(16).int32(message.partitions);
    if (message.metric !== null) writer.uint32(24).int32(Metric.numbers[message.metric]);
    if (message.index !== null) writer.uint32(32).int32(IndexKind.numbers[message.index]);
    if (message.hnsw !== null) writeMessage(writer, 42, Hnsw, message.hnsw);
    if (message.requestId !== null) writer.uint32(50).string(message.requestId);
    if (!Object.is(message.recallTarget, 0)) writer.uint32(57).double(message.recallTarget);
    if (message.storage !== null) writer.uint32(64).int32(StorageKind.numbers[message.storage]);
  },
  read(reader, end, depth) {
    let collection: string = '';
    let partitions: number = 0;
    let metric: Metric | null = null;
    let index: IndexKind | null = null;
    let hnsw: Hnsw | null = null;
    let requestId: string | null = null;
    let recallTarget: number = 0;
    let storage: StorageKind | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: collection = reader.string(true); break;
        case 16: partitions = reader.int32(); break;
        case 24: metric = Metric.fromNumber(reader.int32()); break;
        case 32: index = IndexKind.fromNumber(reader.int32()); break;
        case 42: hnsw = readMessage(reader, Hnsw, depth); break;
        case 50: requestId = reader.string(true); break;
        case 57: recallTarget = reader.double(); break;
        case 64: storage = StorageKind.fromNumber(reader.int32()); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { collection, partitions, metric, index, hnsw, requestId, recallTarget, storage };
  },
});

export interface GetReindexRequest {
  readonly collection: string;
}
export const GetReindexRequest: Message<GetReindexRequest> = defineMessage<GetReindexRequest>({
  defaults: () => ({ collection: '' }),
  write(writer, message) {
    if (message.collection !== '') writer.uint32(10).string(message.collection);
  },
  read(reader, end) {
    let collection: string = '';
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: collection = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { collection };
  },
});

export interface AbortReindexRequest {
  readonly collection: string;
}
export const AbortReindexRequest: Message<AbortReindexRequest> = defineMessage<AbortReindexRequest>({
  defaults: () => ({ collection: '' }),
  write(writer, message) {
    if (message.collection !== '') writer.uint32(10).string(message.collection);
  },
  read(reader, end) {
    let collection: string = '';
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: collection = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { collection };
  },
});

export type AbortReindexResponse = Readonly<Record<string, never>>;
export const AbortReindexResponse: Message<AbortReindexResponse> = defineMessage<AbortReindexResponse>({
  defaults: () => ({}),
  write() {},
  read(reader, end) {
    while (reader.pos < end) {
      const tag = readTag(reader);
      skipField(reader, tag);
    }
    endMessage(reader, end);
    return {};
  },
});

/** The last reindex of a collection. */
export interface Reindex {
  readonly collection: string;
  /** copying; closing: writes pause until all of the old log is copied; done: the collection is the new generation. */
  readonly state: string;
  /** Of the new generation. */
  readonly log: bigint;
  /** The log of the old one. */
  readonly replaces: bigint;
  /** Of the old generation: each is copied by itself. */
  readonly partitions: number;
  /** Of them, those whose copies are only moments behind. */
  readonly caughtUp: number;
  /** Of them, those that are copied to the end. */
  readonly drained: number;
  /** Records in the new generation. */
  readonly copied: bigint;
  /** Records in the old one. */
  readonly live: bigint;
  /** µs since 1970-01-01 UTC. */
  readonly startedAt: bigint;
  /** How long writes paused, at most; absent until then. */
  readonly pauseMicros: bigint | null;
}
export const Reindex: Message<Reindex> = defineMessage<Reindex>({
  defaults: () => ({ collection: '', state: '', log: 0n, replaces: 0n, partitions: 0, caughtUp: 0, drained: 0, copied: 0n, live: 0n, startedAt: 0n, pauseMicros: null }),
  write(writer, message) {
    if (message.collection !== '') writer.uint32(10).string(message.collection);
    if (message.state !== '') writer.uint32(18).string(message.state);
    if (message.log !== 0n) writer.uint32(24).int64(message.log);
    if (message.replaces !== 0n) writer.uint32(32).int64(message.replaces);
    if (message.partitions !== 0) writer.uint32(40).int32(message.partitions);
    if (message.caughtUp !== 0) writer.uint32(48).int32(message.caughtUp);
    if (message.drained !== 0) writer.uint32(56).int32(message.drained);
    if (message.copied !== 0n) writer.uint32(64).int64(message.copied);
    if (message.live !== 0n) writer.uint32(72).int64(message.live);
    if (message.startedAt !== 0n) writer.uint32(80).int64(message.startedAt);
    if (message.pauseMicros !== null) writer.uint32(88).int64(message.pauseMicros);
  },
  read(reader, end) {
    let collection: string = '';
    let state: string = '';
    let log: bigint = 0n;
    let replaces: bigint = 0n;
    let partitions: number = 0;
    let caughtUp: number = 0;
    let drained: number = 0;
    let copied: bigint = 0n;
    let live: bigint = 0n;
    let startedAt: bigint = 0n;
    let pauseMicros: bigint | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: collection = reader.string(true); break;
        case 18: state = reader.string(true); break;
        case 24: log = readLong(reader); break;
        case 32: replaces = readLong(reader); break;
        case 40: partitions = reader.int32(); break;
        case 48: caughtUp = reader.int32(); break;
        case 56: drained = reader.int32(); break;
        case 64: copied = readLong(reader); break;
        case 72: live = readLong(reader); break;
        case 80: startedAt = readLong(reader); break;
        case 88: pauseMicros = readLong(reader); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { collection, state, log, replaces, partitions, caughtUp, drained, copied, live, startedAt, pauseMicros };
  },
});

export interface FilterValue {
  readonly value: null
    | { readonly kind: 'nullValue'; readonly value: NullValue }
    | { readonly kind: 'boolean'; readonly value: boolean }
    | { readonly kind: 'long'; readonly value: bigint }
    | { readonly kind: 'double'; readonly value: number }
    | { readonly kind: 'string'; readonly value: string };
}
export const FilterValue: Message<FilterValue> = defineMessage<FilterValue>({
  defaults: () => ({ value: null }),
  write(writer, message) {
    switch (message.value?.kind) {
      case 'nullValue': writeMessage(writer, 10, NullValue, message.value.value); break;
      case 'boolean': writer.uint32(16).bool(message.value.value); break;
      case 'long': writer.uint32(24).int64(message.value.value); break;
      case 'double': writer.uint32(33).double(message.value.value); break;
      case 'string': writer.uint32(42).string(message.value.value); break;
      case undefined: break;
    }
  },
  read(reader, end, depth) {
    let value: FilterValue['value'] = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: value = { kind: 'nullValue', value: readMessage(reader, NullValue, depth) }; break;
        case 16: value = { kind: 'boolean', value: reader.bool() }; break;
        case 24: value = { kind: 'long', value: readLong(reader) }; break;
        case 33: value = { kind: 'double', value: reader.double() }; break;
        case 42: value = { kind: 'string', value: reader.string(true) }; break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { value };
  },
});

export type NullValue = Readonly<Record<string, never>>;
export const NullValue: Message<NullValue> = defineMessage<NullValue>({
  defaults: () => ({}),
  write() {},
  read(reader, end) {
    while (reader.pos < end) {
      const tag = readTag(reader);
      skipField(reader, tag);
    }
    endMessage(reader, end);
    return {};
  },
});

export interface Comparison {
  /** Keys from the top of the metadata down; or, alone, $timestamp: the record's own, in microseconds since 1970, which hides a key of this name. */
  readonly path: readonly string[];
  readonly operator: FilterOperator;
  /** One value; for in and nin any number; for exists a boolean. */
  readonly values: readonly FilterValue[];
}
export const Comparison: Message<Comparison> = defineMessage<Comparison>({
  defaults: () => ({ path: [], operator: 'eq', values: [] }),
  write(writer, message) {
    for (const item of message.path) writer.uint32(10).string(item);
    if (message.operator !== 'eq') writer.uint32(16).int32(FilterOperator.numbers[message.operator]);
    for (const item of message.values) writeMessage(writer, 26, FilterValue, item);
  },
  read(reader, end, depth) {
    const path: string[] = [];
    let operator: FilterOperator = 'eq';
    const values: FilterValue[] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: path.push(reader.string(true)); break;
        case 16: operator = FilterOperator.fromNumber(reader.int32()); break;
        case 26: values.push(readMessage(reader, FilterValue, depth)); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { path, operator, values };
  },
});

export type FilterOperator = 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte' | 'in' | 'nin' | 'exists' | 'contains' | 'starts_with';
export const FilterOperator: EnumCodec<FilterOperator> = defineEnum('FilterOperator', { eq: 0, ne: 1, gt: 2, gte: 3, lt: 4, lte: 5, in: 6, nin: 7, exists: 8, contains: 9, starts_with: 10 });

export interface Combination {
  readonly operator: CombinationOperator;
  readonly filters: readonly Filter[];
}
export const Combination: Message<Combination> = defineMessage<Combination>({
  defaults: () => ({ operator: 'and', filters: [] }),
  write(writer, message) {
    if (message.operator !== 'and') writer.uint32(8).int32(CombinationOperator.numbers[message.operator]);
    for (const item of message.filters) writeMessage(writer, 18, Filter, item);
  },
  read(reader, end, depth) {
    let operator: CombinationOperator = 'and';
    const filters: Filter[] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: operator = CombinationOperator.fromNumber(reader.int32()); break;
        case 18: filters.push(readMessage(reader, Filter, depth)); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { operator, filters };
  },
});

export type CombinationOperator = 'and' | 'or';
export const CombinationOperator: EnumCodec<CombinationOperator> = defineEnum('CombinationOperator', { and: 0, or: 1 });

export interface Filter {
  readonly node: null
    | { readonly kind: 'combination'; readonly value: Combination }
    | { readonly kind: 'not'; readonly value: Filter }
    | { readonly kind: 'comparison'; readonly value: Comparison };
}
export const Filter: Message<Filter> = defineMessage<Filter>({
  defaults: () => ({ node: null }),
  write(writer, message) {
    switch (message.node?.kind) {
      case 'combination': writeMessage(writer, 10, Combination, message.node.value); break;
      case 'not': writeMessage(writer, 18, Filter, message.node.value); break;
      case 'comparison': writeMessage(writer, 26, Comparison, message.node.value); break;
      case undefined: break;
    }
  },
  read(reader, end, depth) {
    let node: Filter['node'] = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: node = { kind: 'combination', value: readMessage(reader, Combination, depth) }; break;
        case 18: node = { kind: 'not', value: readMessage(reader, Filter, depth) }; break;
        case 26: node = { kind: 'comparison', value: readMessage(reader, Comparison, depth) }; break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { node };
  },
});

/** Decided by the shard, in the log's order. */
export interface Condition {
  readonly condition: null
    | { readonly kind: 'ifAbsent'; readonly value: Absent }
    | { readonly kind: 'ifPresent'; readonly value: Present }
    | { readonly kind: 'ifVersion'; readonly value: string };
}
export const Condition: Message<Condition> = defineMessage<Condition>({
  defaults: () => ({ condition: null }),
  write(writer, message) {
    switch (message.condition?.kind) {
      case 'ifAbsent': writeMessage(writer, 10, Absent, message.condition.value); break;
      case 'ifPresent': writeMessage(writer, 18, Present, message.condition.value); break;
      case 'ifVersion': writer.uint32(26).string(message.condition.value); break;
      case undefined: break;
    }
  },
  read(reader, end, depth) {
    let condition: Condition['condition'] = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: condition = { kind: 'ifAbsent', value: readMessage(reader, Absent, depth) }; break;
        case 18: condition = { kind: 'ifPresent', value: readMessage(reader, Present, depth) }; break;
        case 26: condition = { kind: 'ifVersion', value: reader.string(true) }; break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { condition };
  },
});

export type Absent = Readonly<Record<string, never>>;
export const Absent: Message<Absent> = defineMessage<Absent>({
  defaults: () => ({}),
  write() {},
  read(reader, end) {
    while (reader.pos < end) {
      const tag = readTag(reader);
      skipField(reader, tag);
    }
    endMessage(reader, end);
    return {};
  },
});

export type Present = Readonly<Record<string, never>>;
export const Present: Message<Present> = defineMessage<Present>({
  defaults: () => ({}),
  write() {},
  read(reader, end) {
    while (reader.pos < end) {
      const tag = readTag(reader);
      skipField(reader, tag);
    }
    endMessage(reader, end);
    return {};
  },
});

export interface UpsertRequest {
  readonly collection: string;
  /** Each a VectorRecord in the Confluent wire format: 0x00, the schema's id in 4 bytes big-endian, the Avro body. */
  readonly records: readonly Uint8Array[];
  /** None, one for all records, or one a record. */
  readonly conditions: readonly Condition[];
  /** 1 to 64 characters; repeated in a retry, so that nothing is applied twice. */
  readonly requestId: string | null;
  /** 0 at first, counted up in a retry. */
  readonly attempt: number;
  readonly timeoutMs: number | null;
}
export const UpsertRequest: Message<UpsertRequest> = defineMessage<UpsertRequest>({
  defaults: () => ({ collection: '', records: [], conditions: [], requestId: null, attempt: 0, timeoutMs: null }),
  write(writer, message) {
    if (message.collection !== '') writer.uint32(10).string(message.collection);
    for (const item of message.records) writer.uint32(18).bytes(item);
    for (const item of message.conditions) writeMessage(writer, 26, Condition, item);
    if (message.requestId !== null) writer.uint32(34).string(message.requestId);
    if (message.attempt !== 0) writer.uint32(40).int32(message.attempt);
    if (message.timeoutMs !== null) writer.uint32(48).int32(message.timeoutMs);
  },
  read(reader, end, depth) {
    let collection: string = '';
    const records: Uint8Array[] = [];
    const conditions: Condition[] = [];
    let requestId: string | null = null;
    let attempt: number = 0;
    let timeoutMs: number | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: collection = reader.string(true); break;
        case 18: records.push(reader.bytes()); break;
        case 26: conditions.push(readMessage(reader, Condition, depth)); break;
        case 34: requestId = reader.string(true); break;
        case 40: attempt = reader.int32(); break;
        case 48: timeoutMs = reader.int32(); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { collection, records, conditions, requestId, attempt, timeoutMs };
  },
});

export interface RefusedRecord {
  /** Its position in the request. */
  readonly record: number;
  readonly id: string;
  /** exists, missing, version_mismatch, or a sentence. */
  readonly reason: string;
}
export const RefusedRecord: Message<RefusedRecord> = defineMessage<RefusedRecord>({
  defaults: () => ({ record: 0, id: '', reason: '' }),
  write(writer, message) {
    if (message.record !== 0) writer.uint32(8).int32(message.record);
    if (message.id !== '') writer.uint32(18).string(message.id);
    if (message.reason !== '') writer.uint32(26).string(message.reason);
  },
  read(reader, end) {
    let record: number = 0;
    let id: string = '';
    let reason: string = '';
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: record = reader.int32(); break;
        case 18: id = reader.string(true); break;
        case 26: reason = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { record, id, reason };
  },
});

export interface WriteResponse {
  /** Reads at this token see the write. */
  readonly token: string;
  /** One a record, in order; empty where it was refused. */
  readonly versions: readonly string[];
  readonly refused: readonly RefusedRecord[];
}
export const WriteResponse: Message<WriteResponse> = defineMessage<WriteResponse>({
  defaults: () => ({ token: '', versions: [], refused: [] }),
  write(writer, message) {
    if (message.token !== '') writer.uint32(10).string(message.token);
    for (const item of message.versions) writer.uint32(18).string(item);
    for (const item of message.refused) writeMessage(writer, 26, RefusedRecord, item);
  },
  read(reader, end, depth) {
    let token: string = '';
    const versions: string[] = [];
    const refused: RefusedRecord[] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: token = reader.string(true); break;
        case 18: versions.push(reader.string(true)); break;
        case 26: refused.push(readMessage(reader, RefusedRecord, depth)); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { token, versions, refused };
  },
});

export interface PatchRequest {
  readonly collection: string;
  /** Each a PatchRecord in the Confluent wire format. */
  readonly patches: readonly Uint8Array[];
  readonly conditions: readonly Condition[];
  readonly requestId: string | null;
  readonly attempt: number;
  readonly timeoutMs: number | null;
}
export const PatchRequest: Message<PatchRequest> = defineMessage<PatchRequest>({
  defaults: () => ({ collection: '', patches: [], conditions: [], requestId: null, attempt: 0, timeoutMs: null }),
  write(writer, message) {
    if (message.collection !== '') writer.uint32(10).string(message.collection);
    for (const item of message.patches) writer.uint32(18).bytes(item);
    for (const item of message.conditions) writeMessage(writer, 26, Condition, item);
    if (message.requestId !== null) writer.uint32(34).string(message.requestId);
    if (message.attempt !== 0) writer.uint32(40).int32(message.attempt);
    if (message.timeoutMs !== null) writer.uint32(48).int32(message.timeoutMs);
  },
  read(reader, end, depth) {
    let collection: string = '';
    const patches: Uint8Array[] = [];
    const conditions: Condition[] = [];
    let requestId: string | null = null;
    let attempt: number = 0;
    let timeoutMs: number | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: collection = reader.string(true); break;
        case 18: patches.push(reader.bytes()); break;
        case 26: conditions.push(readMessage(reader, Condition, depth)); break;
        case 34: requestId = reader.string(true); break;
        case 40: attempt = reader.int32(); break;
        case 48: timeoutMs = reader.int32(); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { collection, patches, conditions, requestId, attempt, timeoutMs };
  },
});

export interface DeleteRequest {
  readonly collection: string;
  readonly ids: readonly string[];
  /** In place of ids. */
  readonly filter: Filter | null;
  readonly conditions: readonly Condition[];
  /** Goes on with a delete by filter that stopped at a limit or deadline. */
  readonly cursor: string | null;
  /** Delete at most so many by filter in this call. */
  readonly limit: number | null;
  readonly requestId: string | null;
  readonly attempt: number;
  readonly timeoutMs: number | null;
}
export const DeleteRequest: Message<DeleteRequest> = defineMessage<DeleteRequest>({
  defaults: () => ({ collection: '', ids: [], filter: null, conditions: [], cursor: null, limit: null, requestId: null, attempt: 0, timeoutMs: null }),
  write(writer, message) {
    if (message.collection !== '') writer.uint32(10).string(message.collection);
    for (const item of message.ids) writer.uint32(18).string(item);
    if (message.filter !== null) writeMessage(writer, 26, Filter, message.filter);
    for (const item of message.conditions) writeMessage(writer, 34, Condition, item);
    if (message.cursor !== null) writer.uint32(42).string(message.cursor);
    if (message.limit !== null) writer.uint32(48).int32(message.limit);
    if (message.requestId !== null) writer.uint32(58).string(message.requestId);
    if (message.attempt !== 0) writer.uint32(64).int32(message.attempt);
    if (message.timeoutMs !== null) writer.uint32(72).int32(message.timeoutMs);
  },
  read(reader, end, depth) {
    let collection: string = '';
    const ids: string[] = [];
    let filter: Filter | null = null;
    const conditions: Condition[] = [];
    let cursor: string | null = null;
    let limit: number | null = null;
    let requestId: string | null = null;
    let attempt: number = 0;
    let timeoutMs: number | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: collection = reader.string(true); break;
        case 18: ids.push(reader.string(true)); break;
        case 26: filter = readMessage(reader, Filter, depth); break;
        case 34: conditions.push(readMessage(reader, Condition, depth)); break;
        case 42: cursor = reader.string(true); break;
        case 48: limit = reader.int32(); break;
        case 58: requestId = reader.string(true); break;
        case 64: attempt = reader.int32(); break;
        case 72: timeoutMs = reader.int32(); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { collection, ids, filter, conditions, cursor, limit, requestId, attempt, timeoutMs };
  },
});

export interface DeleteResponse {
  readonly token: string;
  /** Of a delete by ids: one an id. */
  readonly versions: readonly string[];
  readonly refused: readonly RefusedRecord[];
  /** Of a delete by filter: records it ended. */
  readonly deleted: bigint;
  /** Of a delete by filter: records that changed meanwhile and were left. */
  readonly changed: bigint;
  /** There is more: call again with it. */
  readonly cursor: string | null;
}
export const DeleteResponse: Message<DeleteResponse> = defineMessage<DeleteResponse>({
  defaults: () => ({ token: '', versions: [], refused: [], deleted: 0n, changed: 0n, cursor: null }),
  write(writer, message) {
    if (message.token !== '') writer.uint32(10).string(message.token);
    for (const item of message.versions) writer.uint32(18).string(item);
    for (const item of message.refused) writeMessage(writer, 26, RefusedRecord, item);
    if (message.deleted !== 0n) writer.uint32(32).int64(message.deleted);
    if (message.changed !== 0n) writer.uint32(40).int64(message.changed);
    if (message.cursor !== null) writer.uint32(50).string(message.cursor);
  },
  read(reader, end, depth) {
    let token: string = '';
    const versions: string[] = [];
    const refused: RefusedRecord[] = [];
    let deleted: bigint = 0n;
    let changed: bigint = 0n;
    let cursor: string | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: token = reader.string(true); break;
        case 18: versions.push(reader.string(true)); break;
        case 26: refused.push(readMessage(reader, RefusedRecord, depth)); break;
        case 32: deleted = readLong(reader); break;
        case 40: changed = readLong(reader); break;
        case 50: cursor = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { token, versions, refused, deleted, changed, cursor };
  },
});

export type Include = 'vector' | 'metadata';
export const Include: EnumCodec<Include> = defineEnum('Include', { vector: 1, metadata: 0 });

export type Consistency = 'eventual' | 'session' | 'bounded' | 'strong';
export const Consistency: EnumCodec<Consistency> = defineEnum('Consistency', { eventual: 0, session: 1, bounded: 2, strong: 3 });

export interface ReadOptions {
  /** Absent: session where a token is given, else eventual. */
  readonly consistency: Consistency | null;
  readonly token: string | null;
  /** For bounded. */
  readonly maxStalenessMs: number | null;
  readonly timeoutMs: number | null;
  /** Of a search, a batch or a count: partitions that nobody can answer for are left out and named in the answer's coverage, in place of failing the call. */
  readonly allowPartial: boolean;
}
export const ReadOptions: Message<ReadOptions> = defineMessage<ReadOptions>({
  defaults: () => ({ consistency: null, token: null, maxStalenessMs: null, timeoutMs: null, allowPartial: false }),
  write(writer, message) {
    if (message.consistency !== null) writer.uint32(8).int32(Consistency.numbers[message.consistency]);
    if (message.token !== null) writer.uint32(18).string(message.token);
    if (message.maxStalenessMs !== null) writer.uint32(24).int32(message.maxStalenessMs);
    if (message.timeoutMs !== null) writer.uint32(32).int32(message.timeoutMs);
    if (message.allowPartial) writer.uint32(40).bool(message.allowPartial);
  },
  read(reader, end) {
    let consistency: Consistency | null = null;
    let token: string | null = null;
    let maxStalenessMs: number | null = null;
    let timeoutMs: number | null = null;
    let allowPartial: boolean = false;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: consistency = Consistency.fromNumber(reader.int32()); break;
        case 18: token = reader.string(true); break;
        case 24: maxStalenessMs = reader.int32(); break;
        case 32: timeoutMs = reader.int32(); break;
        case 40: allowPartial = reader.bool(); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { consistency, token, maxStalenessMs, timeoutMs, allowPartial };
  },
});

/** A partition whose records are not in the answer. */
export interface MissingPartition {
  readonly partition: number;
  /** UNAVAILABLE: nobody serves it, or it stopped. DEADLINE_EXCEEDED: it was behind. */
  readonly code: string;
  readonly reason: string;
}
export const MissingPartition: Message<MissingPartition> = defineMessage<MissingPartition>({
  defaults: () => ({ partition: 0, code: '', reason: '' }),
  write(writer, message) {
    if (message.partition !== 0) writer.uint32(8).int32(message.partition);
    if (message.code !== '') writer.uint32(18).string(message.code);
    if (message.reason !== '') writer.uint32(26).string(message.reason);
  },
  read(reader, end) {
    let partition: number = 0;
    let code: string = '';
    let reason: string = '';
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: partition = reader.int32(); break;
        case 18: code = reader.string(true); break;
        case 26: reason = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { partition, code, reason };
  },
});

/** How much of the collection an answer covers. */
export interface Coverage {
  /** Of the collection. */
  readonly partitions: number;
  /** Of these, those whose records are in the answer. */
  readonly answered: number;
  /** The others. */
  readonly missing: readonly MissingPartition[];
}
export const Coverage: Message<Coverage> = defineMessage<Coverage>({
  defaults: () => ({ partitions: 0, answered: 0, missing: [] }),
  write(writer, message) {
    if (message.partitions !== 0) writer.uint32(8).int32(message.partitions);
    if (message.answered !== 0) writer.uint32(16).int32(message.answered);
    for (const item of message.missing) writeMessage(writer, 26, MissingPartition, item);
  },
  read(reader, end, depth) {
    let partitions: number = 0;
    let answered: number = 0;
    const missing: MissingPartition[] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: partitions = reader.int32(); break;
        case 16: answered = reader.int32(); break;
        case 26: missing.push(readMessage(reader, MissingPartition, depth)); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { partitions, answered, missing };
  },
});

export interface StoredRecord {
  readonly id: string;
  readonly version: string;
  /** The bytes that the client wrote. */
  readonly record: Uint8Array;
}
export const StoredRecord: Message<StoredRecord> = defineMessage<StoredRecord>({
  defaults: () => ({ id: '', version: '', record: new Uint8Array(0) }),
  write(writer, message) {
    if (message.id !== '') writer.uint32(10).string(message.id);
    if (message.version !== '') writer.uint32(18).string(message.version);
    if (message.record.length > 0) writer.uint32(26).bytes(message.record);
  },
  read(reader, end) {
    let id: string = '';
    let version: string = '';
    let record: Uint8Array = new Uint8Array(0);
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: id = reader.string(true); break;
        case 18: version = reader.string(true); break;
        case 26: record = reader.bytes(); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { id, version, record };
  },
});

export interface GetRequest {
  readonly collection: string;
  readonly ids: readonly string[];
  /** JSON only; empty: everything. gRPC has the whole record's bytes. */
  readonly include: readonly Include[];
  readonly read: ReadOptions | null;
}
export const GetRequest: Message<GetRequest> = defineMessage<GetRequest>({
  defaults: () => ({ collection: '', ids: [], include: [], read: null }),
  write(writer, message) {
    if (message.collection !== '') writer.uint32(10).string(message.collection);
    for (const item of message.ids) writer.uint32(18).string(item);
    if (message.include.length > 0) {
      writer.uint32(26).fork();
      for (const item of message.include) writer.int32(Include.numbers[item]);
      writer.join();
    }
    if (message.read !== null) writeMessage(writer, 34, ReadOptions, message.read);
  },
  read(reader, end, depth) {
    let collection: string = '';
    const ids: string[] = [];
    const include: Include[] = [];
    let read: ReadOptions | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: collection = reader.string(true); break;
        case 18: ids.push(reader.string(true)); break;
        case 24: include.push(Include.fromNumber(reader.int32())); break;
        case 26: readPacked(reader, () => { include.push(Include.fromNumber(reader.int32())); }); break;
        case 34: read = readMessage(reader, ReadOptions, depth); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { collection, ids, include, read };
  },
});

export interface GetResponse {
  /** Those that are there, in the order asked for. */
  readonly records: readonly StoredRecord[];
  readonly token: string;
  /** Why the log is not followed at the moment, if so: the answer is as of its token, and may lack what was written since. */
  readonly logAway: string | null;
}
export const GetResponse: Message<GetResponse> = defineMessage<GetResponse>({
  defaults: () => ({ records: [], token: '', logAway: null }),
  write(writer, message) {
    for (const item of message.records) writeMessage(writer, 10, StoredRecord, item);
    if (message.token !== '') writer.uint32(18).string(message.token);
    if (message.logAway !== null) writer.uint32(26).string(message.logAway);
  },
  read(reader, end, depth) {
    const records: StoredRecord[] = [];
    let token: string = '';
    let logAway: string | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: records.push(readMessage(reader, StoredRecord, depth)); break;
        case 18: token = reader.string(true); break;
        case 26: logAway = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { records, token, logAway };
  },
});

export interface ScrollRequest {
  readonly collection: string;
  readonly filter: Filter | null;
  /** 0: 100. */
  readonly limit: number;
  readonly cursor: string | null;
  readonly include: readonly Include[];
  readonly read: ReadOptions | null;
}
export const ScrollRequest: Message<ScrollRequest> = defineMessage<ScrollRequest>({
  defaults: () => ({ collection: '', filter: null, limit: 0, cursor: null, include: [], read: null }),
  write(writer, message) {
    if (message.collection !== '') writer.uint32(10).string(message.collection);
    if (message.filter !== null) writeMessage(writer, 18, Filter, message.filter);
    if (message.limit !== 0) writer.uint32(24).int32(message.limit);
    if (message.cursor !== null) writer.uint32(34).string(message.cursor);
    if (message.include.length > 0) {
      writer.uint32(42).fork();
      for (const item of message.include) writer.int32(Include.numbers[item]);
      writer.join();
    }
    if (message.read !== null) writeMessage(writer, 50, ReadOptions, message.read);
  },
  read(reader, end, depth) {
    let collection: string = '';
    let filter: Filter | null = null;
    let limit: number = 0;
    let cursor: string | null = null;
    const include: Include[] = [];
    let read: ReadOptions | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: collection = reader.string(true); break;
        case 18: filter = readMessage(reader, Filter, depth); break;
        case 24: limit = reader.int32(); break;
        case 34: cursor = reader.string(true); break;
        case 40: include.push(Include.fromNumber(reader.int32())); break;
        case 42: readPacked(reader, () => { include.push(Include.fromNumber(reader.int32())); }); break;
        case 50: read = readMessage(reader, ReadOptions, depth); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { collection, filter, limit, cursor, include, read };
  },
});

export interface ScrollResponse {
  /** In the order of the ids' bytes. */
  readonly records: readonly StoredRecord[];
  /** Absent at the end. */
  readonly cursor: string | null;
  readonly token: string;
  /** Why the log is not followed at the moment, if so: the answer is as of its token, and may lack what was written since. */
  readonly logAway: string | null;
}
export const ScrollResponse: Message<ScrollResponse> = defineMessage<ScrollResponse>({
  defaults: () => ({ records: [], cursor: null, token: '', logAway: null }),
  write(writer, message) {
    for (const item of message.records) writeMessage(writer, 10, StoredRecord, item);
    if (message.cursor !== null) writer.uint32(18).string(message.cursor);
    if (message.token !== '') writer.uint32(26).string(message.token);
    if (message.logAway !== null) writer.uint32(34).string(message.logAway);
  },
  read(reader, end, depth) {
    const records: StoredRecord[] = [];
    let cursor: string | null = null;
    let token: string = '';
    let logAway: string | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: records.push(readMessage(reader, StoredRecord, depth)); break;
        case 18: cursor = reader.string(true); break;
        case 26: token = reader.string(true); break;
        case 34: logAway = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { records, cursor, token, logAway };
  },
});

export interface CountRequest {
  readonly collection: string;
  readonly filter: Filter | null;
  readonly read: ReadOptions | null;
}
export const CountRequest: Message<CountRequest> = defineMessage<CountRequest>({
  defaults: () => ({ collection: '', filter: null, read: null }),
  write(writer, message) {
    if (message.collection !== '') writer.uint32(10).string(message.collection);
    if (message.filter !== null) writeMessage(writer, 18, Filter, message.filter);
    if (message.read !== null) writeMessage(writer, 26, ReadOptions, message.read);
  },
  read(reader, end, depth) {
    let collection: string = '';
    let filter: Filter | null = null;
    let read: ReadOptions | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: collection = reader.string(true); break;
        case 18: filter = readMessage(reader, Filter, depth); break;
        case 26: read = readMessage(reader, ReadOptions, depth); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { collection, filter, read };
  },
});

export interface CountResponse {
  readonly count: bigint;
  readonly token: string;
  /** Where allow_partial was asked for. */
  readonly coverage: Coverage | null;
  /** Why the log is not followed at the moment, if so: the answer is as of its token, and may lack what was written since. */
  readonly logAway: string | null;
}
export const CountResponse: Message<CountResponse> = defineMessage<CountResponse>({
  defaults: () => ({ count: 0n, token: '', coverage: null, logAway: null }),
  write(writer, message) {
    if (message.count !== 0n) writer.uint32(8).int64(message.count);
    if (message.token !== '') writer.uint32(18).string(message.token);
    if (message.coverage !== null) writeMessage(writer, 26, Coverage, message.coverage);
    if (message.logAway !== null) writer.uint32(34).string(message.logAway);
  },
  read(reader, end, depth) {
    let count: bigint = 0n;
    let token: string = '';
    let coverage: Coverage | null = null;
    let logAway: string | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: count = readLong(reader); break;
        case 18: token = reader.string(true); break;
        case 26: coverage = readMessage(reader, Coverage, depth); break;
        case 34: logAway = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { count, token, coverage, logAway };
  },
});

export interface SearchRequest {
  /** In a batch: left empty. */
  readonly collection: string;
  /** Finite, as long as the collection's dimension. */
  readonly vector: Float32Array;
  /** In place of the vector: that of a stored record. */
  readonly id: string | null;
  /** 1 to 10,000; 0: 10. */
  readonly k: number;
  readonly filter: Filter | null;
  /** Leave out so many of the best. */
  readonly offset: number;
  /** Leave out what scores lower. */
  readonly scoreThreshold: number | null;
  readonly exact: boolean;
  /** Candidates a graph is asked for; more: better recall, slower. */
  readonly ef: number | null;
  /** Anything named here makes gRPC hits carry the record's bytes. */
  readonly include: readonly Include[];
  readonly read: ReadOptions | null;
  readonly explain: boolean;
}
export const SearchRequest: Message<SearchRequest> = defineMessage<SearchRequest>({
  defaults: () => ({ collection: '', vector: new Float32Array(0), id: null, k: 0, filter: null, offset: 0, scoreThreshold: null, exact: false, ef: null, include: [], read: null, explain: false }),
  write(writer, message) {
    if (message.collection !== '') writer.uint32(10).string(message.collection);
    writeFloats(writer, 18, message.vector);
    if (message.id !== null) writer.uint32(26).string(message.id);
    if (message.k !== 0) writer.uint32(32).int32(message.k);
    if (message.filter !== null) writeMessage(writer, 42, Filter, message.filter);
    if (message.offset !== 0) writer.uint32(48).int32(message.offset);
    if (message.scoreThreshold !== null) writer.uint32(57).double(message.scoreThreshold);
    if (message.exact) writer.uint32(64).bool(message.exact);
    if (message.ef !== null) writer.uint32(72).int32(message.ef);
    if (message.include.length > 0) {
      writer.uint32(82).fork();
      for (const item of message.include) writer.int32(Include.numbers[item]);
      writer.join();
    }
    if (message.read !== null) writeMessage(writer, 90, ReadOptions, message.read);
    if (message.explain) writer.uint32(96).bool(message.explain);
  },
  read(reader, end, depth) {
    let collection: string = '';
    const vector = new FloatCollector();
    let id: string | null = null;
    let k: number = 0;
    let filter: Filter | null = null;
    let offset: number = 0;
    let scoreThreshold: number | null = null;
    let exact: boolean = false;
    let ef: number | null = null;
    const include: Include[] = [];
    let read: ReadOptions | null = null;
    let explain: boolean = false;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: collection = reader.string(true); break;
        case 18: vector.packed(reader); break;
        case 21: vector.single(reader); break;
        case 26: id = reader.string(true); break;
        case 32: k = reader.int32(); break;
        case 42: filter = readMessage(reader, Filter, depth); break;
        case 48: offset = reader.int32(); break;
        case 57: scoreThreshold = reader.double(); break;
        case 64: exact = reader.bool(); break;
        case 72: ef = reader.int32(); break;
        case 80: include.push(Include.fromNumber(reader.int32())); break;
        case 82: readPacked(reader, () => { include.push(Include.fromNumber(reader.int32())); }); break;
        case 90: read = readMessage(reader, ReadOptions, depth); break;
        case 96: explain = reader.bool(); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { collection, vector: vector.finish(), id, k, filter, offset, scoreThreshold, exact, ef, include, read, explain };
  },
});

export interface Hit {
  readonly id: string;
  /** Higher is better, for every metric. */
  readonly score: number;
  /** The metric's raw figure. */
  readonly distance: number;
  readonly version: string;
  readonly record: Uint8Array | null;
}
export const Hit: Message<Hit> = defineMessage<Hit>({
  defaults: () => ({ id: '', score: 0, distance: 0, version: '', record: null }),
  write(writer, message) {
    if (message.id !== '') writer.uint32(10).string(message.id);
    if (!Object.is(message.score, 0)) writer.uint32(17).double(message.score);
    if (!Object.is(message.distance, 0)) writer.uint32(25).double(message.distance);
    if (message.version !== '') writer.uint32(34).string(message.version);
    if (message.record !== null) writer.uint32(42).bytes(message.record);
  },
  read(reader, end) {
    let id: string = '';
    let score: number = 0;
    let distance: number = 0;
    let version: string = '';
    let record: Uint8Array | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: id = reader.string(true); break;
        case 17: score = reader.double(); break;
        case 25: distance = reader.double(); break;
        case 34: version = reader.string(true); break;
        case 42: record = reader.bytes(); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { id, score, distance, version, record };
  },
});

export interface ExplainEstimate {
  /** graph, lists, codes, exact */
  readonly strategy: string;
  /** What it was expected to take, after the filter. Only the proportion of two of them decides. */
  readonly micros: number;
}
export const ExplainEstimate: Message<ExplainEstimate> = defineMessage<ExplainEstimate>({
  defaults: () => ({ strategy: '', micros: 0 }),
  write(writer, message) {
    if (message.strategy !== '') writer.uint32(10).string(message.strategy);
    if (!Object.is(message.micros, 0)) writer.uint32(17).double(message.micros);
  },
  read(reader, end) {
    let strategy: string = '';
    let micros: number = 0;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: strategy = reader.string(true); break;
        case 17: micros = reader.double(); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { strategy, micros };
  },
});

export interface ExplainSegment {
  readonly partition: number;
  readonly segment: string;
  readonly rows: number;
  /** Rows that pass the filter; absent without one. */
  readonly matching: number | null;
  /** graph, lists, codes, exact, exact_over_matches, graph_then_exact, none */
  readonly strategy: string;
  readonly candidates: number;
  readonly micros: number;
  /** Rows that would pass the filter if its comparisons had nothing to do with each other, by how many rows each of them holds for. Absent without a filter, and of rows in memory. */
  readonly estimatedMatching: number | null;
  /** The strategies that came into question; a graph of which too few matched is asked for more, or not. */
  readonly considered: readonly ExplainEstimate[];
  /** Of micros: finding the rows that are visible and match. */
  readonly filterMicros: number;
  /** Of micros: finding candidates, or comparing all rows that count. */
  readonly searchMicros: number;
  /** Of micros: exact distances of candidates. */
  readonly rescoringMicros: number;
}
export const ExplainSegment: Message<ExplainSegment> = defineMessage<ExplainSegment>({
  defaults: () => ({ partition: 0, segment: '', rows: 0, matching: null, strategy: '', candidates: 0, micros: 0, estimatedMatching: null, considered: [], filterMicros: 0, searchMicros: 0, rescoringMicros: 0 }),
  write(writer, message) {
    if (message.partition !== 0) writer.uint32(8).int32(message.partition);
    if (message.segment !== '') writer.uint32(18).string(message.segment);
    if (message.rows !== 0) writer.uint32(24).int32(message.rows);
    if (message.matching !== null) writer.uint32(32).int32(message.matching);
    if (message.strategy !== '') writer.uint32(42).string(message.strategy);
    if (message.candidates !== 0) writer.uint32(48).int32(message.candidates);
    if (!Object.is(message.micros, 0)) writer.uint32(57).double(message.micros);
    if (message.estimatedMatching !== null) writer.uint32(64).int32(message.estimatedMatching);
    for (const item of message.considered) writeMessage(writer, 74, ExplainEstimate, item);
    if (!Object.is(message.filterMicros, 0)) writer.uint32(81).double(message.filterMicros);
    if (!Object.is(message.searchMicros, 0)) writer.uint32(89).double(message.searchMicros);
    if (!Object.is(message.rescoringMicros, 0)) writer.uint32(97).double(message.rescoringMicros);
  },
  read(reader, end, depth) {
    let partition: number = 0;
    let segment: string = '';
    let rows: number = 0;
    let matching: number | null = null;
    let strategy: string = '';
    let candidates: number = 0;
    let micros: number = 0;
    let estimatedMatching: number | null = null;
    const considered: ExplainEstimate[] = [];
    let filterMicros: number = 0;
    let searchMicros: number = 0;
    let rescoringMicros: number = 0;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: partition = reader.int32(); break;
        case 18: segment = reader.string(true); break;
        case 24: rows = reader.int32(); break;
        case 32: matching = reader.int32(); break;
        case 42: strategy = reader.string(true); break;
        case 48: candidates = reader.int32(); break;
        case 57: micros = reader.double(); break;
        case 64: estimatedMatching = reader.int32(); break;
        case 74: considered.push(readMessage(reader, ExplainEstimate, depth)); break;
        case 81: filterMicros = reader.double(); break;
        case 89: searchMicros = reader.double(); break;
        case 97: rescoringMicros = reader.double(); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { partition, segment, rows, matching, strategy, candidates, micros, estimatedMatching, considered, filterMicros, searchMicros, rescoringMicros };
  },
});

export interface Explain {
  readonly segments: readonly ExplainSegment[];
  readonly waitedMicros: number;
  readonly totalMicros: number;
}
export const Explain: Message<Explain> = defineMessage<Explain>({
  defaults: () => ({ segments: [], waitedMicros: 0, totalMicros: 0 }),
  write(writer, message) {
    for (const item of message.segments) writeMessage(writer, 10, ExplainSegment, item);
    if (!Object.is(message.waitedMicros, 0)) writer.uint32(17).double(message.waitedMicros);
    if (!Object.is(message.totalMicros, 0)) writer.uint32(25).double(message.totalMicros);
  },
  read(reader, end, depth) {
    const segments: ExplainSegment[] = [];
    let waitedMicros: number = 0;
    let totalMicros: number = 0;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: segments.push(readMessage(reader, ExplainSegment, depth)); break;
        case 17: waitedMicros = reader.double(); break;
        case 25: totalMicros = reader.double(); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { segments, waitedMicros, totalMicros };
  },
});

export interface SearchResponse {
  /** Best first. */
  readonly hits: readonly Hit[];
  readonly token: string;
  readonly explain: Explain | null;
  /** Where allow_partial was asked for. */
  readonly coverage: Coverage | null;
  /** Why the log is not followed at the moment, if so: the answer is as of its token, and may lack what was written since. */
  readonly logAway: string | null;
}
export const SearchResponse: Message<SearchResponse> = defineMessage<SearchResponse>({
  defaults: () => ({ hits: [], token: '', explain: null, coverage: null, logAway: null }),
  write(writer, message) {
    for (const item of message.hits) writeMessage(writer, 10, Hit, item);
    if (message.token !== '') writer.uint32(18).string(message.token);
    if (message.explain !== null) writeMessage(writer, 26, Explain, message.explain);
    if (message.coverage !== null) writeMessage(writer, 34, Coverage, message.coverage);
    if (message.logAway !== null) writer.uint32(42).string(message.logAway);
  },
  read(reader, end, depth) {
    const hits: Hit[] = [];
    let token: string = '';
    let explain: Explain | null = null;
    let coverage: Coverage | null = null;
    let logAway: string | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: hits.push(readMessage(reader, Hit, depth)); break;
        case 18: token = reader.string(true); break;
        case 26: explain = readMessage(reader, Explain, depth); break;
        case 34: coverage = readMessage(reader, Coverage, depth); break;
        case 42: logAway = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { hits, token, explain, coverage, logAway };
  },
});

export interface SearchBatchRequest {
  readonly collection: string;
  readonly searches: readonly SearchRequest[];
  /** For all of them. */
  readonly read: ReadOptions | null;
}
export const SearchBatchRequest: Message<SearchBatchRequest> = defineMessage<SearchBatchRequest>({
  defaults: () => ({ collection: '', searches: [], read: null }),
  write(writer, message) {
    if (message.collection !== '') writer.uint32(10).string(message.collection);
    for (const item of message.searches) writeMessage(writer, 18, SearchRequest, item);
    if (message.read !== null) writeMessage(writer, 26, ReadOptions, message.read);
  },
  read(reader, end, depth) {
    let collection: string = '';
    const searches: SearchRequest[] = [];
    let read: ReadOptions | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: collection = reader.string(true); break;
        case 18: searches.push(readMessage(reader, SearchRequest, depth)); break;
        case 26: read = readMessage(reader, ReadOptions, depth); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { collection, searches, read };
  },
});

export interface SearchBatchResponse {
  /** In the order of the searches. */
  readonly results: readonly SearchResponse[];
}
export const SearchBatchResponse: Message<SearchBatchResponse> = defineMessage<SearchBatchResponse>({
  defaults: () => ({ results: [] }),
  write(writer, message) {
    for (const item of message.results) writeMessage(writer, 10, SearchResponse, item);
  },
  read(reader, end, depth) {
    const results: SearchResponse[] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: results.push(readMessage(reader, SearchResponse, depth)); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { results };
  },
});

/** Every message of the API by its name. */
export interface Messages {
  GetSchemaRequest: GetSchemaRequest;
  GetSchemaResponse: GetSchemaResponse;
  StatsRequest: StatsRequest;
  SegmentStats: SegmentStats;
  MalformedRecord: MalformedRecord;
  DiskSpace: DiskSpace;
  PartitionStats: PartitionStats;
  StatsResponse: StatsResponse;
  VerifyRequest: VerifyRequest;
  VerifiedReplica: VerifiedReplica;
  HeldVersion: HeldVersion;
  Difference: Difference;
  VerifiedPartition: VerifiedPartition;
  VerifyResponse: VerifyResponse;
  DiagnoseRequest: DiagnoseRequest;
  Finding: Finding;
  KnownMember: KnownMember;
  DiagnoseResponse: DiagnoseResponse;
  ErrorDetail: ErrorDetail;
  Error: Error;
  ReadToken: ReadToken;
  Cursor: Cursor;
  Hnsw: Hnsw;
  CreateCollectionRequest: CreateCollectionRequest;
  Collection: Collection;
  GetCollectionRequest: GetCollectionRequest;
  ListCollectionsRequest: ListCollectionsRequest;
  ListCollectionsResponse: ListCollectionsResponse;
  Tags: Tags;
  UpdateCollectionRequest: UpdateCollectionRequest;
  DeleteCollectionRequest: DeleteCollectionRequest;
  DeleteCollectionResponse: DeleteCollectionResponse;
  ReindexCollectionRequest: ReindexCollectionRequest;
  GetReindexRequest: GetReindexRequest;
  AbortReindexRequest: AbortReindexRequest;
  AbortReindexResponse: AbortReindexResponse;
  Reindex: Reindex;
  FilterValue: FilterValue;
  NullValue: NullValue;
  Comparison: Comparison;
  Combination: Combination;
  Filter: Filter;
  Condition: Condition;
  Absent: Absent;
  Present: Present;
  UpsertRequest: UpsertRequest;
  RefusedRecord: RefusedRecord;
  WriteResponse: WriteResponse;
  PatchRequest: PatchRequest;
  DeleteRequest: DeleteRequest;
  DeleteResponse: DeleteResponse;
  ReadOptions: ReadOptions;
  MissingPartition: MissingPartition;
  Coverage: Coverage;
  StoredRecord: StoredRecord;
  GetRequest: GetRequest;
  GetResponse: GetResponse;
  ScrollRequest: ScrollRequest;
  ScrollResponse: ScrollResponse;
  CountRequest: CountRequest;
  CountResponse: CountResponse;
  SearchRequest: SearchRequest;
  Hit: Hit;
  ExplainEstimate: ExplainEstimate;
  ExplainSegment: ExplainSegment;
  Explain: Explain;
  SearchResponse: SearchResponse;
  SearchBatchRequest: SearchBatchRequest;
  SearchBatchResponse: SearchBatchResponse;
}
export const messages: { readonly [Name in keyof Messages]: Message<Messages[Name]> } = {
  GetSchemaRequest,
  GetSchemaResponse,
  StatsRequest,
  SegmentStats,
  MalformedRecord,
  DiskSpace,
  PartitionStats,
  StatsResponse,
  VerifyRequest,
  VerifiedReplica,
  HeldVersion,
  Difference,
  VerifiedPartition,
  VerifyResponse,
  DiagnoseRequest,
  Finding,
  KnownMember,
  DiagnoseResponse,
  ErrorDetail,
  Error,
  ReadToken,
  Cursor,
  Hnsw,
  CreateCollectionRequest,
  Collection,
  GetCollectionRequest,
  ListCollectionsRequest,
  ListCollectionsResponse,
  Tags,
  UpdateCollectionRequest,
  DeleteCollectionRequest,
  DeleteCollectionResponse,
  ReindexCollectionRequest,
  GetReindexRequest,
  AbortReindexRequest,
  AbortReindexResponse,
  Reindex,
  FilterValue,
  NullValue,
  Comparison,
  Combination,
  Filter,
  Condition,
  Absent,
  Present,
  UpsertRequest,
  RefusedRecord,
  WriteResponse,
  PatchRequest,
  DeleteRequest,
  DeleteResponse,
  ReadOptions,
  MissingPartition,
  Coverage,
  StoredRecord,
  GetRequest,
  GetResponse,
  ScrollRequest,
  ScrollResponse,
  CountRequest,
  CountResponse,
  SearchRequest,
  Hit,
  ExplainEstimate,
  ExplainSegment,
  Explain,
  SearchResponse,
  SearchBatchRequest,
  SearchBatchResponse,
};

/** Every enum of the API by its name. */
export const enums = { Metric, IndexKind, Quantization, StorageKind, FilterOperator, CombinationOperator, Include, Consistency } as const;
