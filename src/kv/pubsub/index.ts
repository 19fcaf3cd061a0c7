/** Publish and subscribe. */
export { asPush, MessageFrame } from './frames.ts';
export { PubSub, type SubscriptionKind } from './pubsub.ts';
export { Subscriptions } from './subscriptions.ts';
