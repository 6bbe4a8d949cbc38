import { AddressInfo, createServer } from 'node:net';
import { engine } from './docker';

/** Whether a program inside a container can open a TCP connection to an address. The container needs bash, as Debian's images have it. */
export function reaches(container: string, address: string, port: number): boolean {
  const script = 'if timeout 2 bash -c "exec 3<>/dev/tcp/$0/$1" 2>/dev/null; then echo open; else echo closed; fi';
  return answered(engine('exec', container, 'bash', '-c', script, address, String(port)));
}

/** Whether a program inside a container finds the address of a name. */
export function resolves(container: string, name: string): boolean {
  return answered(engine('exec', container, 'bash', '-c', 'if timeout 5 getent hosts "$0" >/dev/null; then echo open; else echo closed; fi', name));
}

function answered(text: string): boolean {
  if (text !== 'open' && text !== 'closed') throw new Error(`the probe said ${JSON.stringify(text)}`);
  return text === 'open';
}

/** The address of a container in a network. */
export function addressIn(container: string, network: string): string {
  return engine('inspect', container, '--format', `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`);
}

/** The address that the host has in a network. */
export function gatewayOf(network: string): string {
  return engine('network', 'inspect', network, '--format', '{{(index .IPAM.Config 0).Gateway}}');
}

/** Listens at an address of the host, in the test's own process, and hangs up on whoever comes. */
export async function listenAt(address: string): Promise<{ readonly port: number; readonly close: () => void }> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(0, address, resolve));
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}
