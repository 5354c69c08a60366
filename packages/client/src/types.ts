import type { Priority, Receipt, Txt2ImgSettings } from '@genfleet/job';
import type { z } from 'zod';
import type {
  acceptedSchema,
  completionChunkSchema,
  completionResourceSchema,
  eventSchemas,
  imageSchema,
  modelListSchema,
  openAiErrorSchema,
  problemSchema,
  queueSchema,
  redrivenAllSchema,
  redrivenSchema,
} from './contract.ts';
import type {
  jobHistorySchema,
  jobListSchema,
  ledgerAnswerSchema,
  namedQueryListSchema,
} from './ledger-contract.ts';

export type { Receipt };
export type Accepted = z.output<typeof acceptedSchema>;
export type Image = z.output<typeof imageSchema>;
export type ImageStatus = Image['status'];
export type CompletionChunk = z.output<typeof completionChunkSchema>;
export type CompletionResource = z.output<typeof completionResourceSchema>;
export type OpenAiError = z.output<typeof openAiErrorSchema>;
export type Problem = z.output<typeof problemSchema>;
export type Queue = z.output<typeof queueSchema>;
export type Redriven = z.output<typeof redrivenSchema>;
export type RedrivenAll = z.output<typeof redrivenAllSchema>;
export type JobList = z.output<typeof jobListSchema>;
export type JobRow = JobList['jobs'][number];
export type JobKind = JobRow['kind'];
export type JobHistory = z.output<typeof jobHistorySchema>;
export type JobHistoryEvent = JobHistory['events'][number];
export type NamedQuery = z.output<typeof namedQueryListSchema>['queries'][number];
export type LedgerAnswer = z.output<typeof ledgerAnswerSchema>;
export type Model = z.output<typeof modelListSchema>['models'][number];

/** Body of `POST /images/`: only the prompt has no default. */
export interface NewImage {
  readonly generation_settings: Pick<Txt2ImgSettings, 'prompt'> & Partial<Txt2ImgSettings>;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Default `normal`. */
  readonly priority?: Priority;
  readonly deadline_seconds?: number;
  readonly webhook_url?: string;
}

/** Body of `POST /v1/completions`; `stream` is the client's to set. */
export interface NewCompletion {
  readonly model: string;
  readonly prompt: string | readonly string[] | readonly number[] | readonly (readonly number[])[];
  /** What comes after the gap, for models that fill in the middle. */
  readonly suffix?: string;
  /** Default 16. */
  readonly max_tokens?: number;
  readonly temperature?: number;
  readonly top_p?: number;
  readonly n?: number;
  /** At most 4. */
  readonly stop?: string | readonly string[];
  readonly logprobs?: number;
  readonly echo?: boolean;
  readonly seed?: number;
  readonly presence_penalty?: number;
  readonly frequency_penalty?: number;
  readonly user?: string;
  readonly stream_options?: { readonly include_usage?: boolean };
  readonly store?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Default `normal`. */
  readonly priority?: Priority;
  /** A text that is not ready by then is not wanted any more. */
  readonly deadline_seconds?: number;
}

type EventName = keyof typeof eventSchemas;

/** One event of a job's life. `eventId` is what a later call resumes after; progress has none. */
export type ImageEvent = {
  [Name in EventName]: {
    readonly type: Name;
    readonly eventId: string | undefined;
    readonly data: z.output<(typeof eventSchemas)[Name]>;
  };
}[EventName];
