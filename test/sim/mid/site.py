"""A gateway with its listeners, its messages and its clock at work."""
import asyncio
import traceback

from .api import Api
from .control import Control
from .faults import Faults
from .gateway import Gateway
from .notify import Notifier
from .wire import Listener

TICK = 0.1


class Site:
    def __init__(self, options):
        self.gateway = Gateway(options)
        self.faults = Faults()
        self.notifier = Notifier(self.gateway, options["notify"], options["scale"])
        self.gateway.announce = self.notifier.notify
        self.api = Api(self.gateway, self.faults)
        self.api.confirm = self.confirm
        self.control = Control(self)
        self.lock = asyncio.Lock()
        self.listener = self.door = self.ticker = None

    async def start(self, host, port, control):
        """Open both ports; the two numbers."""
        self.listener = Listener(host, port, self.api.serve)
        self.door = Listener(host, control, self.control.serve)
        self.gateway.options["base"] = "http://%s:%d" % (host, self.listener.port)
        await self.listener.open()
        await self.door.open()
        self.ticker = asyncio.get_running_loop().create_task(self._tick())
        return self.listener.port, self.door.port

    async def follow(self):
        """Make the listener agree with the fault `refuse`."""
        async with self.lock:
            if self.faults.refused():
                await self.listener.close()
            else:
                await self.listener.open()

    def confirm(self, transaction, row):
        """A refund is announced again when the bank has confirmed it."""
        asyncio.get_running_loop().call_later(
            self.notifier.rules["confirm"], self.gateway.confirm_refund, transaction, row)

    async def _tick(self):
        while True:
            try:
                self.gateway.tick()
            except Exception:    # a mistake of ours: reported, and the clock goes on
                traceback.print_exc()
            await asyncio.sleep(TICK)
