import { jest } from '@jest/globals';

// Tests with real brokers, disks and browsers get a second try on a busy machine; the first failure is printed.
jest.retryTimes(1, { logErrorsBeforeRetry: true });
