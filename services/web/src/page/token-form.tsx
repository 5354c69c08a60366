import type { JSX } from 'preact';
import { Icon } from './icons.tsx';
import { chooseToken, type TokenRefusal, token, tokenRefusal } from './token.ts';
import { refreshSoon } from './watch.ts';

const LABELS: Record<TokenRefusal, string> = {
  missing: 'This server asks for a token',
  unknown: 'The server does not take this token',
  denied: 'This token may not use the server',
};

function use(value: string): void {
  chooseToken(value);
  refreshSoon();
}

/** Asks for a token as soon as the server does. */
export function TokenForm(): JSX.Element | null {
  const refusal = tokenRefusal.value;
  if (refusal === undefined) return null;
  return (
    <form
      class="notice token"
      aria-label="Access"
      onSubmit={(event) => {
        event.preventDefault();
        use(String(new FormData(event.currentTarget).get('token') ?? ''));
      }}
    >
      <label for="token">{LABELS[refusal]}</label>
      <div class="with-button">
        <input
          id="token"
          name="token"
          type="password"
          autocomplete="off"
          spellcheck={false}
          required
          aria-describedby="token-note"
        />
        <button type="submit" class="primary">
          Use it
        </button>
      </div>
      <p id="token-note" class="hint">
        Mostly a GitLab access token of yours. It is kept in this tab only, and sent to this server only.
      </p>
    </form>
  );
}

/** There while a token is in use, so that it can be taken back. */
export function ForgetToken(): JSX.Element | null {
  if (token.value === '' || tokenRefusal.value !== undefined) return null;
  const label = 'Forget the token';
  return (
    <button type="button" class="quiet round" aria-label={label} title={label} onClick={() => use('')}>
      <Icon name="key" />
    </button>
  );
}
