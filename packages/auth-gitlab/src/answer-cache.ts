import { ANSWERS, type GitlabAnswer } from './ask-gitlab.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** Keeps answers of GitLab under keys that are no tokens. Never throws; may forget. */
export interface AnswerCache {
  get(key: string): Promise<GitlabAnswer | undefined>;
  put(key: string, answer: GitlabAnswer): Promise<void>;
  close(): Promise<void>;
}

/** A token may be refused because it is about to exist: that is not kept for as long as an answer about a user. */
export function keptMs(answer: GitlabAnswer): number {
  return answer === 'refused' ? MINUTE_MS : HOUR_MS;
}

export function toAnswer(text: string | null): GitlabAnswer | undefined {
  return ANSWERS.find((answer) => answer === text);
}
