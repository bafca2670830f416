/** UTF-8 in the middle of larger bytes: strict validation, comparison and decoding without a view where the text is short. */
import { isUtf8 } from 'node:buffer';

/** Above this length native code is faster than a loop, although it needs a view. Measured: check.bench.ts. */
const nativeFrom = 64;

/** The first byte in `[start, end)` that is not ASCII, or `end`. */
function asciiEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] ?? 0) < 0x80) at++;
  return at;
}

/** Whether `[start, end)` is valid UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF. */
export function isText(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > nativeFrom) return isUtf8(bytes.subarray(start, end));
  const at = asciiEnd(bytes, start, end);
  return at === end || isUtf8(bytes.subarray(at, end));
}

/** The text of `[start, end)`; ill-formed bytes become U+FFFD. */
export function readText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= 24 && asciiEnd(bytes, start, end) === end) {
    let text = '';
    for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at] ?? 0);
    return text;
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}

/** Whether the UTF-8 bytes `[start, end)` spell `text`. */
export function textEquals(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start < text.length) return false;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80) return readText(bytes, start + index, end) === text.slice(index);
    if (bytes[start + index] !== unit) return false;
  }
  return end - start === text.length;
}

export function bytesEqual(bytes: Uint8Array, start: number, otherStart: number, length: number): boolean {
  for (let index = 0; index < length; index++) {
    if (bytes[start + index] !== bytes[otherStart + index]) return false;
  }
  return true;
}
