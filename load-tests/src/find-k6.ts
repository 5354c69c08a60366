import { runScript } from '../../tools/provision/script.ts';

/** The binary of k6, built now if it is not there. @throws MissingError when this machine can't build it. */
export async function findK6(): Promise<string> {
  return (await runScript('k6', ['path'])).split('\n').at(-1) ?? '';
}
