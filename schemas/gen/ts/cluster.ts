// Generated from avro/ by src/generator/main.ts: do not edit.
import { Error, ExplainSegment, Filter, MissingPartition } from './api.ts';
import {
  defineEnum, defineMessage, endMessage, FloatCollector, readMessage, readPacked, readSafeLong, readTag, skipField, writeFloats, writeMessage,
  type EnumCodec, type Message,
} from '../../src/wire.ts';

export type MemberKind = 'gateway' | 'indexer' | 'query';
export const MemberKind: EnumCodec<MemberKind> = defineEnum('MemberKind', { gateway: 0, indexer: 1, query: 2 });

export type HoldingState = 'building' | 'ready' | 'leaving';
export const HoldingState: EnumCodec<HoldingState> = defineEnum('HoldingState', { building: 0, ready: 1, leaving: 2 });

/** A partition that an indexer holds. */
export interface Holding {
  readonly log: number;
  readonly partition: number;
  readonly state: HoldingState;
  /** The next offset it applies, as of the last beat. */
  readonly watermark: number;
}
export const Holding: Message<Holding> = defineMessage<Holding>({
  defaults: () => ({ log: 0, partition: 0, state: 'building', watermark: 0 }),
  write(writer, message) {
    if (message.log !== 0) writer.uint32(8).int64(message.log);
    if (message.partition !== 0) writer.uint32(16).int32(message.partition);
    if (message.state !== 'building') writer.uint32(24).int32(HoldingState.numbers[message.state]);
    if (message.watermark !== 0) writer.uint32(32).int64(message.watermark);
  },
  read(reader, end) {
    let log: number = 0;
    let partition: number = 0;
    let state: HoldingState = 'building';
    let watermark: number = 0;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: log = readSafeLong(reader); break;
        case 16: partition = reader.int32(); break;
        case 24: state = HoldingState.fromNumber(reader.int32()); break;
        case 32: watermark = readSafeLong(reader); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { log, partition, state, watermark };
  },
});

/** What a process says about itself with each beat. */
export interface Member {
  /** Unique among the living; an indexer keeps it over a restart. */
  readonly id: string;
  readonly kind: MemberKind;
  /** Replica group of an indexer; 0 for the others. */
  readonly group: number;
  /** host:port of what it serves. */
  readonly address: string;
  /** New at each start of the process. */
  readonly incarnation: string;
  /** Of an indexer. */
  readonly holdings: readonly Holding[];
  /** Of an indexer: ids of schemas in use whose records it reads; none: it did not say yet. */
  readonly schemas: readonly number[];
}
export const Member: Message<Member> = defineMessage<Member>({
  defaults: () => ({ id: '', kind: 'gateway', group: 0, address: '', incarnation: '', holdings: [], schemas: [] }),
  write(writer, message) {
    if (message.id !== '') writer.uint32(10).string(message.id);
    if (message.kind !== 'gateway') writer.uint32(16).int32(MemberKind.numbers[message.kind]);
    if (message.group !== 0) writer.uint32(24).int32(message.group);
    if (message.address !== '') writer.uint32(34).string(message.address);
    if (message.incarnation !== '') writer.uint32(42).string(message.incarnation);
    for (const item of message.holdings) writeMessage(writer, 50, Holding, item);
    if (message.schemas.length > 0) {
      writer.uint32(58).fork();
      for (const item of message.schemas) writer.int32(item);
      writer.join();
    }
  },
  read(reader, end, depth) {
    let id: string = '';
    let kind: MemberKind = 'gateway';
    let group: number = 0;
    let address: string = '';
    let incarnation: string = '';
    const holdings: Holding[] = [];
    const schemas: number[] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: id = reader.string(true); break;
        case 16: kind = MemberKind.fromNumber(reader.int32()); break;
        case 24: group = reader.int32(); break;
        case 34: address = reader.string(true); break;
        case 42: incarnation = reader.string(true); break;
        case 50: holdings.push(readMessage(reader, Holding, depth)); break;
        case 56: schemas.push(reader.int32()); break;
        case 58: readPacked(reader, () => { schemas.push(reader.int32()); }); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { id, kind, group, address, incarnation, holdings, schemas };
  },
});

/** Where a partition must be before it answers. */
export interface PartitionFloor {
  readonly partition: number;
  /** The shard waits until everything below this offset is applied. */
  readonly atLeast: number;
}
export const PartitionFloor: Message<PartitionFloor> = defineMessage<PartitionFloor>({
  defaults: () => ({ partition: 0, atLeast: 0 }),
  write(writer, message) {
    if (message.partition !== 0) writer.uint32(8).int32(message.partition);
    if (message.atLeast !== 0) writer.uint32(16).int64(message.atLeast);
  },
  read(reader, end) {
    let partition: number = 0;
    let atLeast: number = 0;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: partition = reader.int32(); break;
        case 16: atLeast = readSafeLong(reader); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { partition, atLeast };
  },
});

export interface ShardSearchSpec {
  readonly vector: Float32Array;
  readonly k: number;
  readonly filter: Filter | null;
  readonly exact: boolean;
  readonly ef: number | null;
  /** Whether hits carry the record's bytes. */
  readonly records: boolean;
  readonly explain: boolean;
}
export const ShardSearchSpec: Message<ShardSearchSpec> = defineMessage<ShardSearchSpec>({
  defaults: () => ({ vector: new Float32Array(0), k: 0, filter: null, exact: false, ef: null, records: false, explain: false }),
  write(writer, message) {
    writeFloats(writer, 10, message.vector);
    if (message.k !== 0) writer.uint32(16).int32(message.k);
    if (message.filter !== null) writeMessage(writer, 26, Filter, message.filter);
    if (message.exact) writer.uint32(32).bool(message.exact);
    if (message.ef !== null) writer.uint32(40).int32(message.ef);
    if (message.records) writer.uint32(48).bool(message.records);
    if (message.explain) writer.uint32(56).bool(message.explain);
  },
  read(reader, end, depth) {
    const vector = new FloatCollector();
    let k: number = 0;
    let filter: Filter | null = null;
    let exact: boolean = false;
    let ef: number | null = null;
    let records: boolean = false;
    let explain: boolean = false;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: vector.packed(reader); break;
        case 13: vector.single(reader); break;
        case 16: k = reader.int32(); break;
        case 26: filter = readMessage(reader, Filter, depth); break;
        case 32: exact = reader.bool(); break;
        case 40: ef = reader.int32(); break;
        case 48: records = reader.bool(); break;
        case 56: explain = reader.bool(); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { vector: vector.finish(), k, filter, exact, ef, records, explain };
  },
});

