/** Something that the user can mend: told without a stack trace. */
export class Trouble extends Error {}
