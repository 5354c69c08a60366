import { describe, expect, it } from '@jest/globals';
import { chatPrompt } from './chat-prompt.ts';
import { fimPrompt } from './fim-prompt.ts';

describe('prompts by a model’s own template', () => {
  it('put both sides of the gap where the template says', () => {
    expect(fimPrompt('<P>{prefix}<S>{suffix}<M>', 'a{suffix}', '$& b')).toBe('<P>a{suffix}<S>$& b<M>');
    expect(fimPrompt('[S]{suffix}[P]{prefix}', 'x', 'y')).toBe('[S]y[P]x');
  });

  it('turn a conversation into text with the assistant’s turn begun', () => {
    const template =
      '{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}';
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hello {{ 1 }}' },
    ] as const;
    expect(chatPrompt(template, messages)).toBe('<system>Be brief.\n<user>Hello {{ 1 }}\n<assistant>');
  });

  it('refuse for good what the template refuses', () => {
    const template = "{{ raise_exception('roles must alternate') }}";
    expect(() => chatPrompt(template, [{ role: 'user', content: 'x' }])).toThrow(
      expect.objectContaining({
        code: 'prompt_rejected',
        retryable: false,
        message: expect.stringContaining('roles must alternate'),
      }),
    );
  });
});
