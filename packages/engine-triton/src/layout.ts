import type { FinishReason } from '@genfleet/job';
import type { InferRequest, InferResponse } from './messages.ts';
import type { ModelShape } from './model-shape.ts';
import type { Plan } from './plan.ts';

/** What one answer of the model adds. */
export interface Piece {
  readonly text: string;
  /** Tokens that this is; undefined where the model does not say. */
  readonly tokens?: number | undefined;
  /** Why the text is over, where the model says so. */
  readonly finish?: FinishReason | undefined;
}

/** One text's answers, read in their order. */
export interface AnswerReader {
  read(response: InferResponse): Iterable<Piece>;
  /** What was held back until the last answer was in. */
  end(): Iterable<Piece>;
}

export type RequestContents = Pick<InferRequest, 'inputs' | 'outputs' | 'raw_input_contents'>;

/** How a request and its answers are laid out in tensors. */
export interface Layout {
  /** @throws GenfleetError when the model in Triton has not the tensors that the layout needs. */
  request(plan: Plan, shape: ModelShape): RequestContents;
  reader(plan: Plan, shape: ModelShape): AnswerReader;
}
