/** What becomes of stored data when its construct leaves the stack, or the stack is destroyed. */
export enum RemovalPolicy {
  /** The data stays on the engine, and the next deploy of the same construct finds it. */
  RETAIN = 'retain',
  /** The data is removed together with its construct. */
  DESTROY = 'destroy',
}
