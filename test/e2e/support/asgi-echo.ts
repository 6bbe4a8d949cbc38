/**
 * A WebSocket for the end of a project's asgi.py, without Channels: a plain ASGI callable around Django's. It says a part of the scope, the greeting, and what it was told.
 */
export const asgiEcho = (part: 'path' | 'root_path') => `
import os
pages = application

async def application(scope, receive, send):
    if scope['type'] != 'websocket':
        return await pages(scope, receive, send)
    await receive()
    await send({'type': 'websocket.accept'})
    while True:
        message = await receive()
        if message['type'] == 'websocket.disconnect':
            return
        await send({'type': 'websocket.send', 'text': scope['${part}'] + ' ' + os.environ['GREETING'] + ' ' + message['text']})
`;
