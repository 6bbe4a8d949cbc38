import childProcess from 'node:child_process';
import dns from 'node:dns';
import net from 'node:net';
import { exampleStack } from './support/example';
import { Synthesized } from './support/synth';

// No construct reads the network or runs a process while a stack is synthesized: only build contexts are read, to be hashed.
test('synth starts no process and opens no connection', () => {
  const processes = (['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'] as const).map((name) =>
    jest.spyOn(childProcess, name),
  );
  const connections = [jest.spyOn(net.Socket.prototype, 'connect'), jest.spyOn(dns, 'lookup'), jest.spyOn(dns, 'resolve')];

  expect(Object.keys(new Synthesized(exampleStack()).all('docker_container')).length).toBeGreaterThan(10);

  for (const spy of [...processes, ...connections]) expect(spy).not.toHaveBeenCalled();
  // The spies see what they are there for.
  childProcess.spawnSync('true');
  expect(processes[1]).toHaveBeenCalledTimes(1);
});