export interface ShardSearch {
  readonly searches: readonly ShardSearchSpec[];
}
export const ShardSearch: Message<ShardSearch> = defineMessage<ShardSearch>({
  defaults: () => ({ searches: [] }),
  write(writer, message) {
    for (const item of message.searches) writeMessage(writer, 10, ShardSearchSpec, item);
  },
  read(reader, end, depth) {
    const searches: ShardSearchSpec[] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: searches.push(readMessage(reader, ShardSearchSpec, depth)); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { searches };
  },
});

export interface ShardGet {
  readonly ids: readonly string[];
}
export const ShardGet: Message<ShardGet> = defineMessage<ShardGet>({
  defaults: () => ({ ids: [] }),
  write(writer, message) {
    for (const item of message.ids) writer.uint32(10).string(item);
  },
  read(reader, end) {
    const ids: string[] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: ids.push(reader.string(true)); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { ids };
  },
});

/** Ids that lie in one of so many partitions. */
export interface ShardShare {
  readonly partition: number;
  readonly partitions: number;
}
export const ShardShare: Message<ShardShare> = defineMessage<ShardShare>({
  defaults: () => ({ partition: 0, partitions: 0 }),
  write(writer, message) {
    if (message.partition !== 0) writer.uint32(8).int32(message.partition);
    if (message.partitions !== 0) writer.uint32(16).int32(message.partitions);
  },
  read(reader, end) {
    let partition: number = 0;
    let partitions: number = 0;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: partition = reader.int32(); break;
        case 16: partitions = reader.int32(); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { partition, partitions };
  },
});

export interface ShardScroll {
  readonly filter: Filter | null;
  /** The last id of the page before. */
  readonly after: string | null;
  readonly limit: number;
  readonly bytesMax: number;
  /** For a copier: of these ids only, and whatever has not expired by the log's time. */
  readonly share: ShardShare | null;
}
export const ShardScroll: Message<ShardScroll> = defineMessage<ShardScroll>({
  defaults: () => ({ filter: null, after: null, limit: 0, bytesMax: 0, share: null }),
  write(writer, message) {
    if (message.filter !== null) writeMessage(writer, 10, Filter, message.filter);
    if (message.after !== null) writer.uint32(18).string(message.after);
    if (message.limit !== 0) writer.uint32(24).int32(message.limit);
    if (message.bytesMax !== 0) writer.uint32(32).int64(message.bytesMax);
    if (message.share !== null) writeMessage(writer, 42, ShardShare, message.share);
  },
  read(reader, end, depth) {
    let filter: Filter | null = null;
    let after: string | null = null;
    let limit: number = 0;
    let bytesMax: number = 0;
    let share: ShardShare | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: filter = readMessage(reader, Filter, depth); break;
        case 18: after = reader.string(true); break;
        case 24: limit = reader.int32(); break;
        case 32: bytesMax = readSafeLong(reader); break;
        case 42: share = readMessage(reader, ShardShare, depth); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { filter, after, limit, bytesMax, share };
  },
});

export interface ShardCount {
  readonly filter: Filter | null;
}
export const ShardCount: Message<ShardCount> = defineMessage<ShardCount>({
  defaults: () => ({ filter: null }),
  write(writer, message) {
    if (message.filter !== null) writeMessage(writer, 10, Filter, message.filter);
  },
  read(reader, end, depth) {
    let filter: Filter | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: filter = readMessage(reader, Filter, depth); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { filter };
  },
});

export interface ShardOutcomesWanted {
  readonly partition: number;
  /** The shard answers once everything below this offset is applied. */
  readonly through: number;
  /** Records that the request has in this partition. */
  readonly count: number;
  /** Records that are not remembered are said to be so; else they fail the call. */
  readonly evenUnknown: boolean | null;
}
export const ShardOutcomesWanted: Message<ShardOutcomesWanted> = defineMessage<ShardOutcomesWanted>({
  defaults: () => ({ partition: 0, through: 0, count: 0, evenUnknown: null }),
  write(writer, message) {
    if (message.partition !== 0) writer.uint32(8).int32(message.partition);
    if (message.through !== 0) writer.uint32(16).int64(message.through);
    if (message.count !== 0) writer.uint32(24).int32(message.count);
    if (message.evenUnknown !== null) writer.uint32(32).bool(message.evenUnknown);
  },
  read(reader, end) {
    let partition: number = 0;
    let through: number = 0;
    let count: number = 0;
    let evenUnknown: boolean | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: partition = reader.int32(); break;
        case 16: through = readSafeLong(reader); break;
        case 24: count = reader.int32(); break;
        case 32: evenUnknown = reader.bool(); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { partition, through, count, evenUnknown };
  },
});

/** What became of the records of a write. */
export interface ShardOutcomes {
  readonly requestId: string;
  readonly wanted: readonly ShardOutcomesWanted[];
}
export const ShardOutcomes: Message<ShardOutcomes> = defineMessage<ShardOutcomes>({
  defaults: () => ({ requestId: '', wanted: [] }),
  write(writer, message) {
    if (message.requestId !== '') writer.uint32(10).string(message.requestId);
    for (const item of message.wanted) writeMessage(writer, 18, ShardOutcomesWanted, item);
  },
  read(reader, end, depth) {
    let requestId: string = '';
    const wanted: ShardOutcomesWanted[] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: requestId = reader.string(true); break;
        case 18: wanted.push(readMessage(reader, ShardOutcomesWanted, depth)); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { requestId, wanted };
  },
});

