export { type Config, loadConfig, readConfig, topicPolicy, viewWindows } from './config.ts';
