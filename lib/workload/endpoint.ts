/** One address under which a server can be reached on a network. How many containers answer there is the platform's business. */
export class Endpoint {
  /**
   * @param host a name that the platform resolves for whoever shares a network with the server; often a token
   * @param port the port that the server listens on
   */
  constructor(
    public readonly host: string,
    public readonly port: number,
  ) {}
}
