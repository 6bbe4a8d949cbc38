/** A time that has gone by, as people say it. */
export function age(seconds: number): string {
  const [count, unit] =
    seconds < 120
      ? [seconds, 'seconds']
      : seconds < 7200
        ? [seconds / 60, 'minutes']
        : seconds < 172_800
          ? [seconds / 3600, 'hours']
          : [seconds / 86_400, 'days'];
  return `${Math.max(0, Math.floor(count))} ${unit}`;
}

/** An amount of bytes, as people say it. */
export function bytes(count: number): string {
  return count < 1 << 30 ? `${(count / (1 << 20)).toFixed(1)} MiB` : `${(count / (1 << 30)).toFixed(1)} GiB`;
}

/** Lines with their columns below each other. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_unused, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
