/** Names are shortened to this, so that a number can follow and a model file takes them. */
export const MAX_NAME = 200;

/** Layers or operators of a network; the deepest in use have a few thousand. */
export const MAX_NODES = 20_000;
