/** What all instruction sets of 128-bit vectors share; their module 'isa' passes it on. */
export * from './lanes';
export * from './cells';
