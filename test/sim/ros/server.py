"""Sockets: the API listeners of a router, closed and opened again at run time."""
import asyncio

from peer import bound

from .api import Api


class Listener:
    """One listening port that can be refused and come back under the same number."""

    def __init__(self, router, host, port, context):
        self.router = router
        self.context = context
        self.server = None
        self.held = bound(host, port)
        self.host, self.port = self.held.getsockname()[:2]

    async def open(self):
        if self.server:
            return
        held, self.held = self.held, None
        self.server = await self.router.loop.create_server(
            lambda: Api(self.router), sock=held, ssl=self.context, backlog=256)

    def close(self):
        """Refuse: nobody listens, but the port stays ours (bound, not listening)."""
        if self.server:
            self.server.close()
            self.server = None
            self.held = bound(self.host, self.port)


class Site:
    """A router with its listeners."""

    def __init__(self, router):
        self.router = router
        self.api = self.tls = None
        self.lock = asyncio.Lock()

    async def start(self, host, port, tls_port, context):
        self.api = Listener(self.router, host, port, None)
        if context:
            self.tls = Listener(self.router, host, tls_port, context)
        await self.follow()

    async def follow(self):
        """Make the listeners agree with the fault `refuse`."""
        async with self.lock:
            refuse = self.router.faults.on.get("refuse")
            for listener in filter(None, (self.api, self.tls)):
                if refuse:
                    listener.close()
                else:
                    await listener.open()
        if refuse:
            self.hang_up()

    def hang_up(self):
        for conn in list(self.router.connections):
            conn.close(reset=True)
