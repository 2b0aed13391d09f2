"""The official MCP client for Python in front of a server: `mcp_client.py MODE COMMAND ARGUMENT...`.

MODE is `legacy` (it begins with initialize) or `auto` (it begins with server/discover). The first line on standard
output tells what was agreed upon. Then every line of standard input is the name of a tool, its arguments and whether to
call it off at the first sign of progress, as a JSON array; progress and result are lines of JSON.
"""

import json
import os
import sys

import anyio
from mcp import Client, StdioServerParameters


def say(**members):
    print(json.dumps(members), flush=True)


async def call(client, tool, arguments, call_off):
    with anyio.CancelScope() as scope:

        async def progress(_done, _total, message):
            say(progress=message)
            if call_off:
                scope.cancel()

        result = await client.call_tool(tool, arguments, progress_callback=progress)
        say(result=result.model_dump(mode="json", by_alias=True, exclude_none=True))
    if scope.cancelled_caught:
        say(called_off=tool)


async def main(mode, command, *arguments):
    server = StdioServerParameters(command=command, args=arguments, env=dict(os.environ))
    async with Client(server, mode=mode) as client:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        say(version=client.protocol_version, instructions=client.instructions, tools=tools)
        while line := await anyio.to_thread.run_sync(sys.stdin.readline):
            await call(client, *json.loads(line))


anyio.run(main, *sys.argv[1:])
