import { Counter, type Registry } from 'prom-client';

/** What became of one webhook call. */
const OUTCOMES = ['delivered', 'retried', 'abandoned'] as const;

export interface WebhookMetrics {
  readonly calls: Counter<'outcome'>;
}

export function createWebhookMetrics(registry: Registry): WebhookMetrics {
  const calls = new Counter({
    name: 'genfleet_webhook_calls_total',
    help: 'Webhook calls by what became of them: delivered, to be tried again, abandoned for good',
    labelNames: ['outcome'],
    registers: [registry],
  });
  // at zero from the start, so that a rate over them exists before the first failure
  for (const outcome of OUTCOMES) calls.inc({ outcome }, 0);
  return { calls };
}
