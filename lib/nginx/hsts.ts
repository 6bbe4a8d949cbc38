import { Duration } from '../core/duration';

/** What HSTS is about, beside its time. */
export interface HstsOptions {
  /**
   * Whether it is about all names below each host, too. None of them can be reached over plain HTTP any more, whoever serves it.
   *
   * @default false
   */
  readonly includeSubDomains?: boolean;

  /**
   * Whether makers of browsers may build the hosts into their lists (hstspreload.org). It takes months to be taken off. It needs `includeSubDomains` and a year or
   * more, and is sent for as long as the time is that long.
   *
   * @default false
   */
  readonly preload?: boolean;
}

/** A part of a ramp. */
export interface HstsStage {
  /** The time since HSTS was first sent, from which this stage holds. That of the first stage is 0. */
  readonly after: Duration;
  /** For how long a browser insists on HTTPS after an answer. */
  readonly maxAge: Duration;
}

/** Settings of a ramp. */
export interface HstsRampProps extends HstsOptions {
  /**
   * The stages, in their order.
   *
   * @default - 5 minutes for the first day, then a week for a week, then 30 days for 30 days, then a year: the stages that hstspreload.org advises, each for as long as
   * it says or longer
   */
  readonly stages?: HstsStage[];
}

const DAY = 86400;
const YEAR = 365 * DAY;

/**
 * HTTP Strict Transport Security (RFC 6797): browsers that have seen the header ask for the hosts over HTTPS alone, until its time is over. It cannot be taken back from
 * them, which is why Django warns of it ("serious, irreversible problems", security.W004) and why it begins with a short time here.
 *
 * The proxy sends it once with every answer over HTTPS; a header of an app's own is replaced, so that one host never has two policies.
 *
 * @example
 * new NginxProxy(this, 'Proxy', {
 *   tls: Tls.certificateFiles({ folder: '/etc/ssl/shop', certificate: 'fullchain.pem', privateKey: 'privkey.pem' }),
 *   hsts: Hsts.ramp({ includeSubDomains: true }),
 * });
 */
export class Hsts {
  /**
   * A time that gets longer by itself, without a deploy, from the first answer that has it on.
   *
   * @throws when the stages do not begin at 0 or are not in order, or `preload` is without what it needs
   */
  public static ramp(props: HstsRampProps = {}): Hsts {
    const stages = props.stages ?? [
      { after: Duration.seconds(0), maxAge: Duration.minutes(5) },
      { after: Duration.days(1), maxAge: Duration.days(7) },
      { after: Duration.days(8), maxAge: Duration.days(30) },
      { after: Duration.days(38), maxAge: Duration.days(365) },
    ];
    if (stages.length === 0 || stages[0].after.toSeconds() !== 0) {
      throw new Error(`Hsts.ramp: the first stage must be after 0 seconds, got ${stages.length === 0 ? 'no stage' : String(stages[0].after)}`);
    }
    stages.forEach(({ after }, index) => {
      if (index > 0 && after.toSeconds() <= stages[index - 1].after.toSeconds()) {
        throw new Error(`Hsts.ramp: each stage must be after the one before, got ${after} after ${stages[index - 1].after}`);
      }
    });
    return new Hsts(stages, props);
  }

  /**
   * One time from the first answer on.
   *
   * `Duration.seconds(0)` takes it back from the browsers that come again: do so before TLS is turned off.
   *
   * @throws when `preload` is without what it needs
   */
  public static fixed(maxAge: Duration, options: HstsOptions = {}): Hsts {
    return new Hsts([{ after: Duration.seconds(0), maxAge }], options);
  }

  /** No header of the proxy's; that of an app is passed on. */
  public static off(): Hsts {
    return new Hsts([], {});
  }

  private constructor(
    private readonly stages: HstsStage[],
    private readonly options: HstsOptions,
  ) {
    if (!options.preload) return;
    const longest = stages[stages.length - 1].maxAge;
    if (!options.includeSubDomains) throw new Error('Hsts: preload needs includeSubDomains: true (hstspreload.org)');
    if (longest.toSeconds() < YEAR) throw new Error(`Hsts: preload needs a maxAge of 365 days or more (hstspreload.org), got ${longest}`);
  }

  /**
   * What the supervisor reads: for each stage, from which age in seconds it holds, and the header's value. Nothing when there is no header.
   *
   * @internal
   */
  public get _steps(): string | undefined {
    if (this.stages.length === 0) return undefined;
    return this.stages.map(({ after, maxAge }) => `${Math.floor(after.toSeconds())} ${this.value(Math.floor(maxAge.toSeconds()))}\n`).join('');
  }

  private value(seconds: number): string {
    const { includeSubDomains, preload } = this.options;
    return [`max-age=${seconds}`, ...(includeSubDomains ? ['includeSubDomains'] : []), ...(preload && seconds >= YEAR ? ['preload'] : [])].join('; ');
  }
}
