/** The WebHDFS door: settings, and the listener of a system. */
export { type WebHdfsSettings, webHdfsGroup } from './config.ts';
export { WebHdfsListener, type WebHdfsListenerOptions } from './listener.ts';
