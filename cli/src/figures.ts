/** Figures for people. */

/** 341,479 */
export function count(value: number | bigint): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

/** 512 B, 1.4 KiB, 12 MiB */
export function bytes(value: number | bigint): string {
  let rest = Number(value);
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (rest < 1024) return `${rest < 10 && unit !== 'B' ? rest.toFixed(1) : Math.round(rest)} ${unit}`;
    rest /= 1024;
  }
  return `${rest < 10 ? rest.toFixed(1) : Math.round(rest)} TiB`;
}

/** 0.4 s, 12 s, 3 min 05 s, 2 h 11 min */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`;
}

/** 2026-01-31 12:30:00.250 UTC; empty for 0. */
export function instant(micros: number | bigint): string {
  const ms = Number(micros) / 1000;
  if (ms === 0 || Math.abs(ms) > 8.64e15) return ms === 0 ? '' : String(micros);
  return `${new Date(ms).toISOString().replace('T', ' ').slice(0, -1)} UTC`;
}

/** One record, 2 records. */
export function counted(value: number | bigint, one: string, many = `${one}s`): string {
  return `${count(value)} ${Number(value) === 1 ? one : many}`;
}
