import { Duration } from '../core/duration';

/** How often a server is asked for its health, and what counts as ill. */
export interface HealthCheckOptions {
  /**
   * Time between two probes.
   *
   * Shorter intervals make a release faster and cost CPU in every container (moby#39102).
   *
   * @default Duration.seconds(5)
   */
  readonly interval?: Duration;

  /**
   * Time after which a probe counts as failed.
   *
   * @default Duration.seconds(5)
   */
  readonly timeout?: Duration;

  /**
   * Failed probes in a row that make the server unhealthy.
   *
   * @default 3
   */
  readonly retries?: number;

  /**
   * Time after the start in which a failed probe does not count.
   *
   * @default Duration.seconds(60)
   */
  readonly startPeriod?: Duration;
}

/**
 * A program that is run inside the container to ask whether its server works.
 *
 * @example
 * HealthCheck.command(['redis-cli', 'ping'], { interval: Duration.seconds(10) });
 */
export class HealthCheck {
  /**
   * Healthy when a program of the image's ends with exit code 0.
   *
   * @param command the program and its arguments; no shell reads them
   * @throws when the command is empty, or a number is out of range
   */
  public static command(command: string[], options: HealthCheckOptions = {}): HealthCheck {
    return new HealthCheck(command, options);
  }

  /** The program and its arguments. */
  public readonly test: string[];
  /** Time between two probes. */
  public readonly interval: Duration;
  /** Time after which a probe counts as failed. */
  public readonly timeout: Duration;
  /** Failed probes in a row that make the server unhealthy. */
  public readonly retries: number;
  /** Time after the start in which a failed probe does not count. */
  public readonly startPeriod: Duration;

  private constructor(command: string[], options: HealthCheckOptions) {
    if (command.length === 0) throw new Error('HealthCheck: the command must name a program, got an empty list');
    this.test = [...command];
    this.interval = options.interval ?? Duration.seconds(5);
    this.timeout = options.timeout ?? Duration.seconds(5);
    this.retries = options.retries ?? 3;
    this.startPeriod = options.startPeriod ?? Duration.seconds(60);
    if (!Number.isInteger(this.retries) || this.retries < 1) {
      throw new Error(`HealthCheck: retries must be an integer of 1 or more, got ${this.retries}`);
    }
    // The engine refuses shorter ones: "Interval in Healthcheck cannot be less than 1ms", and 0 means its default of 30 s.
    for (const [name, value] of Object.entries({ interval: this.interval, timeout: this.timeout })) {
      if (value.toMilliseconds() < 100) throw new Error(`HealthCheck: ${name} must be 100 ms or more, got ${value}`);
    }
  }

  /** The longest time that a server may take to become healthy before the platform gives it up. */
  public get patience(): Duration {
    const oneRound = this.interval.plus(this.timeout).toMilliseconds();
    return this.startPeriod.plus(Duration.millis(oneRound * (this.retries + 1)));
  }
}
