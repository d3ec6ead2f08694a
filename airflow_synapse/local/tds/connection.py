"""One client: encryption, login, then request after request until it leaves."""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.protocol import Login, Session
from airflow_synapse.local.tds import login, tokens
from airflow_synapse.local.tds.channel import Channel, Disconnected
from airflow_synapse.local.tds.packets import Message, MessageType, PacketWriter, ProtocolError, one_message
from airflow_synapse.local.tds.prelogin import Encryption, Prelogin
from airflow_synapse.local.tds.replies import as_pool_error
from airflow_synapse.local.tds.requests import Requests

log = logging.getLogger(__name__)

#: Seconds that a client may take to log in.
_LOGIN_TIMEOUT: Final = 60
#: Seconds between two calls of ``Session.cancel``: one that comes between two queries of a statement is lost.
_CANCEL_INTERVAL: Final = 0.1
_UNKNOWN_DATABASE: Final = 4060

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What all connections of a server share.

    :param wrapped_tls: For a handshake inside prelogin packets; None where the server has no certificate.
    :param strict_tls: For a connection that starts with TLS.
    """

    login: Login
    wrapped_tls: ssl.SSLContext | None
    strict_tls: ssl.SSLContext | None
    require_encryption: bool


class Connection:
    """Serves one client. Its session runs in one worker thread of its own, so that no client waits for another."""

    def __init__(self, channel: Channel, endpoint: Endpoint) -> None:
        self._channel = channel
        self._endpoint = endpoint
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="tds-session")
        self._packet_size = 0
        self._session: Session | None = None
        self._job: asyncio.Future[Any] | None = None

    async def run(self) -> None:
        """Serve the client until it leaves or breaks the protocol."""
        try:
            async with asyncio.timeout(_LOGIN_TIMEOUT):
                session = await self._log_in()
            if session is not None:
                await self._serve(Requests(session))
        except (Disconnected, TimeoutError, asyncio.CancelledError):
            pass  # cancelled: the server stops
        except (ProtocolError, ssl.SSLError) as error:
            log.warning("A connection was closed: %s", error)
        finally:
            self._channel.abort()
            await self._end_session()

    async def _end_session(self) -> None:
        """Stop the statement that may still run, then close the session."""
        while self._job is not None and not self._job.done():
            if self._session is not None and not self._session.outlives_client:
                # Assumption: A statement whose client is gone is cancelled.
                self._session.cancel()
            await asyncio.wait({self._job}, timeout=_CANCEL_INTERVAL)
        await self._work(self._close_session)
        self._worker.shutdown(wait=False)

    def _close_session(self) -> None:
        # Looked at in the worker thread: a login that took too long may have opened it in the meantime.
        if self._session is not None:
            self._session.close()

    async def _log_in(self) -> Session | None:
        """Return the session, None where the login was refused."""
        if await self._channel.starts_with_tls():
            if self._endpoint.strict_tls is None:
                raise ProtocolError("A client asks for TLS, for which this server has no certificate.")
            await self._channel.start_tls(self._endpoint.strict_tls)
            prelogin = await self._receive_prelogin()
            await self._channel.send(one_message(MessageType.REPLY, prelogin.reply(Encryption.LOGIN_ONLY)))
            return await self._open_session(prelogin, await self._receive_login())
        prelogin = await self._receive_prelogin()
        tls = self._endpoint.wrapped_tls
        encryption = prelogin.agree(
            has_certificate=tls is not None, require_encryption=self._endpoint.require_encryption
        )
        await self._channel.send(one_message(MessageType.REPLY, prelogin.reply(encryption)))
        if tls is None or encryption is Encryption.NOT_SUPPORTED:
            return await self._open_session(prelogin, await self._receive_login())
        await self._channel.start_wrapped_tls(tls)
        message = await self._receive_login()
        if encryption is Encryption.LOGIN_ONLY:
            self._channel.stop_tls()
        return await self._open_session(prelogin, message)

    def _drop_link(self, loop: asyncio.AbstractEventLoop) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._channel.abort)

    async def _receive_prelogin(self) -> Prelogin:
        return Prelogin((await self._receive(MessageType.PRELOGIN)).payload)

    async def _receive_login(self) -> Message:
        return await self._receive(MessageType.LOGIN)

    async def _receive(self, expected: MessageType) -> Message:
        message = await self._channel.receive()
        if message.type != expected:
            raise ProtocolError(f"A message of type {message.type} arrived where {expected.name} was to come.")
        return message

    async def _open_session(self, prelogin: Prelogin, message: Message) -> Session | None:
        request = login.read_login(message.payload, has_nonce=prelogin.has_nonce)

        def open_session() -> Session:
            self._session = self._endpoint.login(request.request)
            return self._session

        try:
            session = await self._work(open_session)
        except Exception as error:
            await self._refuse(as_pool_error(error))
            return None
        loop = asyncio.get_running_loop()
        session.attach(lambda: self._drop_link(loop))
        reply = login.login_reply(request, session)
        await self._channel.send(one_message(MessageType.REPLY, reply, spid=session.spid))
        self._packet_size = request.packet_size
        return session

    async def _refuse(self, error: PoolError) -> None:
        log.info("A login was refused with error %d.", error.number)
        answer = tokens.error(error)
        if error.number == _UNKNOWN_DATABASE:
            answer += tokens.error(PoolError(18456, "Login failed.", severity=14))
        answer += tokens.done(tokens.DONE, tokens.ERROR)
        await self._channel.send(one_message(MessageType.REPLY, answer))
        await self._channel.close()

    async def _serve(self, requests: Requests) -> None:
        """Answer requests, and read on while one runs: what arrives then is an attention, or the end."""
        message = await self._channel.receive()
        while True:
            following = asyncio.create_task(self._channel.receive())
            try:
                if message.type == MessageType.ATTENTION:
                    await self._acknowledge_attention()
                else:
                    await self._answer(requests, message, following)
                if requests.is_broken:
                    await self._channel.close()
                    return
                message = await following
            finally:
                await _stop(following)

    async def _answer(self, requests: Requests, message: Message, following: asyncio.Task[Message]) -> None:
        """Answer one request; an attention or the end of the connection that arrives meanwhile stops it."""
        cancelled = threading.Event()
        answer = asyncio.create_task(self._stream(requests, message, cancelled))
        try:
            both: set[asyncio.Task[Any]] = {answer, following}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            while following.done() and not answer.done() and following.result().type == MessageType.ATTENTION:
                cancelled.set()
                requests.session.cancel()
                await asyncio.wait({answer}, timeout=_CANCEL_INTERVAL)
            await answer
        finally:
            cancelled.set()
            await _stop(answer)

    async def _stream(self, requests: Requests, message: Message, cancelled: threading.Event) -> None:
        """Send the reply while its next part is made: two parts at most are in memory."""
        writer = PacketWriter(MessageType.REPLY, self._packet_size, requests.session.spid)
        parts = requests.answer(message, cancelled)
        try:
            upcoming = self._work(lambda: next(parts, None))
            while (part := await upcoming) is not None:
                upcoming = self._work(lambda: next(parts, None))
                if packets := writer.write(part):
                    await self._channel.send(packets)
            await self._channel.send(writer.finish())
        finally:
            self._work(parts.close)

    async def _acknowledge_attention(self) -> None:
        answer = tokens.done(tokens.DONE, tokens.ATTENTION)
        await self._channel.send(one_message(MessageType.REPLY, answer))

    def _work(self, function: Callable[[], _Result]) -> asyncio.Future[_Result]:
        self._job = job = asyncio.get_running_loop().run_in_executor(self._worker, function)
        return job


async def _stop(task: asyncio.Task[Any]) -> None:
    """End a task whose result nobody needs."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # looked at, so that asyncio does not report it
