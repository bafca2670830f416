/** How far something long has come: a bar where a person looks on, a line every few seconds where a file takes it down. */
import cliProgress from 'cli-progress';
import { count, duration } from './figures.ts';
import type { Colors, Output } from './terminal.ts';

const lineEveryMs = 5_000;
const barCharacters = 24;

export interface ProgressState {
  /** 0 to 1; null: nobody knows how much there is. */
  readonly share: number | null;
  /** Rows done, those of a former run included. */
  readonly rows: number;
  /** What else there is to say. */
  readonly remark?: string;
}

export interface ProgressOptions {
  readonly output: Output;
  readonly colors: Colors;
  /** Of the rows: `words`. */
  readonly unit: string;
  readonly rowsTotal: number | null;
  /** Where it goes on. */
  readonly from: ProgressState;
  readonly nowMs?: () => number;
}

/** Disposing leaves the last state standing. */
export interface Progress extends Disposable {
  update(state: ProgressState): void;
}

export function startProgress(options: ProgressOptions): Progress {
  const { output, colors, from, nowMs = () => performance.now() } = options;
  const startedMs = nowMs();
  let state = from;
  const text = (): string => progressText(state, options, nowMs() - startedMs);
  if (output.isTTY !== true) {
    const timer = setInterval(() => { output.write(`  ${text()}\n`); }, lineEveryMs);
    return {
      update(next) { state = next; },
      [Symbol.dispose]() {
        clearInterval(timer);
        output.write(`  ${text()}\n`);
      },
    };
  }
  const bar = new cliProgress.SingleBar({
    stream: output as unknown as NodeJS.WritableStream, hideCursor: true, fps: 8, clearOnComplete: false, gracefulExit: false, linewrap: false,
    format: () => {
      const filled = state.share === null ? 0 : Math.round(state.share * barCharacters);
      return `  ${colors.cyan('█'.repeat(filled))}${colors.dim('░'.repeat(barCharacters - filled))} ${text()}`;
    },
  });
  bar.start(1, from.share ?? 0);
  return {
    update(next) {
      state = next;
      // Not quite the end: at the end the bar would stop by itself.
      bar.update(Math.min(next.share ?? 0, 0.9999));
    },
    [Symbol.dispose]() { bar.stop(); },
  };
}

/** `43 %  147,000 of 341,479 words  61,234/s  3.2 s left` */
export function progressText(state: ProgressState, { unit, rowsTotal, from }: ProgressOptions, elapsedMs: number): string {
  const { share, rows, remark } = state;
  const parts: string[] = [];
  if (share !== null) parts.push(`${Math.floor(share * 100)} %`.padStart(5));
  parts.push(`${count(rows)}${rowsTotal === null ? '' : ` of ${count(rowsTotal)}`} ${unit}`);
  if (elapsedMs > 200 && rows > from.rows) parts.push(`${count(((rows - from.rows) / elapsedMs) * 1000)}/s`);
  const gained = (share ?? 0) - (from.share ?? 0);
  if (share !== null && share < 1 && gained > 0.001) parts.push(`${duration(((1 - share) / gained) * elapsedMs)} left`);
  if (remark !== undefined && remark !== '') parts.push(remark);
  return parts.join('  ');
}
