/** Pure parsers and encoders of the protocols that Plinth speaks. */
export * from './resp/index.ts';
