export { type GitlabAuthOptions, openGitlabAuthenticator } from './gitlab-authenticator.ts';
