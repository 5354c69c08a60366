/**
 * The places in the life of a job at which a process can be killed or held, by name. `undone` and `done`, `unsent`
 * and `sent` are before and after the call that the name begins with: what lies between the two is the bus's or the
 * store's own affair, whose tests kill it there.
 */
export const POINTS = {
  'request.unsent': 'API: the job was checked; its message has not been sent',
  'request.sent': 'API: the message is durable; its client has not been answered',
  'cancel.unsent': 'API: a cancellation was decided; its message has not been sent',
  'cancel.sent': 'API: the cancellation is durable; its client has not been answered',
  'redrive.unsent': 'API: a dead letter is to be brought back; its request has not been sent',
  'redrive.sent': 'API: the request that brings it back is durable; its client has not been answered',
  'webhook.received': 'API: the bus handed the end of a job out; its webhook has not been called',
  'webhook.called': 'API: the webhook was called; the end is not acknowledged',
  'view.uncommitted': 'API: events are folded into the view, in a transaction that is not committed',
  'view.committed': 'API: the transaction is committed; nobody has been told of the change',
  'delivery.received': 'worker: the bus handed a job out; nothing has been done with it',
  'claim.unsent': 'worker: the job is to be claimed; its claim has not been sent',
  'claim.sent': 'worker: the claim is durable; the worker has not read it back',
  'ahead.unsent': 'worker: it chose a job that the bus has not handed out; its claim has not been sent',
  'ahead.sent': 'worker: that claim is durable; the worker has not read it back',
  'renewal.unsent': 'worker: such a run goes on; its claim is to be moved on, and that has not been sent',
  'renewal.sent': 'worker: the claim was moved on; the run goes on',
  'engine.called': 'worker: the engine is about to be asked',
  'engine.step': 'worker: the engine has told of its first step',
  'engine.returned': 'worker: the engine has made the picture; nothing is stored',
  'artifact.unstored': 'worker: the picture is encoded; the store has not been asked',
  'artifact.half': 'worker: the file is written and has not got its name (file store only)',
  'artifact.stored': 'worker: the picture is durable; nobody has been told',
  'completed.unsent': 'worker: the completion is about to be sent',
  'completed.sent': 'worker: the completion is durable; the job is not acknowledged',
  'retry.unsent': 'worker: an attempt failed; the request for the next has not been sent',
  'retry.sent': 'worker: the request for the next attempt is durable; this one is not acknowledged',
  'dead.unsent': 'worker: a job is given up; its dead letter has not been sent',
  'dead.sent': 'worker: the dead letter is durable; the job is not acknowledged',
  'release.unsent': 'worker: told to stop, it gives its claim back; that has not been sent',
  'release.sent': 'worker: the claim is given back; the job is not handed back to the bus',
  'ack.undone': 'worker: the outcome is durable; the job is about to be acknowledged',
  'ack.done': 'worker: the job is acknowledged',
  'archive.unclaimed': 'recorder: a segment is closed; its place in the archive is not claimed',
  'archive.claimed': 'recorder: the place is claimed; its file is not there',
  'archive.half': 'recorder: a claim is written and has not got its name (file store only)',
  'archive.stored': 'recorder: the file is there; nothing of the next is',
} as const;

export type Point = keyof typeof POINTS;

export const POINT_NAMES = Object.keys(POINTS) as Point[];