/** What the partition asked held at the offset asked (at_least): the sums of its live records, by ranges of the hashes of their ids. The first call at an offset waits for it and keeps what was there for a while. */
export interface ShardDigest {
  /** 0 to 4,294,967,295. */
  readonly firstHash: number;
  /** Belongs to the range. */
  readonly lastHash: number;
  /** Hashes in each part of it that gets a sum; the last part may be shorter. At most 1,024 parts. */
  readonly width: number;
  /** Name each record of the range, too; for small ranges. */
  readonly records: boolean;
}
export const ShardDigest: Message<ShardDigest> = defineMessage<ShardDigest>({
  defaults: () => ({ firstHash: 0, lastHash: 0, width: 0, records: false }),
  write(writer, message) {
    if (message.firstHash !== 0) writer.uint32(8).int64(message.firstHash);
    if (message.lastHash !== 0) writer.uint32(16).int64(message.lastHash);
    if (message.width !== 0) writer.uint32(24).int64(message.width);
    if (message.records) writer.uint32(32).bool(message.records);
  },
  read(reader, end) {
    let firstHash: number = 0;
    let lastHash: number = 0;
    let width: number = 0;
    let records: boolean = false;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: firstHash = readSafeLong(reader); break;
        case 16: lastHash = readSafeLong(reader); break;
        case 24: width = readSafeLong(reader); break;
        case 32: records = reader.bool(); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { firstHash, lastHash, width, records };
  },
});

