import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { spec } from '../test/specs.ts';
import type { AnswerReader, Layout } from './layout.ts';
import type { InferResponse } from './messages.ts';
import { type ModelShape, shapeOf } from './model-shape.ts';
import { type TextOptions, type TokensOptions, tritonModels } from './options.ts';
import type { Plan } from './plan.ts';
import { decodeNumbers, encodeNumbers, encodeTexts } from './tensors.ts';
import { textLayout } from './text-layout.ts';
import { stopWordsList, tokensLayout } from './tokens-layout.ts';

const SEED = 77;
const PLAN: Plan = {
  ...{
    prompt: 'é ab',
    promptIds: [7, 8, 9],
    echo: '',
    maxTokens: 5,
    greedy: false,
    temperature: 0.5,
    topP: 0.75,
  },
  ...{ seed: undefined, presencePenalty: 0, frequencyPenalty: 0, stops: [] },
};
/** A letter for each id from 10 on; what is below is special. */
const LETTERS = {
  encode: (text: string) => [...text].map((letter) => letter.charCodeAt(0) - 87),
  decode: (ids: readonly number[]) => ids.map((id) => (id < 10 ? '' : String.fromCharCode(id + 87))).join(''),
};

const options = <T>(given: object) => tritonModels([spec('m', given)])[0]?.options as T;

function shape(inputs: Readonly<Record<string, string>>, maxBatchSize: number, dims = [1]): ModelShape {
  const tensors = (list: Readonly<Record<string, string>>) =>
    Object.entries(list).map(([name, data_type]) => ({ name, data_type, dims, optional: true }));
  return shapeOf({
    ...{
      max_batch_size: maxBatchSize,
      input: tensors(inputs),
      model_transaction_policy: null,
      parameters: {},
    },
    output: tensors({ text_output: 'TYPE_STRING', output_ids: 'TYPE_INT64', logits: 'TYPE_FP32' }),
  });
}

/** The request's tensors by name: shape and numbers. */
function sent(layout: Layout, plan: Plan, model: ModelShape) {
  const { inputs, raw_input_contents, outputs } = layout.request(plan, model);
  const tensors = inputs.map(({ name, datatype, shape: dims }, index) => {
    const bytes = raw_input_contents[index] ?? Buffer.alloc(0);
    const content = datatype === 'BYTES' ? bytes.toString('latin1') : decodeNumbers(name, datatype, bytes);
    return [name, [dims, content]];
  });
  return { tensors: Object.fromEntries(tensors), outputs };
}

function read(reader: AnswerReader, responses: readonly InferResponse[]): string {
  const pieces = [...responses.flatMap((response) => [...reader.read(response)]), ...reader.end()];
  return pieces.map(({ text }) => text).join('');
}

const saying = (bytes: Buffer): InferResponse => {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return {
    outputs: [{ name: 'text_output', datatype: 'BYTES', shape: [1] }],
    raw_output_contents: [Buffer.concat([length, bytes])],
    parameters: {},
  };
};

