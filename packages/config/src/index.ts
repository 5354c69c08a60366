export { type Config, loadConfig, readConfig, topicPolicy } from './config.ts';
