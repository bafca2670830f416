/** What the plots have in common. */

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

export function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
