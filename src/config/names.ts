/**
 * The names of services. They stand in logs, metrics and URLs of the admin API, and need no quoting in any of them.
 */
export const NAME_PATTERN = '^[a-z0-9][a-z0-9._-]{0,62}$'
/** The same for people. */
export const NAME_RULE = 'use a-z, 0-9, ".", "_" and "-", a letter or digit first, 63 at most'
