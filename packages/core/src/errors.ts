/**
 * Something that came from outside is wrong: a file, a picture, an option, a data set. The message names
 * the thing and the fix in one line; the command line prints it without a stack trace and exits with 2.
 */
export class InputError extends Error {
  override readonly name = 'InputError';
}
