/** Fields as the docker client reads them in options such as `--mount`, which are lines of CSV. */
export function csvLine(fields: readonly string[]): string {
  return fields.map(quoted).join(',');
}

function quoted(field: string): string {
  return /[",\n]/.test(field) ? `"${field.replace(/"/g, '""')}"` : field;
}
