"""The socket that `sbir serve` listens at."""

import asyncio
import socket
from contextlib import closing

from serving.http.run import listening


def test_answers_do_not_wait_for_acknowledgements():
    """With Nagle's algorithm the second packet of an answer waits for the client's delayed
    acknowledgement: 40 ms for every answer on Linux. asyncio sets TCP_NODELAY on connections
    whose listening socket says that it speaks TCP, and on no others."""
    said = asyncio.run(_option_of_a_connection(socket.TCP_NODELAY))
    assert said != 0


async def _option_of_a_connection(option: int) -> int:
    found = asyncio.get_running_loop().create_future()

    def connected(_, writer):
        found.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, option))
        writer.close()

    listener = listening("127.0.0.1", 0)
    async with await asyncio.start_server(connected, sock=listener):
        with closing(socket.create_connection(listener.getsockname())):
            return await found