describe('the text layout', () => {
  const layout = (given: object = {}, isStream = true) =>
    textLayout(options<TextOptions>({ layout: 'text', ...given }), isStream, () => SEED);
  const tensors = {
    ...{ text_input: 'TYPE_STRING', max_tokens: 'TYPE_INT32', temperature: 'TYPE_FP32', top_k: 'TYPE_INT32' },
    ...{ top_p: 'TYPE_FP32', random_seed: 'TYPE_UINT64', stream: 'TYPE_BOOL', stop_words: 'TYPE_STRING' },
  };

  it('asks for text alone, in a batch where the model has batches', () => {
    const { tensors: given, outputs } = sent(layout(), { ...PLAN, stops: ['x'] }, shape(tensors, 8));
    expect(given).toEqual({
      text_input: [[1, 1], encodeTexts(['é ab']).toString('latin1')],
      max_tokens: [[1, 1], [5]],
      temperature: [[1, 1], [0.5]],
      top_k: [[1, 1], [0]],
      top_p: [[1, 1], [0.75]],
      random_seed: [[1, 1], [SEED]],
      stream: [[1, 1], [1]],
    });
    expect(outputs).toEqual([{ name: 'text_output' }]);
  });

  it('tells a model that answers once where to stop', () => {
    const { tensors: given } = sent(layout({}, false), { ...PLAN, stops: ['x', 'yz'] }, shape(tensors, 0));
    expect(given.stop_words).toEqual([[2], encodeTexts(['x', 'yz']).toString('latin1')]);
    const json = shape({ text_input: 'TYPE_STRING', sampling_parameters: 'TYPE_STRING' }, 0);
    const all = sent(layout({}, false), { ...PLAN, seed: 3, stops: ['x'] }, json).tensors;
    expect(JSON.parse(all.sampling_parameters[1].slice(4))).toEqual({
      ...{ max_tokens: 5, temperature: 0.5, top_p: 0.75, seed: 3 },
      ...{ stop: ['x'], include_stop_str_in_output: true },
    });
  });

  it('names what the model lacks, and what it has that nobody gives', () => {
    expect(() => layout().request(PLAN, shape({ PROMPT: 'TYPE_STRING' }, 0))).toThrow(/no input text_input/);
    const { top_p: _, ...without } = tensors;
    expect(() => layout().request(PLAN, shape(without, 0))).toThrow(
      expect.objectContaining({ code: 'invalid_settings', message: expect.stringContaining('top_p') }),
    );
    const model = shape(tensors, 0);
    const needed = { name: 'image', datatype: 'BYTES', dims: [1], optional: false };
    const inputs = new Map([...model.inputs, ['image', needed]]);
    expect(() => layout().request(PLAN, { ...model, inputs })).toThrow(/image/);
  });

  it.each(['delta', 'cumulative'] as const)('reads %s answers, wherever they are cut', (answers) => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(40)), fc.boolean(), (whole, cuts, output_includes_prompt) => {
        const bytes = Buffer.from((output_includes_prompt ? PLAN.prompt : '') + whole);
        const ends = [...cuts.filter((cut) => cut < bytes.length), bytes.length].sort((a, b) => a - b);
        const responses = ends.map((end, index) =>
          saying(bytes.subarray(answers === 'delta' ? (ends[index - 1] ?? 0) : 0, end)),
        );
        const reader = layout({ answers, output_includes_prompt }).reader(PLAN, shape(tensors, 0));
        expect(read(reader, responses)).toBe(whole);
      }),
    );
  });

  it('takes counts and reasons where the model gives them', () => {
    const reader = layout({ answers: 'cumulative' }).reader(PLAN, shape(tensors, 0));
    const response = (text: string, count: number, reason: string): InferResponse => ({
      outputs: [
        { name: 'text_output', datatype: 'BYTES', shape: [1] },
        { name: 'num_output_tokens', datatype: 'UINT32', shape: [1] },
        { name: 'finish_reason', datatype: 'BYTES', shape: [1] },
      ],
      raw_output_contents: [
        encodeTexts([text]),
        encodeNumbers({ name: 'n', datatype: 'UINT32', dims: [1], optional: true }, [count]),
        encodeTexts([reason]),
      ],
      parameters: {},
    });
    expect([...reader.read(response('a', 2, 'None'))]).toEqual([{ text: 'a', tokens: 2, finish: undefined }]);
    expect([...reader.read(response('ab', 5, 'length'))]).toEqual([
      { text: 'b', tokens: 3, finish: 'length' },
    ]);
    expect([...reader.read({ outputs: [], raw_output_contents: [], parameters: {} })]).toEqual([]);
  });
});

