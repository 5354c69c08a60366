import { proxyActivities } from '@temporalio/workflow';

const { storePicture } = proxyActivities({ startToCloseTimeout: '1 minute' });

/** A job is one activity. Answers the name of the picture. */
export async function txt2img(id, settings) {
  return await storePicture(id, settings);
}
