export * from './index';
export * from './dot';
