import type { JSX } from 'preact';
import { codeModels } from '../server.ts';
import { change, LENGTHS, MAX_TEMPERATURE, model, settings } from './code-state.ts';

/** Which model, how daring, how much. */
export function CodeSettings(): JSX.Element {
  const { temperature, length } = settings.value;
  return (
    <form class="code-settings" aria-label="Suggestions" onSubmit={(event) => event.preventDefault()}>
      <div class="field">
        <label for="code-model">Model</label>
        <select
          id="code-model"
          value={model.value?.name ?? ''}
          disabled={codeModels.value.length === 0}
          onChange={(event) => change({ model: event.currentTarget.value })}
        >
          {codeModels.value.length === 0 && <option value="">None yet</option>}
          {codeModels.value.map(({ name, demo }) => (
            <option key={name} value={name}>
              {demo ? `${name} (demo)` : name}
            </option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for="code-temperature">Temperature</label>
        <span class="with-value">
          <input
            id="code-temperature"
            type="range"
            min={0}
            max={MAX_TEMPERATURE}
            step={0.1}
            value={temperature}
            onInput={(event) => change({ temperature: event.currentTarget.valueAsNumber })}
          />
          <output for="code-temperature">{temperature.toFixed(1)}</output>
        </span>
      </div>
      <div class="field">
        <label for="code-length">Length</label>
        <select
          id="code-length"
          value={length}
          onChange={(event) => change({ length: Number(event.currentTarget.value) })}
        >
          {LENGTHS.map(({ tokens, label }) => (
            <option key={tokens} value={tokens}>
              {label}
            </option>
          ))}
        </select>
      </div>
    </form>
  );
}
