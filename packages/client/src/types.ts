import type { Txt2ImgSettings } from '@genfleet/job';
import type { z } from 'zod';
import type {
  acceptedSchema,
  eventSchemas,
  imageSchema,
  modelListSchema,
  problemSchema,
  queueSchema,
  redrivenAllSchema,
  redrivenSchema,
} from './contract.ts';

export type Accepted = z.output<typeof acceptedSchema>;
export type Image = z.output<typeof imageSchema>;
export type ImageStatus = Image['status'];
export type Problem = z.output<typeof problemSchema>;
export type Queue = z.output<typeof queueSchema>;
export type Redriven = z.output<typeof redrivenSchema>;
export type RedrivenAll = z.output<typeof redrivenAllSchema>;
export type Model = z.output<typeof modelListSchema>['models'][number];

/** Body of `POST /images/`: only the prompt has no default. */
export interface NewImage {
  readonly generation_settings: Pick<Txt2ImgSettings, 'prompt'> & Partial<Txt2ImgSettings>;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly deadline_seconds?: number;
  readonly webhook_url?: string;
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
