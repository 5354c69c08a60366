import { type ChatMessage, GenfleetError } from '@genfleet/job';
import { Template } from '@huggingface/jinja';

/**
 * The prompt of a conversation, by a chat template as Hugging Face tokenizer configurations carry it, with the
 * assistant's turn begun.
 * @throws GenfleetError `prompt_rejected` with the template's own words, such as an order of roles it does not know.
 */
export function chatPrompt(template: string, messages: readonly ChatMessage[]): string {
  try {
    return new Template(template).render({
      messages: messages.map((message) => ({ ...message })),
      add_generation_prompt: true,
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new GenfleetError('prompt_rejected', `the model's chat template refuses the messages: ${reason}`, {
      cause,
    });
  }
}
