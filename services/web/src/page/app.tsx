import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { spoken } from './announce.ts';
import { Composer } from './composer.tsx';
import { DeadLetters } from './dead-letters.tsx';
import { Details } from './details.tsx';
import { Gallery } from './gallery.tsx';
import { Icon } from './icons.tsx';
import { trouble } from './job-actions.ts';
import { active, deadCount } from './jobs.ts';
import { CodePage, JobsPage } from './parts.tsx';
import { type Route, route } from './route.ts';
import { isOnline } from './server.ts';
import { Stage } from './stage.tsx';
import { THEMES, theme } from './theme.ts';
import { ForgetToken, TokenForm } from './token-form.tsx';

export function App(): JSX.Element {
  const at = route.value;
  return (
    <>
      {/* biome-ignore lint/a11y/useValidAnchor: it leads within the page, whose address is taken */}
      <a class="skip" href="#main" onClick={skipToMain}>
        Skip to the page
      </a>
      <Header />
      <Notices />
      <main id="main" tabIndex={-1}>
        <View at={at} />
      </main>
      {at.view === 'image' && <Details id={at.id} />}
      <p class="unseen" role="status">
        {spoken.value}
      </p>
    </>
  );
}

/** The address stays as it is: what stands after its `#` is what is shown. */
function skipToMain(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function View({ at }: { at: Route }): JSX.Element {
  switch (at.view) {
    case 'dead-letters':
      return <DeadLetters />;
    case 'code':
      return <CodePage />;
    case 'jobs':
      return <JobsPage id={at.id} query={at.query} />;
    default:
      return <Pictures />;
  }
}

function Pictures(): JSX.Element {
  return (
    <div class="work">
      <h1 class="unseen">Make a picture</h1>
      <Composer />
      <div class="results">
        <Stage />
        <Gallery />
      </div>
    </div>
  );
}

function Header(): JSX.Element {
  const current = (is: boolean) => (is ? { 'aria-current': 'page' as const } : {});
  const { view } = route.value;
  return (
    <header>
      <a class="brand" href="#/">
        <img src="favicon.svg" alt="" width="34" height="34" />
        Genfleet
      </a>
      <nav aria-label="Pages">
        <a href="#/" {...current(view === 'gallery' || view === 'image')}>
          Pictures
          {active.value.length > 0 && <span class="badge busy">{active.value.length}</span>}
        </a>
        <a href="#/code" {...current(view === 'code')}>
          Code
        </a>
        <a href="#/jobs" {...current(view === 'jobs')}>
          Jobs
        </a>
        <a href="#/dead-letters" {...current(view === 'dead-letters')}>
          Dead letters
          {deadCount.value > 0 && <span class="badge">{deadCount.value}</span>}
        </a>
        <a href="docs">API</a>
      </nav>
      <div class="own">
        <ForgetToken />
        <ThemeButton />
      </div>
    </header>
  );
}

function ThemeButton(): JSX.Element {
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? 'auto';
  const label = `Theme: ${theme.value}. Change to ${next}`;
  return (
    <button
      type="button"
      class="quiet round"
      aria-label={label}
      title={label}
      onClick={() => {
        theme.value = next;
      }}
    >
      <Icon name={theme.value} />
    </button>
  );
}

/** What the user has to know wherever they are. */
function Notices(): JSX.Element {
  const isDismissed = useSignal<string | undefined>(undefined);
  const said = trouble.value;
  return (
    <div class="notices">
      <TokenForm />
      {!isOnline.value && (
        <p class="notice offline" role="status">
          The server does not answer. Trying again; jobs that were taken are kept and go on when it is back.
        </p>
      )}
      {said !== undefined && said !== isDismissed.value && (
        <p class="notice fault" role="alert">
          {said}
          <button type="button" class="quiet" onClick={() => (isDismissed.value = said)}>
            Dismiss
          </button>
        </p>
      )}
    </div>
  );
}
