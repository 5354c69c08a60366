import { check } from 'k6';
import http, { type Params, type RefinedResponse, type ResponseType } from 'k6/http';
import { BASE_URL, KEEPS_RECEIPTS, TENANT_HEADER, TENANTS, type Tenant, TOKENS } from './asked.ts';

/** What calls are counted under: k6 would keep figures for each URL apart. */
export type Route =
  | 'post image'
  | 'poll image'
  | 'follow image'
  | 'list images'
  | 'complete'
  | 'stream'
  | 'feedback'
  | 'metrics';

export interface CallOptions {
  readonly route: Route;
  /** Statuses that are no failure; 0 is for a client that hangs up. */
  readonly expect: readonly number[];
  readonly headers?: Readonly<Record<string, string>>;
  /** When the client hangs up, in ms. */
  readonly timeoutMs?: number;
  /** Whose token it sends, or whose name. */
  readonly tenant?: Tenant | undefined;
}

const TIMEOUT_MS = 180_000;
const SHOWN_CHARS = 200;
/** What k6 says of a request whose iteration it interrupted. */
const CANCELED = 'context canceled';

type Answer = RefinedResponse<ResponseType>;

function paramsOf({ route, expect, headers, timeoutMs = TIMEOUT_MS, tenant }: CallOptions): Params {
  const place = tenant === undefined ? 0 : TENANTS.indexOf(tenant);
  const token = TOKENS[place % Math.max(1, TOKENS.length)];
  return {
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(TENANT_HEADER === undefined || tenant === undefined ? {} : { [TENANT_HEADER]: tenant }),
      ...headers,
    },
    tags: { name: route },
    timeout: timeoutMs,
    responseCallback: http.expectedStatuses(...expect),
  };
}

/** Counts the answer as right or wrong, says what was wrong with it, and keeps its receipt. */
function looked(answer: Answer, { route, expect }: CallOptions): Answer {
  // k6 ended the run, and the request with it
  if (answer.error === CANCELED) return answer;
  const isExpected = check(answer, { [route]: ({ status }) => expect.includes(status) });
  if (!isExpected) {
    const said = answer.error || String(answer.body ?? '').slice(0, SHOWN_CHARS);
    console.warn(`${route}: ${answer.status} ${said}`);
  }
  const receipt = answer.headers['Genfleet-Receipt'];
  if (KEEPS_RECEIPTS && receipt !== undefined) console.info(receipt);
  return answer;
}

export function get(path: string, options: CallOptions): Answer {
  return looked(http.get(BASE_URL + path, paramsOf(options)), options);
}

/** Posts what has the shape of `Body`, a type of the client. */
export function post<Body>(path: string, body: Body, options: CallOptions): Answer {
  return looked(http.post(BASE_URL + path, JSON.stringify(body), paramsOf(options)), options);
}

/** As `post`, while this client goes on with something else. */
export async function postMeanwhile<Body>(path: string, body: Body, options: CallOptions): Promise<Answer> {
  const answer = http.asyncRequest('POST', BASE_URL + path, JSON.stringify(body), paramsOf(options));
  return looked(await answer, options);
}

/** The answer's JSON, as the client's types have it; undefined where it was refused or cut off. */
export function bodyOf<Body>(answer: Answer): Body | undefined {
  if (answer.status < 200 || answer.status > 299 || !answer.body) return undefined;
  return answer.json() as unknown as Body;
}
