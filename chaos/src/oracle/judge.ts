import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Promised, Promises, Status } from '../load/promises.ts';
import type { End, LedgerReader, Written } from './ledger.ts';

/** A job runs at most so often; see docs/job-states.md. */
const MAX_ATTEMPTS = 4;
const JPEG_END = Buffer.from([0xff, 0xd9]);
/** Whatever was done is over: whoever is asked must answer. */
const ANSWER_MS = 20_000;
const LOOKS_AT_ONCE = 6;
/** What a replica says of a job whose end it has not read yet: one that was cut off is behind for a moment. */
const UNFINISHED = new Set(['queued', 'retrying', 'running', 'in_progress']);
const BEHIND_MS = 10_000;
const AGAIN_MS = 250;

export interface Verdict {
  readonly accepted: number;
  readonly completed: number;
  readonly dead: number;
  readonly cancelled: number;
  /** Promised, and without an end. */
  readonly lost: number;
  /** Jobs whose end differs between two looks, two replicas, or what was seen and what is written. */
  readonly secondEnds: number;
  /** What is wrong, in words; empty when nothing is. */
  readonly violations: readonly string[];
}

export interface Evidence {
  readonly promises: Promises;
  /** Those of the promises that this verdict is about. */
  readonly jobs: readonly Promised[];
  readonly urls: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly ledger: LedgerReader;
  /** Whether a dead letter is what should become of it. */
  readonly mayDie: (job: Promised) => boolean;
}

interface Shown {
  readonly status: string;
  readonly image_urls?: readonly string[];
}

/**
 * The harness's own opinion, which shares no code with `genfleet verify`: every 202 was polled to one end; every replica
 * shows that end again; the topics hold it; what can be downloaded is what was recorded, and of this job.
 */
export async function judge(evidence: Evidence): Promise<Verdict> {
  const { promises, jobs } = evidence;
  const violations = promises.refused.map((said) => `a client was refused: ${said}`);
  const ledger = await evidence.ledger.read(evidence.env);
  const tally: Record<Status, number> = { completed: 0, dead: 0, cancelled: 0 };
  let lost = 0;
  let secondEnds = 0;
  const shown = await lookAtAll(evidence, ledger);
  for (const job of jobs) {
    const { end, id, kind } = job;
    if (!end) {
      lost += 1;
      violations.push(`lost: ${kind} ${id} has no end`);
      continue;
    }
    tally[end.status] += 1;
    if (end.status === 'dead' && !evidence.mayDie(job)) {
      violations.push(`dead: ${kind} ${id}, ${ledger.get(id)?.ends.map(({ code }) => code)}`);
    }
    const contradictions = [...faultsIn(job, end.status, ledger.get(id)), ...(shown.get(id) ?? [])];
    if (contradictions.some((fault) => fault.startsWith('second end'))) secondEnds += 1;
    violations.push(...contradictions);
  }
  return { accepted: jobs.length, ...tally, lost, secondEnds, violations };
}

/** What is shown now against the ends that were seen, by the job; several are looked at side by side. */
async function lookAtAll(
  evidence: Evidence,
  ledger: ReadonlyMap<string, Written>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  const left = evidence.jobs.values();
  const look = async () => {
    for (const job of left) {
      if (!job.end) continue;
      found.set(job.id, await faultsShown(evidence, job, job.end.status, ledger.get(job.id)?.ends ?? []));
    }
  };
  await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, look));
  return found;
}

/** What the topics say against the end that a client saw. */
function faultsIn({ id, kind }: Promised, seen: Status, written: Written | undefined): string[] {
  if (!written) return [`not in the ledger: ${kind} ${id}`];
  const { ends } = written;
  const faults: string[] = [];
  if (!ends.some(({ type }) => type === seen)) faults.push(`not in the ledger: ${kind} ${id} ${seen}`);
  const pictures = new Set(
    ends.filter(({ type }) => type === 'completed').map(({ files }) => JSON.stringify(files)),
  );
  if (pictures.size > 1) faults.push(`second end: ${kind} ${id} was completed with other files`);
  const ran = Math.max(0, ...ends.map(({ attempt }) => attempt ?? 0));
  if (ran > MAX_ATTEMPTS) faults.push(`attempts: ${kind} ${id} ended in attempt ${ran}`);
  if (written.requests === 0) faults.push(`not in the ledger: the request of ${kind} ${id}`);
  return faults;
}

/** What the replicas say now against the end that a client saw; artifacts are fetched from one of them. */
async function faultsShown(
  { urls, headers }: Evidence,
  { id, kind, prompt }: Promised,
  seen: Status,
  ends: readonly End[],
): Promise<string[]> {
  const path = kind === 'txt2img' ? `/images/${id}/` : `/v1/completions/${id}`;
  const faults: string[] = [];
  const look = (address: string, init: RequestInit) =>
    fetch(address, { ...init, signal: AbortSignal.timeout(ANSWER_MS) });
  const shown = await Promise.all(
    urls.map(async (url) => {
      const lateMs = performance.now() + BEHIND_MS;
      for (;;) {
        const answer = await look(url + path, { headers }).catch((error: Error) => error);
        if (answer instanceof Error) return { status: `nothing: ${answer.message}` };
        const state = (await answer.json()) as Shown;
        if (!UNFINISHED.has(state.status) || performance.now() > lateMs) return state;
        await sleep(AGAIN_MS);
      }
    }),
  );
  for (const [index, { status }] of shown.entries()) {
    if (status !== seen) faults.push(`second end: ${kind} ${id} was ${seen}, ${urls[index]} says ${status}`);
  }
  const recorded = ends.find(({ type }) => type === 'completed')?.files ?? [];
  for (const [index, address] of (shown[0]?.image_urls ?? []).entries()) {
    const isOwn = urls.some((url) => address.startsWith(url));
    const file = await look(address, isOwn ? { headers } : {});
    const bytes = Buffer.from(await file.arrayBuffer());
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    if (sha256 !== recorded[index]?.sha256) {
      faults.push(`artifact: ${id} has ${bytes.length} bytes of another hash than was recorded`);
    } else if (!bytes.subarray(-JPEG_END.length).equals(JPEG_END)) {
      faults.push(`artifact: ${id} has a picture that was cut off after ${bytes.length} bytes`);
    } else if (!bytes.includes(prompt)) {
      faults.push(`artifact: ${id} holds the picture of another job`);
    }
  }
  return faults;
}
