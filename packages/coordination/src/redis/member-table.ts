import type { Member } from '../port.ts';

/** What the store said of a member, or of one that said goodbye. */
export interface Heard {
  readonly id: string;
  /** New with each beat of the member. */
  readonly stamp: string;
  /** New with each change of the message; "" says goodbye. */
  readonly version: string;
  /** Undefined if the message of this version is known, or could not be read. */
  readonly member: Member | undefined;
}

/** An answer of the store to a beat of ours. Instants are the own process' monotonic clock. */
export interface Answer {
  readonly sentMs: number;
  readonly receivedMs: number;
  /** Since when the store was beaten by anybody without a pause: its own time, to be compared only. Another value says that it is new, or was away. */
  readonly since: string;
  /** How long ago that was, by the store's own time. */
  readonly steadyMs: number;
  readonly heard: readonly Heard[];
}

type Life =
  /** Beats, or did so a moment ago. Until: silent for the time to live, or goodbye. */
  | 'living'
  /** From the list of an earlier life of this process; the store said nothing of it yet. Until: heard of, or it should have been. */
  | 'remembered'
  /** Silent for the time to live. Kept, because only another stamp shows that it beats again. Until: the store forgets it. */
  | 'dead';

interface Row {
  member: Member;
  stamp: string;
  version: string;
  /** The latest instant at which it may have beaten, as far as its silence is counted. */
  heardMs: number;
  life: Life;
}

/**
 * Who lives, judged from this process alone. A member lives as long as its stamp changes. It dies once the stamp did not change for the time to
 * live, counted only while the store answered each of our beats: in an outage nobody can beat, so nobody's silence means anything, and after it
 * everybody gets one time to live to come back before the counting begins again.
 *
 * An answer shows the store as it was after its question was sent: silence ends at the sending, and begins at the receipt of the answer that
 * showed the last change. So a process that was stopped between the two judges nobody by an old answer.
 */
export class MemberTable {
  readonly #rows = new Map<string, Row>();
  readonly #selfId: string;
  readonly #ttlMs: number;
  #outage = true;
  #since: string | undefined;

  constructor(selfId: string, ttlMs: number) {
    this.#selfId = selfId;
    this.#ttlMs = ttlMs;
  }

  /** Those that live, without this process itself; in no order. */
  living(): Member[] {
    return [...this.#rows.values()].filter(({ life }) => life !== 'dead').map(({ member }) => member);
  }

  /** Versions of messages that need not be sent again. */
  versions(): string[] {
    return [...this.#rows.values()].filter(({ life }) => life !== 'remembered').map(({ version }) => version);
  }

  /** Before the first answer: those that an earlier life of this process knew. */
  remember(members: readonly Member[]): void {
    for (const member of members) {
      if (member.id !== this.#selfId) this.#rows.set(member.id, { member, stamp: '', version: '', heardMs: 0, life: 'remembered' });
    }
  }

  /** A beat of ours failed, or the connection to the store broke. */
  lost(): void {
    this.#outage = true;
  }

  /** @returns whether `living` changed. */
  hear(answer: Answer): boolean {
    this.#forgive(answer);
    let changed = false;
    for (const heard of answer.heard) if (heard.id !== this.#selfId) changed = this.#hearOf(heard, answer.receivedMs) || changed;
    const named = new Set(answer.heard.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      // A store that everybody had time to come back to knows all who live.
      const isGone = row.life === 'remembered' && !named.has(id) && answer.steadyMs > 2 * this.#ttlMs;
      if (isGone) changed = true;
      if (isGone || (row.life === 'dead' && !named.has(id))) this.#rows.delete(id);
      else if (row.life !== 'dead' && answer.sentMs - row.heardMs > this.#ttlMs) {
        changed = true;
        row.life = 'dead';
      }
    }
    return changed;
  }

  #forgive({ receivedMs, since }: Answer): void {
    if (!this.#outage && this.#since === since) return;
    this.#outage = false;
    this.#since = since;
    for (const row of this.#rows.values()) row.heardMs = receivedMs + this.#ttlMs;
  }

  #hearOf({ id, stamp, version, member }: Heard, receivedMs: number): boolean {
    const row = this.#rows.get(id);
    if (version === '') {
      this.#rows.delete(id);
      return row !== undefined && row.life !== 'dead';
    }
    if (row === undefined) {
      if (member !== undefined) this.#rows.set(id, { member, stamp, version, heardMs: receivedMs, life: 'living' });
      return member !== undefined;
    }
    if (row.stamp === stamp) return false;
    const changed = member !== undefined || row.life === 'dead';
    row.stamp = stamp;
    row.heardMs = Math.max(row.heardMs, receivedMs);
    row.life = 'living';
    if (member !== undefined) {
      row.member = member;
      row.version = version;
    }
    return changed;
  }
}
