/** What a search of one segment was planned by, and where its time went: filled while it is searched, where somebody wants to know. */
export class Explanation {
  /** What the strategies that came into question were expected to take. */
  readonly considered: { readonly strategy: 'graph' | 'lists' | 'codes' | 'exact'; readonly micros: number }[] = [];
  /** What the steps took, µs. */
  readonly took = { filter: 0, search: 0, rescoring: 0 };
  #before = performance.now();

  consider(strategy: Explanation['considered'][number]['strategy'], micros: number): void {
    this.considered.push({ strategy, micros });
  }

  /** A step ended: it took the time since the one before. */
  after(step: keyof Explanation['took']): void {
    const now = performance.now();
    this.took[step] += (now - this.#before) * 1_000;
    this.#before = now;
  }
}
