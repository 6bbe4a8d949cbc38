import { Arguments, Synthesized } from './synth';

/** A variable of a container, as it is written. */
export function variable(container: Arguments, name: string): string | undefined {
  return (container.env as string[]).find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** What the job that opens logins is told to bring, one declaration a line. */
export function declared(synth: Synthesized, db = 'shop/Db'): string[] {
  return variable(synth.container(`${db}/OpenLogin`), 'DATABASE_CONTENTS')?.split('\n') ?? [];
}
