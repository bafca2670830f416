/** What is done when this process has ended, however it ended. */
import { spawn } from 'node:child_process';

/**
 * A shell waits for the end of a pipe whose other end this process holds: the kernel closes it even after `kill -9`.
 * @param commands of the shell, which sees `values` as $1 and so on.
 * @returns calls it off. Without a shell on this system nothing is done; who disposes properly needs none of it.
 */
export function afterThisProcess(commands: string, ...values: readonly string[]): () => void {
  const script = `read -r word; [ "$word" = ok ] && exit; ${commands}`;
  // In a session of its own: a Ctrl-C in the terminal is not for it.
  const shell = spawn('sh', ['-c', script, 'watchdog', ...values], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  shell.on('error', () => { /* No shell. */ });
  shell.stdin.on('error', () => { /* It ended first. */ });
  // It does not keep this process alive.
  shell.unref();
  (shell.stdin as { unref?: () => void }).unref?.();
  return () => { shell.stdin.end('ok\n'); };
}
