export { startWebhooks, type WebhookOptions, type Webhooks } from './start-webhooks.ts';
export { checkWebhookUrl } from './webhook-url.ts';
