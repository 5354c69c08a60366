import { describe, expect, it } from '@jest/globals';
import { FoldProgress, progressText } from './fold-progress.ts';

describe('the progress of a view', () => {
  it('is the share of the time that the messages span', () => {
    const progress = new FoldProgress(() => 1_100);
    expect(progress.now()).toEqual({ messages: 0, share: undefined, secondsLeft: undefined });
    progress.folded(100);
    expect(progress.now()).toEqual({ messages: 1, share: 0, secondsLeft: undefined });
    progress.folded(600);
    expect(progress.now()).toEqual({ messages: 2, share: 0.5, secondsLeft: expect.any(Number) });
    // of another topic
    progress.folded(400);
    expect(progress.now()).toMatchObject({ messages: 3, share: 0.5 });
    // published since the view was opened
    progress.folded(2_000);
    expect(progress.now()).toEqual({ messages: 4, share: 1, secondsLeft: 0 });
    progress.restart();
    expect(progress.now().messages).toBe(0);
    progress.finish();
    expect(progress.now()).toEqual({ messages: 0, share: 1, secondsLeft: 0 });
  });

  it('reads as a line of a log', () => {
    expect(progressText({ messages: 3, share: undefined, secondsLeft: undefined })).toBe('3 messages folded');
    expect(progressText({ messages: 9, share: 0.419, secondsLeft: 7 })).toBe(
      '9 messages folded, 41 %, about 7 s to go',
    );
  });
});
