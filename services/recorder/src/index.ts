export { type Checked, checkArchive } from './check.ts';
export { type Recorder, type RecorderOptions, startRecorder, topicParts } from './recorder.ts';