describe('the tokens layout', () => {
  const layout = (given: object = {}, isStream = false) =>
    tokensLayout(
      options<TokensOptions>({ layout: 'tokens', end_id: 2, ...given }),
      isStream,
      LETTERS,
      () => SEED,
    );
  const tensors = {
    ...{ input_ids: 'TYPE_UINT32', input_lengths: 'TYPE_UINT32', request_output_len: 'TYPE_UINT32' },
    ...{ temperature: 'TYPE_FP32', runtime_top_k: 'TYPE_UINT32', runtime_top_p: 'TYPE_FP32' },
    ...{
      random_seed: 'TYPE_INT32',
      end_id: 'TYPE_UINT32',
      start_id: 'TYPE_UINT32',
      beam_width: 'TYPE_UINT32',
    },
  };
  const answer = (row: readonly number[], length?: number): InferResponse => {
    const tensor = { name: 't', datatype: 'INT64', dims: [-1], optional: false };
    return {
      outputs: [
        { name: 'output_ids', datatype: 'INT64', shape: [1, 1, row.length] },
        ...(length === undefined ? [] : [{ name: 'sequence_length', datatype: 'INT64', shape: [1, 1] }]),
      ],
      raw_output_contents: [encodeNumbers(tensor, row), encodeNumbers(tensor, [length ?? 0])],
      parameters: {},
    };
  };

  it('sends what FasterTransformer asks for, the likeliest token as the one best', () => {
    const { tensors: given, outputs } = sent(
      layout(),
      { ...PLAN, greedy: true, topP: 1 },
      shape(tensors, 1_024),
    );
    expect(given).toEqual({
      ...{
        input_ids: [
          [1, 3],
          [7, 8, 9],
        ],
        input_lengths: [[1, 1], [3]],
        request_output_len: [[1, 1], [5]],
      },
      ...{ temperature: [[1, 1], [1]], runtime_top_k: [[1, 1], [1]], runtime_top_p: [[1, 1], [1]] },
      ...{ random_seed: [[1, 1], [SEED]], end_id: [[1, 1], [2]], start_id: [[1, 1], [2]] },
      beam_width: [[1, 1], [1]],
    });
    expect(outputs).toEqual([{ name: 'output_ids' }]);
  });

  it('begins a text from nothing with what stands between two', () => {
    const plan = { ...PLAN, prompt: '', promptIds: [] };
    const { tensors: given } = sent(layout(), plan, shape(tensors, 1));
    expect(given).toMatchObject({ input_ids: [[1, 1], [2]], input_lengths: [[1, 1], [1]] });
    const reader = layout().reader(plan, shape(tensors, 1));
    expect(read(reader, [answer([2, 10, 11], 3)])).toBe('ab');
  });

  it('lists stop words as FasterTransformer has them', () => {
    expect(stopWordsList([[5, 6], [], [7], [8, 9]])).toEqual([5, 6, 7, 8, 9, 2, 3, 5, -1, -1]);
    expect(stopWordsList([])).toEqual([]);
    const model = shape({ ...tensors, stop_words_list: 'TYPE_INT32' }, 1, [2, -1]);
    const plan = { ...PLAN, stops: ['abc', 'd'] };
    expect(sent(layout(), plan, model).tensors.stop_words_list).toEqual([
      [1, 2, 4],
      [10, 11, 12, 13, 3, 4, -1, -1],
    ]);
  });

  it('reads one answer up to its length, without the prompt and what fills it up', () => {
    const reader = () => layout().reader(PLAN, shape(tensors, 1));
    expect(read(reader(), [answer([7, 8, 9, 10, 11, 12, 0, 0], 6)])).toBe('abc');
    expect([...reader().read(answer([7, 8, 9, 10, 2, 11], 6))]).toEqual([
      { text: 'a', tokens: 1 },
      { text: '', finish: 'stop' },
    ]);
    expect(read(reader(), [answer([7, 8, 9, 10])])).toBe('a');
    const bare = layout({ output_includes_prompt: false }).reader(PLAN, shape(tensors, 1));
    expect(read(bare, [answer([10, 11], 2)])).toBe('ab');
    expect(() => read(reader(), [answer([7], 5)])).toThrow(/1 ids of 5/);
  });

  it('reads a stream of whole rows, and one of what is new', () => {
    const rows = [
      answer([7, 8, 9, 10, 0, 0], 4),
      answer([7, 8, 9, 10, 11, 0], 5),
      answer([7, 8, 9, 10, 11, 12], 6),
    ];
    expect(read(layout({}, true).reader(PLAN, shape(tensors, 1)), rows)).toBe('abc');
    const news = [answer([10], 99), answer([11, 12], 99)];
    expect(read(layout({ answers: 'delta' }, true).reader(PLAN, shape(tensors, 1)), news)).toBe('abc');
  });
});
