import { Fn, Token } from 'cdktf';
import { terraformText } from '../core/text';

/** JSON in which a text that only Terraform knows is quoted by Terraform. */
export function jsonText(value: object): string {
  const late = new Map<string, string>();
  const text = JSON.stringify(
    value,
    (_key, inner: unknown) => {
      if (typeof inner !== 'string' || !Token.isUnresolved(inner)) return inner;
      const mark = `late-${late.size}-of-a-value`;
      late.set(JSON.stringify(mark), Fn.jsonencode(terraformText(inner)));
      return mark;
    },
    2,
  );
  return `${[...late].reduce((made, [mark, token]) => made.replace(mark, () => token), text)}\n`;
}
