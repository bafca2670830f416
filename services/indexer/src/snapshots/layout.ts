/**
 * Where a shard's snapshots are in the blob store. A file of a segment has the token of the `publish` that uploaded it in its key, so a key is
 * never written twice: what was found to be garbage once stays garbage, whatever others publish meanwhile.
 *
 *   <log>/<partition>/head                                               the newest snapshot; compared and set
 *                     manifests/<sequence>-<watermark>-<generation>       those that were head before it
 *                     segments/<segment>/<token>-<file>
 *                     damaged/<segment>/<token>-<file>                    empty: a restore found that blob damaged or missing
 */
import { assert } from '@proximadb/errors';

const sequenceDigits = 12;

/** Keys of one shard. */
export class Layout {
  readonly base: string;

  constructor(log: number, partition: number) {
    this.base = `${log}/${partition}/`;
  }

  get head(): string {
    return `${this.base}head`;
  }

  get manifests(): string {
    return `${this.base}manifests/`;
  }

  get segments(): string {
    return `${this.base}segments/`;
  }

  get damaged(): string {
    return `${this.base}damaged/`;
  }

  manifest({ sequence, watermark, generation }: { readonly sequence: number; readonly watermark: number; readonly generation: number }): string {
    return `${this.manifests}${String(sequence).padStart(sequenceDigits, '0')}-${watermark}-${generation}`;
  }

  /** @returns undefined for a key that is none of a manifest. */
  parseManifest(key: string): { readonly sequence: number; readonly watermark: number } | undefined {
    const [, sequence, watermark] = /^(\d+)-(\d+)-\d+$/.exec(key.slice(this.manifests.length)) ?? [];
    if (!key.startsWith(this.manifests) || sequence === undefined) return undefined;
    return { sequence: Number(sequence), watermark: Number(watermark) };
  }

  /** @param place as {@link placeOf} gives it. */
  blob(place: string, token: string): string {
    return this.#at(this.segments, place, token);
  }

  marker(place: string, token: string): string {
    return this.#at(this.damaged, place, token);
  }

  #at(folder: string, place: string, token: string): string {
    const slash = place.indexOf('/');
    assert(slash > 0, 'a place has a segment and a file');
    return `${folder}${place.slice(0, slash)}/${token}-${place.slice(slash + 1)}`;
  }
}

/** Names a file of a segment within a manifest. */
export function placeOf(segment: string, file: string): string {
  return `${segment}/${file}`;
}