/** How the partitions of the log are that are served there; does not wait. */
export type ShardReports = Readonly<Record<string, never>>;
export const ShardReports: Message<ShardReports> = defineMessage<ShardReports>({
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

/** The answer to the call of this id is not wanted any more: none has to come. */
export type ShardCancel = Readonly<Record<string, never>>;
export const ShardCancel: Message<ShardCancel> = defineMessage<ShardCancel>({
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

export interface ShardCall {
  /** Of the call; at least 1, and of no other call under way on the stream. */
  readonly id: number;
  /** What is left of the caller's time. */
  readonly timeoutMs: number;
  /** Log number of the collection's generation. */
  readonly log: number;
  /** The partitions asked. */
  readonly at: readonly PartitionFloor[];
  /** Partitions that cannot answer are named in place of failing the call. */
  readonly allowPartial: boolean;
  readonly call: null
    | { readonly kind: 'search'; readonly value: ShardSearch }
    | { readonly kind: 'get'; readonly value: ShardGet }
    | { readonly kind: 'scroll'; readonly value: ShardScroll }
    | { readonly kind: 'count'; readonly value: ShardCount }
    | { readonly kind: 'outcomes'; readonly value: ShardOutcomes }
    | { readonly kind: 'report'; readonly value: ShardReports }
    | { readonly kind: 'cancel'; readonly value: ShardCancel }
    | { readonly kind: 'digest'; readonly value: ShardDigest };
}
export const ShardCall: Message<ShardCall> = defineMessage<ShardCall>({
  defaults: () => ({ id: 0, timeoutMs: 0, log: 0, at: [], allowPartial: false, call: null }),
  write(writer, message) {
    if (message.id !== 0) writer.uint32(8).int32(message.id);
    if (message.timeoutMs !== 0) writer.uint32(16).int32(message.timeoutMs);
    if (message.log !== 0) writer.uint32(24).int64(message.log);
    for (const item of message.at) writeMessage(writer, 34, PartitionFloor, item);
    if (message.allowPartial) writer.uint32(40).bool(message.allowPartial);
    switch (message.call?.kind) {
      case 'search': writeMessage(writer, 82, ShardSearch, message.call.value); break;
      case 'get': writeMessage(writer, 90, ShardGet, message.call.value); break;
      case 'scroll': writeMessage(writer, 98, ShardScroll, message.call.value); break;
      case 'count': writeMessage(writer, 106, ShardCount, message.call.value); break;
      case 'outcomes': writeMessage(writer, 114, ShardOutcomes, message.call.value); break;
      case 'report': writeMessage(writer, 122, ShardReports, message.call.value); break;
      case 'cancel': writeMessage(writer, 130, ShardCancel, message.call.value); break;
      case 'digest': writeMessage(writer, 138, ShardDigest, message.call.value); break;
      case undefined: break;
    }
  },
  read(reader, end, depth) {
    let id: number = 0;
    let timeoutMs: number = 0;
    let log: number = 0;
    const at: PartitionFloor[] = [];
    let allowPartial: boolean = false;
    let call: ShardCall['call'] = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: id = reader.int32(); break;
        case 16: timeoutMs = reader.int32(); break;
        case 24: log = readSafeLong(reader); break;
        case 34: at.push(readMessage(reader, PartitionFloor, depth)); break;
        case 40: allowPartial = reader.bool(); break;
        case 82: call = { kind: 'search', value: readMessage(reader, ShardSearch, depth) }; break;
        case 90: call = { kind: 'get', value: readMessage(reader, ShardGet, depth) }; break;
        case 98: call = { kind: 'scroll', value: readMessage(reader, ShardScroll, depth) }; break;
        case 106: call = { kind: 'count', value: readMessage(reader, ShardCount, depth) }; break;
        case 114: call = { kind: 'outcomes', value: readMessage(reader, ShardOutcomes, depth) }; break;
        case 122: call = { kind: 'report', value: readMessage(reader, ShardReports, depth) }; break;
        case 130: call = { kind: 'cancel', value: readMessage(reader, ShardCancel, depth) }; break;
        case 138: call = { kind: 'digest', value: readMessage(reader, ShardDigest, depth) }; break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { id, timeoutMs, log, at, allowPartial, call };
  },
});

/** The view that answered: every record below the watermark, and none above. */
export interface PartitionWatermark {
  readonly partition: number;
  readonly watermark: number;
  /** Why the log is not followed at the moment. */
  readonly logAway: string | null;
}
export const PartitionWatermark: Message<PartitionWatermark> = defineMessage<PartitionWatermark>({
  defaults: () => ({ partition: 0, watermark: 0, logAway: null }),
  write(writer, message) {
    if (message.partition !== 0) writer.uint32(8).int32(message.partition);
    if (message.watermark !== 0) writer.uint32(16).int64(message.watermark);
    if (message.logAway !== null) writer.uint32(26).string(message.logAway);
  },
  read(reader, end) {
    let partition: number = 0;
    let watermark: number = 0;
    let logAway: string | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: partition = reader.int32(); break;
        case 16: watermark = readSafeLong(reader); break;
        case 26: logAway = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { partition, watermark, logAway };
  },
});

export interface ShardFound {
  readonly id: string;
  /** The metric's raw figure, smaller is nearer. */
  readonly distance: number;
  readonly partition: number;
  readonly offset: number;
  /** The stored bytes, with their 5-byte wire header. */
  readonly record: Uint8Array | null;
}
export const ShardFound: Message<ShardFound> = defineMessage<ShardFound>({
  defaults: () => ({ id: '', distance: 0, partition: 0, offset: 0, record: null }),
  write(writer, message) {
    if (message.id !== '') writer.uint32(10).string(message.id);
    if (!Object.is(message.distance, 0)) writer.uint32(17).double(message.distance);
    if (message.partition !== 0) writer.uint32(24).int32(message.partition);
    if (message.offset !== 0) writer.uint32(32).int64(message.offset);
    if (message.record !== null) writer.uint32(42).bytes(message.record);
  },
  read(reader, end) {
    let id: string = '';
    let distance: number = 0;
    let partition: number = 0;
    let offset: number = 0;
    let record: Uint8Array | null = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: id = reader.string(true); break;
        case 17: distance = reader.double(); break;
        case 24: partition = reader.int32(); break;
        case 32: offset = readSafeLong(reader); break;
        case 42: record = reader.bytes(); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { id, distance, partition, offset, record };
  },
});

export interface ShardSearchResult {
  /** Nearest first; at most k. */
  readonly hits: readonly ShardFound[];
  readonly costs: readonly ExplainSegment[];
}
export const ShardSearchResult: Message<ShardSearchResult> = defineMessage<ShardSearchResult>({
  defaults: () => ({ hits: [], costs: [] }),
  write(writer, message) {
    for (const item of message.hits) writeMessage(writer, 10, ShardFound, item);
    for (const item of message.costs) writeMessage(writer, 18, ExplainSegment, item);
  },
  read(reader, end, depth) {
    const hits: ShardFound[] = [];
    const costs: ExplainSegment[] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: hits.push(readMessage(reader, ShardFound, depth)); break;
        case 18: costs.push(readMessage(reader, ExplainSegment, depth)); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { hits, costs };
  },
});

export interface ShardSearchAnswer {
  /** One a search, in their order. */
  readonly answers: readonly ShardSearchResult[];
  readonly watermarks: readonly PartitionWatermark[];
  readonly missing: readonly MissingPartition[];
}
export const ShardSearchAnswer: Message<ShardSearchAnswer> = defineMessage<ShardSearchAnswer>({
  defaults: () => ({ answers: [], watermarks: [], missing: [] }),
  write(writer, message) {
    for (const item of message.answers) writeMessage(writer, 10, ShardSearchResult, item);
    for (const item of message.watermarks) writeMessage(writer, 18, PartitionWatermark, item);
    for (const item of message.missing) writeMessage(writer, 26, MissingPartition, item);
  },
  read(reader, end, depth) {
    const answers: ShardSearchResult[] = [];
    const watermarks: PartitionWatermark[] = [];
    const missing: MissingPartition[] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: answers.push(readMessage(reader, ShardSearchResult, depth)); break;
        case 18: watermarks.push(readMessage(reader, PartitionWatermark, depth)); break;
        case 26: missing.push(readMessage(reader, MissingPartition, depth)); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { answers, watermarks, missing };
  },
});

export interface ShardRow {
  readonly id: string;
  readonly partition: number;
  readonly offset: number;
  readonly record: Uint8Array;
}
export const ShardRow: Message<ShardRow> = defineMessage<ShardRow>({
  defaults: () => ({ id: '', partition: 0, offset: 0, record: new Uint8Array(0) }),
  write(writer, message) {
    if (message.id !== '') writer.uint32(10).string(message.id);
    if (message.partition !== 0) writer.uint32(16).int32(message.partition);
    if (message.offset !== 0) writer.uint32(24).int64(message.offset);
    if (message.record.length > 0) writer.uint32(34).bytes(message.record);
  },
  read(reader, end) {
    let id: string = '';
    let partition: number = 0;
    let offset: number = 0;
    let record: Uint8Array = new Uint8Array(0);
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: id = reader.string(true); break;
        case 16: partition = reader.int32(); break;
        case 24: offset = readSafeLong(reader); break;
        case 34: record = reader.bytes(); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { id, partition, offset, record };
  },
});

/** To a get and to a scroll. */
export interface ShardRowsAnswer {
  readonly rows: readonly ShardRow[];
  /** Of a scroll: rows are left. */
  readonly more: boolean;
  readonly watermarks: readonly PartitionWatermark[];
  readonly missing: readonly MissingPartition[];
}
export const ShardRowsAnswer: Message<ShardRowsAnswer> = defineMessage<ShardRowsAnswer>({
  defaults: () => ({ rows: [], more: false, watermarks: [], missing: [] }),
  write(writer, message) {
    for (const item of message.rows) writeMessage(writer, 10, ShardRow, item);
    if (message.more) writer.uint32(16).bool(message.more);
    for (const item of message.watermarks) writeMessage(writer, 26, PartitionWatermark, item);
    for (const item of message.missing) writeMessage(writer, 34, MissingPartition, item);
  },
  read(reader, end, depth) {
    const rows: ShardRow[] = [];
    let more: boolean = false;
    const watermarks: PartitionWatermark[] = [];
    const missing: MissingPartition[] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: rows.push(readMessage(reader, ShardRow, depth)); break;
        case 16: more = reader.bool(); break;
        case 26: watermarks.push(readMessage(reader, PartitionWatermark, depth)); break;
        case 34: missing.push(readMessage(reader, MissingPartition, depth)); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { rows, more, watermarks, missing };
  },
});

export interface ShardCountAnswer {
  readonly count: number;
  readonly watermarks: readonly PartitionWatermark[];
  readonly missing: readonly MissingPartition[];
}
export const ShardCountAnswer: Message<ShardCountAnswer> = defineMessage<ShardCountAnswer>({
  defaults: () => ({ count: 0, watermarks: [], missing: [] }),
  write(writer, message) {
    if (message.count !== 0) writer.uint32(8).int64(message.count);
    for (const item of message.watermarks) writeMessage(writer, 18, PartitionWatermark, item);
    for (const item of message.missing) writeMessage(writer, 26, MissingPartition, item);
  },
  read(reader, end, depth) {
    let count: number = 0;
    const watermarks: PartitionWatermark[] = [];
    const missing: MissingPartition[] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: count = readSafeLong(reader); break;
        case 18: watermarks.push(readMessage(reader, PartitionWatermark, depth)); break;
        case 26: missing.push(readMessage(reader, MissingPartition, depth)); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { count, watermarks, missing };
  },
});

export interface ShardOutcome {
  readonly offset: number;
  /** Absent: applied. */
  readonly refusal: string | null;
  /** The shard remembers no such record. */
  readonly unknown: boolean;
}
export const ShardOutcome: Message<ShardOutcome> = defineMessage<ShardOutcome>({
  defaults: () => ({ offset: 0, refusal: null, unknown: false }),
  write(writer, message) {
    if (message.offset !== 0) writer.uint32(8).int64(message.offset);
    if (message.refusal !== null) writer.uint32(18).string(message.refusal);
    if (message.unknown) writer.uint32(24).bool(message.unknown);
  },
  read(reader, end) {
    let offset: number = 0;
    let refusal: string | null = null;
    let unknown: boolean = false;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: offset = readSafeLong(reader); break;
        case 18: refusal = reader.string(true); break;
        case 24: unknown = reader.bool(); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { offset, refusal, unknown };
  },
});

export interface ShardPartitionOutcomes {
  readonly partition: number;
  /** By sequence. */
  readonly outcomes: readonly ShardOutcome[];
}
export const ShardPartitionOutcomes: Message<ShardPartitionOutcomes> = defineMessage<ShardPartitionOutcomes>({
  defaults: () => ({ partition: 0, outcomes: [] }),
  write(writer, message) {
    if (message.partition !== 0) writer.uint32(8).int32(message.partition);
    for (const item of message.outcomes) writeMessage(writer, 18, ShardOutcome, item);
  },
  read(reader, end, depth) {
    let partition: number = 0;
    const outcomes: ShardOutcome[] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: partition = reader.int32(); break;
        case 18: outcomes.push(readMessage(reader, ShardOutcome, depth)); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { partition, outcomes };
  },
});

export interface ShardOutcomesAnswer {
  readonly partitions: readonly ShardPartitionOutcomes[];
  readonly missing: readonly MissingPartition[];
}
export const ShardOutcomesAnswer: Message<ShardOutcomesAnswer> = defineMessage<ShardOutcomesAnswer>({
  defaults: () => ({ partitions: [], missing: [] }),
  write(writer, message) {
    for (const item of message.partitions) writeMessage(writer, 10, ShardPartitionOutcomes, item);
    for (const item of message.missing) writeMessage(writer, 18, MissingPartition, item);
  },
  read(reader, end, depth) {
    const partitions: ShardPartitionOutcomes[] = [];
    const missing: MissingPartition[] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: partitions.push(readMessage(reader, ShardPartitionOutcomes, depth)); break;
        case 18: missing.push(readMessage(reader, MissingPartition, depth)); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { partitions, missing };
  },
});

/** The sum over what was live when everything below an offset was applied. */
export interface ShardMark {
  readonly offset: number;
  /** 16 hex digits. */
  readonly sum: string;
}
export const ShardMark: Message<ShardMark> = defineMessage<ShardMark>({
  defaults: () => ({ offset: 0, sum: '' }),
  write(writer, message) {
    if (message.offset !== 0) writer.uint32(8).int64(message.offset);
    if (message.sum !== '') writer.uint32(18).string(message.sum);
  },
  read(reader, end) {
    let offset: number = 0;
    let sum: string = '';
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: offset = readSafeLong(reader); break;
        case 18: sum = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { offset, sum };
  },
});

export interface ShardSegmentState {
  readonly id: string;
  readonly rows: number;
  readonly dead: number;
  readonly indexed: boolean;
  readonly bytes: number;
  readonly recall: number | null;
  readonly ef: number | null;
  readonly listsRead: number | null;
  readonly lists: number | null;
}
export const ShardSegmentState: Message<ShardSegmentState> = defineMessage<ShardSegmentState>({
  defaults: () => ({ id: '', rows: 0, dead: 0, indexed: false, bytes: 0, recall: null, ef: null, listsRead: null, lists: null }),
  write(writer, message) {
    if (message.id !== '') writer.uint32(10).string(message.id);
    if (message.rows !== 0) writer.uint32(16).int32(message.rows);
    if (message.dead !== 0) writer.uint32(24).int32(message.dead);
    if (message.indexed) writer.uint32(32).bool(message.indexed);
    if (message.bytes !== 0) writer.uint32(40).int64(message.bytes);
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
    let bytes: number = 0;
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
        case 40: bytes = readSafeLong(reader); break;
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
export interface ShardMalformed {
  readonly offset: number;
  readonly reason: string;
}
export const ShardMalformed: Message<ShardMalformed> = defineMessage<ShardMalformed>({
  defaults: () => ({ offset: 0, reason: '' }),
  write(writer, message) {
    if (message.offset !== 0) writer.uint32(8).int64(message.offset);
    if (message.reason !== '') writer.uint32(18).string(message.reason);
  },
  read(reader, end) {
    let offset: number = 0;
    let reason: string = '';
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: offset = readSafeLong(reader); break;
        case 18: reason = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { offset, reason };
  },
});

export interface ShardPartitionState {
  readonly partition: number;
  /** replaying, serving or stopped. */
  readonly state: string;
  /** Why it stopped. */
  readonly reason: string | null;
  /** Why the log is not followed at the moment. */
  readonly logAway: string | null;
  /** Since when it is in that state, or without its log. µs since 1970, by the indexer's clock. */
  readonly since: number;
  /** The next offset to apply. */
  readonly watermark: number;
  /** The watermark of the last manifest. */
  readonly durable: number;
  readonly live: number;
  readonly growingRows: number;
  readonly building: number;
  readonly memoryBytes: number;
  readonly malformed: number;
  /** The last of them. */
  readonly ledger: readonly ShardMalformed[];
  readonly segments: readonly ShardSegmentState[];
  /** The last ones, the oldest first, and that of the watermark. */
  readonly marks: readonly ShardMark[];
  /** Files of segments written since it was opened. */
  readonly writtenBytes: number;
  /** Of them, records and vectors that were sealed for the first time. */
  readonly sealedBytes: number;
}
export const ShardPartitionState: Message<ShardPartitionState> = defineMessage<ShardPartitionState>({
  defaults: () => ({ partition: 0, state: '', reason: null, logAway: null, since: 0, watermark: 0, durable: 0, live: 0, growingRows: 0, building: 0, memoryBytes: 0, malformed: 0, ledger: [], segments: [], marks: [], writtenBytes: 0, sealedBytes: 0 }),
  write(writer, message) {
    if (message.partition !== 0) writer.uint32(8).int32(message.partition);
    if (message.state !== '') writer.uint32(18).string(message.state);
    if (message.reason !== null) writer.uint32(26).string(message.reason);
    if (message.watermark !== 0) writer.uint32(32).int64(message.watermark);
    if (message.durable !== 0) writer.uint32(40).int64(message.durable);
    if (message.live !== 0) writer.uint32(48).int64(message.live);
    if (message.growingRows !== 0) writer.uint32(56).int64(message.growingRows);
    if (message.building !== 0) writer.uint32(64).int64(message.building);
    if (message.memoryBytes !== 0) writer.uint32(72).int64(message.memoryBytes);
    if (message.malformed !== 0) writer.uint32(80).int64(message.malformed);
    for (const item of message.segments) writeMessage(writer, 90, ShardSegmentState, item);
    if (message.logAway !== null) writer.uint32(98).string(message.logAway);
    if (message.since !== 0) writer.uint32(104).int64(message.since);
    for (const item of message.marks) writeMessage(writer, 114, ShardMark, item);
    for (const item of message.ledger) writeMessage(writer, 122, ShardMalformed, item);
    if (message.writtenBytes !== 0) writer.uint32(128).int64(message.writtenBytes);
    if (message.sealedBytes !== 0) writer.uint32(136).int64(message.sealedBytes);
  },
  read(reader, end, depth) {
    let partition: number = 0;
    let state: string = '';
    let reason: string | null = null;
    let logAway: string | null = null;
    let since: number = 0;
    let watermark: number = 0;
    let durable: number = 0;
    let live: number = 0;
    let growingRows: number = 0;
    let building: number = 0;
    let memoryBytes: number = 0;
    let malformed: number = 0;
    const ledger: ShardMalformed[] = [];
    const segments: ShardSegmentState[] = [];
    const marks: ShardMark[] = [];
    let writtenBytes: number = 0;
    let sealedBytes: number = 0;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: partition = reader.int32(); break;
        case 18: state = reader.string(true); break;
        case 26: reason = reader.string(true); break;
        case 32: watermark = readSafeLong(reader); break;
        case 40: durable = readSafeLong(reader); break;
        case 48: live = readSafeLong(reader); break;
        case 56: growingRows = readSafeLong(reader); break;
        case 64: building = readSafeLong(reader); break;
        case 72: memoryBytes = readSafeLong(reader); break;
        case 80: malformed = readSafeLong(reader); break;
        case 90: segments.push(readMessage(reader, ShardSegmentState, depth)); break;
        case 98: logAway = reader.string(true); break;
        case 104: since = readSafeLong(reader); break;
        case 114: marks.push(readMessage(reader, ShardMark, depth)); break;
        case 122: ledger.push(readMessage(reader, ShardMalformed, depth)); break;
        case 128: writtenBytes = readSafeLong(reader); break;
        case 136: sealedBytes = readSafeLong(reader); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { partition, state, reason, logAway, since, watermark, durable, live, growingRows, building, memoryBytes, malformed, ledger, segments, marks, writtenBytes, sealedBytes };
  },
});

export interface DigestRange {
  readonly records: number;
  /** 16 hex digits. */
  readonly sum: string;
}
export const DigestRange: Message<DigestRange> = defineMessage<DigestRange>({
  defaults: () => ({ records: 0, sum: '' }),
  write(writer, message) {
    if (message.records !== 0) writer.uint32(8).int32(message.records);
    if (message.sum !== '') writer.uint32(18).string(message.sum);
  },
  read(reader, end) {
    let records: number = 0;
    let sum: string = '';
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: records = reader.int32(); break;
        case 18: sum = reader.string(true); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { records, sum };
  },
});

export interface DigestRecord {
  /** Absent if the record was replaced meanwhile. */
  readonly id: string | null;
  /** Of the id. */
  readonly hash: number;
  readonly offset: number;
  /** CRC-32C of the record. */
  readonly checksum: number;
}
export const DigestRecord: Message<DigestRecord> = defineMessage<DigestRecord>({
  defaults: () => ({ id: null, hash: 0, offset: 0, checksum: 0 }),
  write(writer, message) {
    if (message.id !== null) writer.uint32(10).string(message.id);
    if (message.hash !== 0) writer.uint32(16).int64(message.hash);
    if (message.offset !== 0) writer.uint32(24).int64(message.offset);
    if (message.checksum !== 0) writer.uint32(32).int64(message.checksum);
  },
  read(reader, end) {
    let id: string | null = null;
    let hash: number = 0;
    let offset: number = 0;
    let checksum: number = 0;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: id = reader.string(true); break;
        case 16: hash = readSafeLong(reader); break;
        case 24: offset = readSafeLong(reader); break;
        case 32: checksum = readSafeLong(reader); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { id, hash, offset, checksum };
  },
});

export interface ShardDigestAnswer {
  /** Where the partition is. If it passed the offset before it was asked, there are no ranges: ask at a later one. */
  readonly watermark: number;
  readonly ranges: readonly DigestRange[];
  readonly records: readonly DigestRecord[];
}
export const ShardDigestAnswer: Message<ShardDigestAnswer> = defineMessage<ShardDigestAnswer>({
  defaults: () => ({ watermark: 0, ranges: [], records: [] }),
  write(writer, message) {
    if (message.watermark !== 0) writer.uint32(8).int64(message.watermark);
    for (const item of message.ranges) writeMessage(writer, 18, DigestRange, item);
    for (const item of message.records) writeMessage(writer, 26, DigestRecord, item);
  },
  read(reader, end, depth) {
    let watermark: number = 0;
    const ranges: DigestRange[] = [];
    const records: DigestRecord[] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: watermark = readSafeLong(reader); break;
        case 18: ranges.push(readMessage(reader, DigestRange, depth)); break;
        case 26: records.push(readMessage(reader, DigestRecord, depth)); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { watermark, ranges, records };
  },
});

/** Something that a whole process does without at the moment. */
export interface ProcessFault {
  /** redis, registry, blobs */
  readonly part: string;
  readonly what: string;
  /** µs since 1970, by its clock. */
  readonly since: number;
}
export const ProcessFault: Message<ProcessFault> = defineMessage<ProcessFault>({
  defaults: () => ({ part: '', what: '', since: 0 }),
  write(writer, message) {
    if (message.part !== '') writer.uint32(10).string(message.part);
    if (message.what !== '') writer.uint32(18).string(message.what);
    if (message.since !== 0) writer.uint32(24).int64(message.since);
  },
  read(reader, end) {
    let part: string = '';
    let what: string = '';
    let since: number = 0;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: part = reader.string(true); break;
        case 18: what = reader.string(true); break;
        case 24: since = readSafeLong(reader); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { part, what, since };
  },
});

export interface ShardReportsAnswer {
  readonly reports: readonly ShardPartitionState[];
  readonly faults: readonly ProcessFault[];
}
export const ShardReportsAnswer: Message<ShardReportsAnswer> = defineMessage<ShardReportsAnswer>({
  defaults: () => ({ reports: [], faults: [] }),
  write(writer, message) {
    for (const item of message.reports) writeMessage(writer, 10, ShardPartitionState, item);
    for (const item of message.faults) writeMessage(writer, 18, ProcessFault, item);
  },
  read(reader, end, depth) {
    const reports: ShardPartitionState[] = [];
    const faults: ProcessFault[] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: reports.push(readMessage(reader, ShardPartitionState, depth)); break;
        case 18: faults.push(readMessage(reader, ProcessFault, depth)); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { reports, faults };
  },
});

/** A piece of a large answer: parts of several answers take turns, so that small ones need not wait. */
export interface ShardPart {
  /** Bytes of the whole answer, an encoded ShardAnswer. */
  readonly total: number;
  /** The next of them. */
  readonly bytes: Uint8Array;
}
export const ShardPart: Message<ShardPart> = defineMessage<ShardPart>({
  defaults: () => ({ total: 0, bytes: new Uint8Array(0) }),
  write(writer, message) {
    if (message.total !== 0) writer.uint32(8).int64(message.total);
    if (message.bytes.length > 0) writer.uint32(18).bytes(message.bytes);
  },
  read(reader, end) {
    let total: number = 0;
    let bytes: Uint8Array = new Uint8Array(0);
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: total = readSafeLong(reader); break;
        case 18: bytes = reader.bytes(); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { total, bytes };
  },
});

/** Of no call (id 0): the indexer stops; it answers what is under way and takes nothing more. */
export type ShardDraining = Readonly<Record<string, never>>;
export const ShardDraining: Message<ShardDraining> = defineMessage<ShardDraining>({
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

export interface ShardAnswer {
  readonly id: number;
  readonly answer: null
    | { readonly kind: 'error'; readonly value: Error }
    | { readonly kind: 'part'; readonly value: ShardPart }
    | { readonly kind: 'draining'; readonly value: ShardDraining }
    | { readonly kind: 'search'; readonly value: ShardSearchAnswer }
    | { readonly kind: 'get'; readonly value: ShardRowsAnswer }
    | { readonly kind: 'scroll'; readonly value: ShardRowsAnswer }
    | { readonly kind: 'count'; readonly value: ShardCountAnswer }
    | { readonly kind: 'outcomes'; readonly value: ShardOutcomesAnswer }
    | { readonly kind: 'report'; readonly value: ShardReportsAnswer }
    | { readonly kind: 'digest'; readonly value: ShardDigestAnswer };
}
export const ShardAnswer: Message<ShardAnswer> = defineMessage<ShardAnswer>({
  defaults: () => ({ id: 0, answer: null }),
  write(writer, message) {
    if (message.id !== 0) writer.uint32(8).int32(message.id);
    switch (message.answer?.kind) {
      case 'error': writeMessage(writer, 18, Error, message.answer.value); break;
      case 'part': writeMessage(writer, 26, ShardPart, message.answer.value); break;
      case 'draining': writeMessage(writer, 34, ShardDraining, message.answer.value); break;
      case 'search': writeMessage(writer, 82, ShardSearchAnswer, message.answer.value); break;
      case 'get': writeMessage(writer, 90, ShardRowsAnswer, message.answer.value); break;
      case 'scroll': writeMessage(writer, 98, ShardRowsAnswer, message.answer.value); break;
      case 'count': writeMessage(writer, 106, ShardCountAnswer, message.answer.value); break;
      case 'outcomes': writeMessage(writer, 114, ShardOutcomesAnswer, message.answer.value); break;
      case 'report': writeMessage(writer, 122, ShardReportsAnswer, message.answer.value); break;
      case 'digest': writeMessage(writer, 130, ShardDigestAnswer, message.answer.value); break;
      case undefined: break;
    }
  },
  read(reader, end, depth) {
    let id: number = 0;
    let answer: ShardAnswer['answer'] = null;
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 8: id = reader.int32(); break;
        case 18: answer = { kind: 'error', value: readMessage(reader, Error, depth) }; break;
        case 26: answer = { kind: 'part', value: readMessage(reader, ShardPart, depth) }; break;
        case 34: answer = { kind: 'draining', value: readMessage(reader, ShardDraining, depth) }; break;
        case 82: answer = { kind: 'search', value: readMessage(reader, ShardSearchAnswer, depth) }; break;
        case 90: answer = { kind: 'get', value: readMessage(reader, ShardRowsAnswer, depth) }; break;
        case 98: answer = { kind: 'scroll', value: readMessage(reader, ShardRowsAnswer, depth) }; break;
        case 106: answer = { kind: 'count', value: readMessage(reader, ShardCountAnswer, depth) }; break;
        case 114: answer = { kind: 'outcomes', value: readMessage(reader, ShardOutcomesAnswer, depth) }; break;
        case 122: answer = { kind: 'report', value: readMessage(reader, ShardReportsAnswer, depth) }; break;
        case 130: answer = { kind: 'digest', value: readMessage(reader, ShardDigestAnswer, depth) }; break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { id, answer };
  },
});

/** What is to be sent at one moment goes in one message of the stream. */
export interface ShardCalls {
  readonly calls: readonly ShardCall[];
}
export const ShardCalls: Message<ShardCalls> = defineMessage<ShardCalls>({
  defaults: () => ({ calls: [] }),
  write(writer, message) {
    for (const item of message.calls) writeMessage(writer, 10, ShardCall, item);
  },
  read(reader, end, depth) {
    const calls: ShardCall[] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: calls.push(readMessage(reader, ShardCall, depth)); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { calls };
  },
});

export interface ShardAnswers {
  readonly answers: readonly ShardAnswer[];
}
export const ShardAnswers: Message<ShardAnswers> = defineMessage<ShardAnswers>({
  defaults: () => ({ answers: [] }),
  write(writer, message) {
    for (const item of message.answers) writeMessage(writer, 10, ShardAnswer, item);
  },
  read(reader, end, depth) {
    const answers: ShardAnswer[] = [];
    while (reader.pos < end) {
      const tag = readTag(reader);
      switch (tag) {
        case 10: answers.push(readMessage(reader, ShardAnswer, depth)); break;
        default: skipField(reader, tag);
      }
    }
    endMessage(reader, end);
    return { answers };
  },
});

/** Every message of the cluster by its name. */
export interface ClusterMessages {
  Holding: Holding;
  Member: Member;
  PartitionFloor: PartitionFloor;
  ShardSearchSpec: ShardSearchSpec;
  ShardSearch: ShardSearch;
  ShardGet: ShardGet;
  ShardShare: ShardShare;
  ShardScroll: ShardScroll;
  ShardCount: ShardCount;
  ShardOutcomesWanted: ShardOutcomesWanted;
  ShardOutcomes: ShardOutcomes;
  ShardDigest: ShardDigest;
  ShardReports: ShardReports;
  ShardCancel: ShardCancel;
  ShardCall: ShardCall;
  PartitionWatermark: PartitionWatermark;
  ShardFound: ShardFound;
  ShardSearchResult: ShardSearchResult;
  ShardSearchAnswer: ShardSearchAnswer;
  ShardRow: ShardRow;
  ShardRowsAnswer: ShardRowsAnswer;
  ShardCountAnswer: ShardCountAnswer;
  ShardOutcome: ShardOutcome;
  ShardPartitionOutcomes: ShardPartitionOutcomes;
  ShardOutcomesAnswer: ShardOutcomesAnswer;
  ShardMark: ShardMark;
  ShardSegmentState: ShardSegmentState;
  ShardMalformed: ShardMalformed;
  ShardPartitionState: ShardPartitionState;
  DigestRange: DigestRange;
  DigestRecord: DigestRecord;
  ShardDigestAnswer: ShardDigestAnswer;
  ProcessFault: ProcessFault;
  ShardReportsAnswer: ShardReportsAnswer;
  ShardPart: ShardPart;
  ShardDraining: ShardDraining;
  ShardAnswer: ShardAnswer;
  ShardCalls: ShardCalls;
  ShardAnswers: ShardAnswers;
}
export const clusterMessages: { readonly [Name in keyof ClusterMessages]: Message<ClusterMessages[Name]> } = {
  Holding,
  Member,
  PartitionFloor,
  ShardSearchSpec,
  ShardSearch,
  ShardGet,
  ShardShare,
  ShardScroll,
  ShardCount,
  ShardOutcomesWanted,
  ShardOutcomes,
  ShardDigest,
  ShardReports,
  ShardCancel,
  ShardCall,
  PartitionWatermark,
  ShardFound,
  ShardSearchResult,
  ShardSearchAnswer,
  ShardRow,
  ShardRowsAnswer,
  ShardCountAnswer,
  ShardOutcome,
  ShardPartitionOutcomes,
  ShardOutcomesAnswer,
  ShardMark,
  ShardSegmentState,
  ShardMalformed,
  ShardPartitionState,
  DigestRange,
  DigestRecord,
  ShardDigestAnswer,
  ProcessFault,
  ShardReportsAnswer,
  ShardPart,
  ShardDraining,
  ShardAnswer,
  ShardCalls,
  ShardAnswers,
};

/** Every enum of the cluster by its name. */
export const clusterEnums = { MemberKind, HoldingState } as const;
