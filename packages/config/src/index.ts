export { type Config, loadConfig, readConfig } from './config.ts';
