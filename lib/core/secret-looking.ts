import { DefaultTokenResolver, LazyBase, StringConcat, TerraformStack, TerraformVariable, Token, Tokenization } from 'cdktf';
import { IConstruct } from 'constructs';
import { reject } from './errors';

/*
 * Whether a text that everybody may read is a secret. Only what is sure is refused: whoever has to say too often that something is none, says it
 * without a look.
 */

/** Whole words at the end of a name, after which comes a value that nobody may see. */
const PASSWORD =
  /(^|_)(\w*password|\w*passwd|\w*passphrase|\w+_pwd|pass|(secret|private|api|encryption|signing|master|jwt|hmac|fernet|secret_access)_?keys?)$/;
const SECRET = /(^|_)(\w*secret|secrets|token|credentials?)$/;
/** What may come after them. */
const QUALIFIER = /(_(v?\d+|old|new|current|previous|live|test|prod|production|staging|base|fallbacks?))+$/;
/** Words that say that the value is for everybody, or is none. */
const HARMLESS = /(^|_)(public|publishable|no|ask|prompt|allow|require|use|random)(_|$)/;
const SWITCH = /^(|true|false|yes|no|on|off|0|1|none|null)$/i;
/** Where consumers find a secret. */
const SECRET_PATH = /^\/run\/secrets\/[^\s]+$/;
/** `scheme://user:password@`, where no `$PASSWORD` or `{password}` is put in by whoever reads it. */
const URL_WITH_PASSWORD = /\b[a-z][a-z0-9+.-]*:\/\/[^\s/?#@:]*:(?!\$\w|\$\{(?!TfToken)|\{|%s|\*+@)[^\s/?#@]+@/i;
const PASSWORD_IN_QUERY = /\b[a-z][a-z0-9+.-]*:\/\/[^\s]*[?&](password|passwd)=(?!\$\w|\$\{(?!TfToken)|\{|%s|\*+(&|$))[^\s&]/i;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/** `stripeApiKey`, `--api-key` and `STRIPE_API_KEY` as `..._api_key`. */
function words(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .toLowerCase();
}

/** Why a text is taken for a secret by itself, as the end of a sentence; undefined when it is not. */
export function secretInText(scope: IConstruct, text: string): string | undefined {
  if (URL_WITH_PASSWORD.test(text) || PASSWORD_IN_QUERY.test(text)) return 'has a URL with a password in it';
  if (PRIVATE_KEY.test(text)) return 'has a private key in it';
  const variable = sensitiveVariable(scope, text);
  return variable === undefined ? undefined : `has the value of ${variable}, a variable that is sensitive`;
}

/** The same for a text that goes under a name. */
export function secretInNamed(scope: IConstruct, name: string, text: string): string | undefined {
  const found = secretInText(scope, text);
  if (found !== undefined) return found;
  // A token that is not sensitive may be a path, or a value that another provider shows anyway.
  if (Token.isUnresolved(text) || SWITCH.test(text) || SECRET_PATH.test(text)) return undefined;
  const plain = words(name).replace(QUALIFIER, '');
  if (HARMLESS.test(plain)) return undefined;
  const secret = PASSWORD.test(plain) || (SECRET.test(plain) && !/^\d+$/.test(text));
  return secret ? 'has the name of a secret' : undefined;
}

/** The same for any value as JSON has it: the path of the text in it, and the reason. */
export function secretInJson(scope: IConstruct, name: string, value: unknown): { readonly path: string; readonly reason: string } | undefined {
  const search = (key: string, path: string, part: unknown): { path: string; reason: string } | undefined => {
    if (typeof part === 'string') {
      const reason = secretInNamed(scope, key, part);
      return reason === undefined ? undefined : { path, reason };
    }
    if (typeof part !== 'object' || part === null) return undefined;
    for (const [inner, one] of Object.entries(part)) {
      // Members of a list are what the list is called.
      const found = search(Array.isArray(part) ? key : inner, `${path}.${inner}`, one);
      if (found) return found;
    }
    return undefined;
  };
  return search(name, name, value);
}

/** Refuses arguments of a program that are, beyond doubt, secrets: whoever may list processes on the host reads them. */
export function refuseSecretArguments(scope: IConstruct, what: string, args: readonly string[]): void {
  args.forEach((argument, index) => {
    if (typeof argument !== 'string') return;
    // A shell's `$(cat FILE)` puts it in where the program runs.
    const option = /^(-{0,2}[A-Za-z][\w-]*)=(?!"?\$)([^]+)$/.exec(argument);
    const next = args[index + 1];
    const following = argument.startsWith('--') && typeof next === 'string' && !next.startsWith('-') ? next : undefined;
    const [name, value] = option ? [option[1], option[2]] : [argument, following ?? ''];
    const isPassword = PASSWORD.test(words(name)) && secretInNamed(scope, name, value) !== undefined;
    const reason = secretInText(scope, argument) ?? (isPassword ? `gives the value of ${name}` : undefined);
    if (reason === undefined) return;
    reject(
      scope,
      `argument ${index + 1} of ${what} ${reason}, which would be in Terraform's state and in every list of processes; let the program read a secret instead (Secret.generated(), Secret.fromFile() or Secret.fromVariable()) from its file /run/secrets/NAME/value or, in an app of Gunicorn's, from a variable of secretEnvironment. If it is no secret, give it as a variable in publicEnvironment, and let the program read that`,
    );
  });
}

/** The name of a sensitive variable that a text has in it, also within an expression. */
function sensitiveVariable(scope: IConstruct, text: string): string | undefined {
  if (!Token.isUnresolved(text)) return undefined;
  // What is known late cannot be asked for now.
  if (Tokenization.reverseString(text).tokens.some((token) => token instanceof LazyBase)) return undefined;
  const context = { scope, resolver: new DefaultTokenResolver(new StringConcat()), preparing: true };
  const resolved = String(Tokenization.resolve(text, context));
  const names = new Set([...resolved.matchAll(/\bvar\.([A-Za-z0-9_-]+)/g)].map(([, name]) => name));
  const variables = names.size === 0 ? [] : TerraformStack.of(scope).node.findAll();
  return variables.find((one): one is TerraformVariable => one instanceof TerraformVariable && !!one.sensitive && names.has(one.friendlyUniqueId))
    ?.node.path;
}
