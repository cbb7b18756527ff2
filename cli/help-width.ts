/** Help has lines of no more characters than these. */
export const HELP_WIDTH = 110;
