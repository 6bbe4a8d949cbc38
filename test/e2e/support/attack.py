"""Attackers, and a client that pays attention. Each runs in a container of its own, so that each has an address of its own.

    python -c "$(cat attack.py)" '{"kind": "headers", "host": "proxy", "port": 8080, "name": "shop.localhost", "count": 1000}'

An attacker holds its connections, prints "holding" when each has been tried, and what came of them as JSON when it is told to end. The client
makes its requests one after the other, each over a new connection and never twice, and prints how long each took.
"""
import asyncio
import collections
import fcntl
import json
import resource
import signal
import socket
import struct
import sys
import time

options = json.loads(sys.argv[1])
host, port, name = options['host'], options['port'], options['name']
source = options.get('source')
begun = time.monotonic()
found = {'seconds': 0, 'opened': 0, 'open': 0, 'most': 0, 'failed': 0, 'statuses': collections.Counter()}
ending = asyncio.Event()
tried = 0


def request(path, *lines, method='GET', end='\r\n\r\n'):
    return '\r\n'.join([f'{method} {path} HTTP/1.1', f'Host: {name}', *lines]).encode() + end.encode()


async def pause(seconds):
    """Waits, or until the end."""
    try:
        await asyncio.wait_for(ending.wait(), seconds)
    except asyncio.TimeoutError:
        pass


def answered(answer):
    if answer.startswith(b'HTTP/1.1 '):
        found['statuses'][answer[9:12].decode()] += 1


def resolved():
    return host if source else socket.gethostbyname(host)


def take_address():
    """Gives this container the address that its connections come from, as `ip -6 address add SOURCE/48 dev eth0` would."""
    siocsifaddr = 0x8916
    interface = socket.if_nametoindex('eth0')
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, siocsifaddr, struct.pack('=16sIi', socket.inet_pton(socket.AF_INET6, source), 48, interface))
    # Until the kernel knows that nobody else has it.
    deadline = time.monotonic() + 10
    while True:
        try:
            with socket.socket(socket.AF_INET6) as tried:
                tried.bind((source, 0))
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


# ---- what one connection does ----

async def headers(reader, writer):
    """A header that does not end, with as many bytes as are asked for."""
    size = options.get('bytes', 20)
    lines = ['X-Filler: ' + 'x' * min(7000, left) for left in range(size, 0, -7000)]
    writer.write(request('/', *lines, end='\r\n'))
    answered(await reader.read(100))


async def bodies(reader, writer):
    """A body of which a byte comes now and then, whatever is answered."""
    writer.write(request('/', 'Content-Length: 1000000', method='POST') + b'x' * 100)

    async def drip():
        while not ending.is_set():
            writer.write(b'x')
            await pause(2)

    dripping = asyncio.create_task(drip())
    try:
        answered(await reader.read(100))
        while await reader.read(1000):
            pass
    finally:
        dripping.cancel()


async def readers(reader, writer):
    """An answer that is taken at a hundred bytes a second."""
    writer.write(request('/large'))
    answered(await reader.read(100))
    while not ending.is_set() and await reader.read(100):
        await pause(1)


async def connection():
    """Keeps one connection open, and opens it again when it is closed."""
    global tried
    first = True
    while not ending.is_set():
        writer = None
        try:
            async with opening:
                made = socket.socket(socket.AF_INET6 if source else socket.AF_INET)
                if source:
                    made.bind((source, 0))
                made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                made.setblocking(False)
                await asyncio.wait_for(asyncio.get_running_loop().sock_connect(made, address), 10)
                reader, writer = await asyncio.open_connection(sock=made, limit=256)
            found['opened'] += 1
            found['open'] += 1
            found['most'] = max(found['most'], found['open'])
            tried += first
            first = False
            await globals()[options['kind']](reader, writer)
        except (OSError, asyncio.TimeoutError):
            found['failed'] += 1
        finally:
            if writer:
                found['open'] -= 1
                writer.transport.abort()
        await pause(0.5)


async def flood():
    """Requests at a steady rate over a few connections, whatever is answered."""
    batch = 25
    every = batch * options['count'] / options['rate']
    while not ending.is_set():
        try:
            reader, writer = await asyncio.open_connection(*address, local_addr=(source, 0) if source else None)
            for _ in range(20):
                begun = time.monotonic()
                writer.write(request('/') * batch)
                left = batch
                while left > 0:
                    line = await asyncio.wait_for(reader.readline(), 30)
                    if not line:
                        raise ConnectionError
                    # Also right after the end of a body, which need not end its line.
                    for part in line.split(b'HTTP/1.1 ')[1:]:
                        found['statuses'][part[:3].decode()] += 1
                        left -= 1
                await pause(every - (time.monotonic() - begun))
                if ending.is_set():
                    break
            writer.transport.abort()
        except (OSError, asyncio.TimeoutError):
            found['failed'] += 1
            await pause(0.5)


async def attack():
    global opening, address
    opening = asyncio.Semaphore(500)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ending.set)
    address = (resolved(), port)
    one = flood if options['kind'] == 'flood' else connection
    tasks = [asyncio.create_task(one()) for _ in range(options['count'])]
    deadline = time.monotonic() + 30
    while options['kind'] != 'flood' and tried < options['count'] and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
    print('holding', flush=True)
    # No attack goes on for ever, whatever becomes of the test.
    await pause(180)
    ending.set()
    await asyncio.wait(tasks, timeout=1)
    found['seconds'] = round(time.monotonic() - begun, 1)
    print(json.dumps(found), flush=True)


# ---- the client ----

def ask():
    """One request; gives its status."""
    with socket.create_connection(address, timeout=5, source_address=(source, 0) if source else None) as made:
        made.sendall(request('/', 'Connection: close'))
        answer = b''
        while part := made.recv(65536):
            answer += part
    head, _, body = answer.partition(b'\r\n\r\n')
    return head[9:12].decode() if body == b'here\n' else f'{head[:60]!r} {body[:60]!r}'


def client():
    global address
    address = (resolved(), port)
    times, failures = [], []
    end = time.monotonic() + options['seconds']
    while time.monotonic() < end:
        begun = time.monotonic()
        try:
            status = ask()
        except OSError as error:
            status = repr(error)
        taken = time.monotonic() - begun
        times.append(round(taken * 1000, 2))
        if status != '200':
            failures.append(status)
        time.sleep(max(0, options['every'] - taken))
    print(json.dumps({'times': times, 'failures': failures}))


def upload():
    """A body of so many bytes, sent as fast as it is taken."""
    size = options['bytes']
    with socket.create_connection((host, port), timeout=120) as made:
        made.sendall(request('/', f'Content-Length: {size}', 'Connection: close', method='POST'))
        part = bytes(1 << 20)
        for _ in range(size // len(part)):
            made.sendall(part)
        answer = b''
        while more := made.recv(65536):
            answer += more
    print(json.dumps({'answer': answer.decode()}))


_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
if source:
    take_address()
if options['kind'] == 'client':
    client()
elif options['kind'] == 'upload':
    upload()
else:
    asyncio.run(attack())
