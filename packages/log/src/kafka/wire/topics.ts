import { WireReader } from './reader.ts';
import type { WireRequest } from './request.ts';
import { WireWriter } from './writer.ts';

export interface Verdict {
  readonly error: number;
  readonly message: string | null;
}

export type Settings = Readonly<Record<string, string>>;

const topicResource = 2;

/** CreateTopics v4. */
export function createTopicRequest(
  topic: string, partitions: number, replicationFactor: number, settings: Settings, timeoutMs: number,
): WireRequest<Verdict> {
  return {
    name: 'CreateTopics', key: 19, version: 4,
    encode: () => {
      const writer = new WireWriter().int32(1).string(topic).int32(partitions).int16(replicationFactor).int32(0);
      writer.array(Object.entries(settings), ([name, value]) => writer.string(name).string(value));
      return writer.int32(timeoutMs).boolean(false).bytes;
    },
    decode: (payload) => {
      const reader = new WireReader(payload);
      reader.int32();
      return only(reader.array(() => {
        reader.string();
        return { error: reader.int16(), message: reader.nullableString() };
      }));
    },
  };
}

/** DeleteTopics v6, by id: never the successor of the same name. */
export function deleteTopicRequest(topicId: string, timeoutMs: number): WireRequest<Verdict> {
  return {
    name: 'DeleteTopics', key: 20, version: 6,
    encode: () => new WireWriter().noTags().unsignedVarint(2).compactString(null).uuid(topicId).noTags().int32(timeoutMs).noTags().bytes,
    decode: (payload) => {
      const reader = new WireReader(payload);
      reader.tags();
      reader.int32();
      return only(reader.compactArray(() => {
        reader.compactNullableString();
        reader.uuid();
        const verdict = { error: reader.int16(), message: reader.compactNullableString() };
        reader.tags();
        return verdict;
      }));
    },
  };
}

/** DescribeConfigs v1: the settings of a topic that are in force, whether they are its own or the broker's. */
export function describeSettingsRequest(topic: string, names: readonly string[]): WireRequest<Verdict & { readonly settings: Settings }> {
  return {
    name: 'DescribeConfigs', key: 32, version: 1,
    encode: () => {
      const writer = new WireWriter().int32(1).int8(topicResource).string(topic);
      writer.array(names, (name) => writer.string(name));
      return writer.boolean(false).bytes;
    },
    decode: (payload) => {
      const reader = new WireReader(payload);
      reader.int32();
      return only(reader.array(() => {
        const verdict = { error: reader.int16(), message: reader.nullableString() };
        reader.int8();
        reader.string();
        const settings = Object.fromEntries(reader.array(() => {
          const entry = [reader.string(), reader.string()] as const;
          reader.boolean();
          reader.int8();
          reader.boolean();
          reader.array(() => [reader.string(), reader.nullableString(), reader.int8()]);
          return entry;
        }));
        return { ...verdict, settings };
      }));
    },
  };
}

/** IncrementalAlterConfigs v0: sets one setting of a topic and leaves the others alone (AlterConfigs would reset them). */
export function alterSettingRequest(topic: string, name: string, value: string): WireRequest<Verdict> {
  const set = 0;
  return {
    name: 'IncrementalAlterConfigs', key: 44, version: 0,
    encode: () => new WireWriter().int32(1).int8(topicResource).string(topic).int32(1).string(name).int8(set).string(value).boolean(false).bytes,
    decode: (payload) => {
      const reader = new WireReader(payload);
      reader.int32();
      return only(reader.array(() => {
        const verdict = { error: reader.int16(), message: reader.nullableString() };
        reader.int8();
        reader.string();
        return verdict;
      }));
    },
  };
}

/** DeleteRecords v1. @param before -1: all of them. */
export function deleteRecordsRequest(topic: string, partition: number, before: number, timeoutMs: number): WireRequest<Verdict> {
  return {
    name: 'DeleteRecords', key: 21, version: 1,
    encode: () => new WireWriter().int32(1).string(topic).int32(1).int32(partition).int64(before).int32(timeoutMs).bytes,
    decode: (payload) => {
      const reader = new WireReader(payload);
      reader.int32();
      return only(reader.array(() => {
        reader.string();
        return only(reader.array(() => {
          reader.int32();
          reader.int64();
          return { error: reader.int16(), message: null };
        }));
      }));
    },
  };
}

function only<T>(answers: readonly T[]): T {
  const [answer] = answers;
  if (answer === undefined || answers.length > 1) throw new RangeError(`${answers.length} answers to one question`);
  return answer;
}
