import { TerraformVariable, Token } from 'cdktf';

/** @internal */
export enum SecretKind {
  GENERATED,
  FILE,
  VARIABLE,
}

/** Settings of a generated secret. */
export interface GeneratedSecretOptions {
  /**
   * Number of characters, drawn from A-Z, a-z and 0-9 (5.95 bits each).
   *
   * @default 64
   */
  readonly length?: number;
}

/**
 * A value that nobody may see: a password, a key. Consumers read it from a file, `/run/secrets/NAME/value`.
 *
 * @example
 * Secret.generated();
 */
export class Secret {
  /**
   * A random value, made once, on the engine. It is in no Terraform state, plan or synthesized JSON, and survives every deploy.
   *
   * @throws when the length is not from 20 to 512
   */
  public static generated(options: GeneratedSecretOptions = {}): Secret {
    const length = options.length ?? 64;
    if (!Number.isInteger(length) || length < 20 || length > 512) {
      throw new Error(`Secret.generated: length must be an integer from 20 to 512, got ${length}`);
    }
    return new Secret(SecretKind.GENERATED, String(length));
  }

  /**
   * A file on the engine's host, mounted where it is used. Its consumers must be allowed to read it: their user ids are in the
   * README.
   *
   * @param path absolute path on the host of the engine
   * @throws when the path is not absolute
   */
  public static fromFile(path: string): Secret {
    if (!Token.isUnresolved(path) && !/^\/[^\0\n]+$/.test(path)) {
      throw new Error(`Secret.fromFile: the path must be absolute on the engine's host, got ${JSON.stringify(path)}`);
    }
    return new Secret(SecretKind.FILE, path);
  }

  /**
   * The value of a Terraform variable. The value is in Terraform's state and plan files: keep these in an encrypted backend.
   *
   * @param variable declared with `sensitive: true`
   * @throws when the variable is not sensitive
   */
  public static fromVariable(variable: TerraformVariable): Secret {
    if (!variable.sensitive) {
      throw new Error(`Secret.fromVariable: ${variable.node.path} must be declared with sensitive: true, or Terraform prints its value`);
    }
    return new Secret(SecretKind.VARIABLE, variable.stringValue);
  }

  /** Whether Terraform knows the value, so that it is in state and plan files. */
  public get inTerraformState(): boolean {
    return this._kind === SecretKind.VARIABLE;
  }

  private constructor(
    /** @internal */
    public readonly _kind: SecretKind,
    /** The length, the path or the token of the value, as the kind says. @internal */
    public readonly _source: string,
  ) {}
}
